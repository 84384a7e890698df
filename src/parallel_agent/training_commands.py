"""The command group ``data``: verified pairs generated, divided, described, and held against suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import AsJson, Cxx, CxxFlags, NoSandbox, Quiet, Seed, Threads

data = typer.Typer(
    help="Training data: verified pairs without a model, their splits, their card, near-duplicates.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder of a data set.")]


@data.command()
def generate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the data set.")],
    count: Annotated[
        int, typer.Option(min=1, metavar="N", help="Pairs that the folder is to have.")
    ],
    seed: Seed = None,
    max_time: Annotated[
        str,
        typer.Option(metavar="TIME", help="Begin no kernel after it: 90s, 45m, 2h. Default: none."),
    ] = "",
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SUITE",
            help="Draw no near-duplicates of its kernels; what 'data check' takes; repeatable.",
        ),
    ] = None,
    per_kernel: Annotated[
        int, typer.Option(min=1, max=8, metavar="N", help="Answers of one kernel, at most.")
    ] = 3,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            metavar="N",
            help="Kernels at work at once; default one a core. Timings wait for one another.",
        ),
    ] = None,
    threads: Threads = None,
    cxx: Cxx = None,
    cxxflags: CxxFlags = None,
    no_sandbox: NoSandbox = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make verified (slow, fast) pairs without a model: kernels drawn, solved by rules, put to all gates.

    The same seed draws the same kernels. A folder that was begun goes on where it was, also after a kill.

    \b
    Examples:
      parallel-agent data generate pairs --count 2000 --exclude bundled --max-time 2h
    """  # fmt: skip
    from parallel_agent.settings import load_settings
    from parallel_agent.training.data.corpus import near_suites
    from parallel_agent.training.data.generating import Asked, generate
    from parallel_agent.training.data.telling import show_made, teller

    given = load_settings(
        seed=seed, threads=threads, cxx=cxx, cxxflags=cxxflags, no_sandbox=no_sandbox,
    )  # fmt: skip
    asked = Asked(
        count=count,
        seed=given.seed,
        per_kernel=per_kernel,
        jobs=jobs or given.thread_count,
        max_seconds=_seconds(max_time),
        exclude=tuple(exclude or ()),
    )
    near = near_suites(asked.exclude)
    with teller(quiet=quiet) as listener:
        made = generate(folder, asked, given, near, listener)
    show_made(folder, made, as_json=as_json, quiet=quiet)


@data.command()
def split(
    folder: Data,
    validation: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the families to validate with.")
    ] = 0.1,
    test: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the families to test with.")
    ] = 0.1,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Divide the pairs by family into train, validation and test: nothing leaks from one to another.

    \b
    Examples:
      parallel-agent data split pairs --test 0.2
    """
    from parallel_agent.settings import load_settings
    from parallel_agent.training.data.splitting import Shares
    from parallel_agent.training.data.splitting import split as divide
    from parallel_agent.training.data.telling import show_split

    shares = Shares(validation=validation, test=test)
    show_split(divide(folder, load_settings(seed=seed).seed, shares), as_json=as_json)


@data.command()
def card(folder: Data, as_json: AsJson = False) -> None:
    """Write the data card, README.md: what is in the set, how it was made, where its limits are.

    \b
    Examples:
      parallel-agent data card pairs
    """
    from parallel_agent.training.data.card import write_card
    from parallel_agent.training.data.telling import show_card

    show_card(write_card(folder), as_json=as_json)


@data.command()
def check(
    folder: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder of a data set, or a file of pairs.")
    ],
    against: Annotated[
        list[str],
        typer.Option(
            metavar="SUITE",
            help="What 'bench' takes, a C++ file, or a JSON list of sources; repeatable.",
        ),
    ],
    as_json: AsJson = False,
) -> int:
    """Look for near-duplicates of a suite's kernels; the exit status is 1 if there are any.

    \b
    Examples:
      parallel-agent data check pairs --against bundled
      parallel-agent data check pairs --against llm4pp:CHECKOUT --against more.json
    """
    from parallel_agent.training.data.checking import check as look
    from parallel_agent.training.data.telling import show_check

    found = look(folder, against)
    show_check(found, as_json=as_json)
    return int(bool(found.near))


def _seconds(text: str | None) -> float:
    """Of ``--max-time``; infinite where it is not given."""
    from parallel_agent.settings import SettingsError, parse_seconds

    try:
        return parse_seconds(text) if text else float("inf")
    except ValueError as error:
        raise SettingsError(f"max_time: {error}") from None
