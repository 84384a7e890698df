"""The commands for suites and for what runs leave behind, as thin as the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import (
    Answers,
    AsJson,
    Branches,
    Budget,
    Cxx,
    CxxFlags,
    Effort,
    MaxOutputTokens,
    MaxTime,
    MaxTokensTotal,
    Memory,
    Model,
    NoSandbox,
    Out,
    Policy,
    Price,
    Quiet,
    RaceCheck,
    Seed,
    Server,
    Threads,
)

BENCH_HELP = "See: parallel-agent bench --help"


def bench(
    context: typer.Context,
    suite: Annotated[
        str | None,
        typer.Argument(
            metavar="SUITE",
            help="bundled, llm4pp:CHECKOUT, polybench:TREE, or a folder of C++ files with a kernel "
            "each.",
        ),
    ] = None,
    out: Out = None,
    threads: Threads = None,
    seed: Seed = None,
    effort: Effort = None,
    model: Model = None,
    price: Price = None,
    budget: Budget = None,
    max_tokens_total: MaxTokensTotal = None,
    max_time: MaxTime = None,
    policy: Policy = None,
    branches: Branches = None,
    answers: Answers = None,
    max_output_tokens: MaxOutputTokens = None,
    memory: Memory = None,
    server: Server = None,
    cxx: Cxx = None,
    cxxflags: CxxFlags = None,
    require_race_check: RaceCheck = None,
    no_sandbox: NoSandbox = None,
    jobs: Annotated[
        int,
        typer.Option(min=1, max=64, help="Kernels at work at once; timings wait for one another."),
    ] = 1,
    judge: Annotated[
        str,
        typer.Option(
            metavar="WHO",
            help="With llm4pp: 'toolkit' has the contest's driver build, check and time every answer "
            "too, and shows its verdict beside ours; default 'own', ours alone.",
        ),
    ] = "own",
    toolkit_sizes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For its driver, in place of problem-sizes.json."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the score against dollars."),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A B", help="Two folders of a suite: show what moved beyond noise."),
    ] = None,
    rejudge: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Check and time the stored answers of a suite again."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Optimize every kernel of a suite under one cap, and show the score.

    With --out set to the folder of a suite that was interrupted, it goes on where it stopped. With
    --compare or --rejudge nothing is optimized; then the exit status is 1 where a kernel got worse.

    \b
    Examples:
      parallel-agent bench bundled --threads 4
      parallel-agent bench kernels/ --out monday --model openai:NAME --budget 1
      parallel-agent bench --compare monday tuesday
    """
    from parallel_agent.settings import SettingsError, load_settings

    if sum(asked is not None for asked in (suite, compare, rejudge)) != 1:
        raise SettingsError(
            "bench takes a SUITE, or --compare A B, or --rejudge FOLDER", BENCH_HELP
        )
    if suite is None:
        _refuse_more(context)
    if compare is not None:
        return _compare(*compare, as_json=as_json, quiet=quiet)
    if rejudge is not None:
        return _rejudge(rejudge, as_json=as_json, quiet=quiet)
    assert suite is not None
    given = load_settings(
        out=out, threads=threads, seed=seed, effort=effort, model=model or None,
        price=price or None, budget=budget, policy=policy, branches=branches, answers=answers,
        max_output_tokens=max_output_tokens, max_tokens_total=max_tokens_total, max_time=max_time,
        memory=memory, server=server, cxx=cxx, cxxflags=cxxflags,
        require_race_check=require_race_check, no_sandbox=no_sandbox,
    )  # fmt: skip
    from parallel_agent.agent.paying import cap_of
    from parallel_agent.report.console import progress
    from parallel_agent.suites.console import show_suite
    from parallel_agent.suites.judging import judge_by_toolkit, judge_named
    from parallel_agent.suites.pictures import check_picture, draw_curve
    from parallel_agent.suites.runner import run_suite

    if plot is not None:
        check_picture(plot)
    toolkit = judge_named(judge, suite, toolkit_sizes)
    with progress(quiet=quiet, cap=cap_of(given)) as listener:
        result = run_suite(suite, given, lambda kernel, event: listener(event, kernel), jobs=jobs)
        if toolkit is not None:
            result = judge_by_toolkit(
                result, toolkit, toolkit_sizes, lambda kernel, event: listener(event, kernel)
            )
    if plot is not None:
        draw_curve(result, plot)
    show_suite(result, as_json=as_json, quiet=quiet)
    return 0


