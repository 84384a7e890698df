"""The command that trains a model, as thin as the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import AsJson, Quiet, Threads

_GOES_ON = ("out", "resume", "no_merge", "bench", "threads", "as_json", "quiet")
"""Options that go with --resume; what is trained, and how, stands in the folder."""


def finetune(
    context: typer.Context,
    base: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="The model to begin with, as transformers save it."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="Pairs of 'export', or a folder with train.jsonl (and validation.jsonl) or "
            "pairs.jsonl.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the training, a new one.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="The most memory to take, such as 24GB; default all there is."
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="lora (an adapter), qlora (the same over 4-bit weights; needs a GPU) or full.",
        ),
    ] = "lora",
    epochs: Annotated[float, typer.Option(help="Times that each example is seen.")] = 3.0,
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="Updates of the weights, in place of --epochs.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the adapter and the order.")] = 0,
    learning_rate: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="The highest; default 2e-4, and 2e-5 for full."),
    ] = None,
    rank: Annotated[int, typer.Option(metavar="N", help="Inner width of the adapter.")] = 16,
    per_step: Annotated[
        int, typer.Option(metavar="N", help="Examples between two updates of the weights.")
    ] = 16,
    sequence: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Tokens of an example, at most; longer ones are left out. Default what fits.",
        ),
    ] = None,
    keep_every: Annotated[
        int | None,
        typer.Option(metavar="N", help="Steps between checkpoints; default a tenth, at most 50."),
    ] = None,
    cpu: Annotated[bool, typer.Option("--cpu", help="Leave a GPU alone.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in --out.")
    ] = False,
    no_merge: Annotated[
        bool, typer.Option("--no-merge", help="Leave the adapter beside the model.")
    ] = False,
    bench: Annotated[
        str | None,
        typer.Option(
            metavar="SUITE", help="Optimize this suite with the model before and after, too."
        ),
    ] = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train an open model on verified pairs, within a cap on memory.

    It learns to answer the coder's own prompt with the faster version. What does not fit is refused
    before anything is loaded. After an interruption --resume goes on from the last checkpoint. The folder
    has the model, its card, the log of every step, and a plot.

    \b
    Examples:
      parallel-agent finetune --base model/ --data pairs.jsonl --out tuned --memory 24GB
      parallel-agent finetune --out tuned --resume
      parallel-agent finetune --base model/ --data data/ --out tuned --method full --bench bundled
    """
    from parallel_agent.settings import SettingsError
    from parallel_agent.training.finetuning.closing import show_result
    from parallel_agent.training.finetuning.progress import viewing
    from parallel_agent.training.finetuning.run import finetune as run
    from parallel_agent.training.finetuning.settings import read_settings

    if out is None or (not resume and (base is None or data is None)):
        raise SettingsError(
            "finetune takes --base, --data and --out, or --out and --resume",
            "See: parallel-agent finetune --help",
        )
    if resume:
        _refuse_more(context)
    asked = None if resume else read_settings(
        base=base, data=str(data), method=method, memory=memory, epochs=epochs, steps=steps, seed=seed,
        learning_rate=learning_rate, rank=rank, per_step=per_step, sequence=sequence,
        keep_every=keep_every, device="cpu" if cpu else "auto",
    )  # fmt: skip
    suite = None
    if bench is not None:
        from parallel_agent.training.finetuning.before_after import Suite

        suite = Suite(bench, threads=threads, quiet=quiet)
    with viewing(quiet=quiet) as view:
        result = run(asked, out, view, merge=not no_merge, bench=suite)
    show_result(result, out, as_json=as_json, quiet=quiet)


def _refuse_more(context: typer.Context) -> None:
    """SettingsError for options that do not go with --resume."""
    from parallel_agent.settings import SettingsError

    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        given = source is not None and source.name == "COMMANDLINE"
        if given and parameter.name not in _GOES_ON:
            raise SettingsError(
                f"{parameter.opts[0]} does not go with --resume: it stands in the folder",
                "Leave it out, or begin anew in another --out",
            )