def export(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Folders of runs or suites; for what the trl library reads also files of pairs.",
        ),
    ],
    output_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="jsonl: verified pairs, with all that is known of them. As the trl library reads "
            "them: sft, prompt and answer; dpo, a better answer and a worse one; kto, answers good or "
            "bad; grpo, prompts with what a reward needs.",
        ),
    ] = "jsonl",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Default: stdout.")] = None,
    licence: Annotated[
        str,
        typer.Option(metavar="SPDX", help="Licence of sources of which none is known."),
    ] = "",
    per_kernel: Annotated[
        int | None,
        typer.Option(
            "--per-kernel",
            min=1,
            metavar="N",
            help="With dpo and kto: lines of one kernel at most; default 32.",
        ),
    ] = None,
) -> None:
    """Write what runs have verified, for training: a JSON object a line.

    Versions of a kernel that differ only in comments and white space count once.

    \b
    Examples:
      parallel-agent export monday --out pairs.jsonl
      parallel-agent export monday tuesday --format dpo --out preferences.jsonl
      parallel-agent export pairs.jsonl --format sft --out answers.jsonl
    """
    import sys

    from parallel_agent.settings import SettingsError
    from parallel_agent.suites.outputs import check_writable
    from parallel_agent.training.exporting import FORMATS, exported

    if output_format not in FORMATS:
        known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise SettingsError(f"--format: '{output_format}' is not known", f"Give {known}")
    if per_kernel is not None and output_format not in ("dpo", "kto"):
        raise SettingsError("--per-kernel goes with --format dpo or kto", "Leave it out")
    files = [run for run in runs if run.is_file()]
    if output_format == "jsonl" and files:
        raise SettingsError(
            f"{files[0]} is a file, and jsonl is for runs", "Give --format sft, dpo, kto or grpo"
        )
    if out is not None:
        check_writable(out, "--out")
    made = exported(output_format, runs, licence, per_kernel)
    if out is None:
        sys.stdout.writelines(made.lines)
    else:
        out.write_text("".join(made.lines), encoding="utf-8")
    typer.echo(made.summary, err=True)


def _refuse_more(context: typer.Context) -> None:
    """SettingsError for options that only go with a SUITE."""
    from parallel_agent.settings import SettingsError

    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        given = source is not None and source.name == "COMMANDLINE"
        if given and parameter.name not in ("compare", "rejudge", "as_json", "quiet"):
            raise SettingsError(
                f"{parameter.opts[0]} goes with a SUITE, not with --compare or --rejudge",
                BENCH_HELP,
            )


def _compare(before: Path, after: Path, *, as_json: bool, quiet: bool) -> int:
    from parallel_agent.agent.run_folder import RunFolder
    from parallel_agent.suites.compare import compare
    from parallel_agent.suites.console import show_comparison
    from parallel_agent.suites.environment import differences
    from parallel_agent.suites.stored import read_result

    results = read_result(before), read_result(after)
    found = compare(*results, notes=differences(RunFolder(before), RunFolder(after)))
    show_comparison(found, as_json=as_json, quiet=quiet)
    return int(bool(found.worse))


def _rejudge(root: Path, *, as_json: bool, quiet: bool) -> int:
    from parallel_agent.report.console import progress
    from parallel_agent.suites.compare import compare
    from parallel_agent.suites.console import show_comparison, show_suite
    from parallel_agent.suites.rejudge import rejudge

    with progress(quiet=quiet) as listener:
        before, after = rejudge(root, lambda kernel, event: listener(event, kernel))
    found = compare(before, after)
    show_suite(after, as_json=as_json, quiet=quiet)
    show_comparison(found, as_json=False, quiet=quiet or as_json)
    return int(bool(found.worse))
