"""``models`` with its subcommand ``fit``: which models fit into an amount of memory."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from parallel_agent import money_commands
from parallel_agent.options import AsJson

models = typer.Typer(rich_markup_mode=None)
models.callback(invoke_without_command=True)(money_commands.models)


@models.command()
def fit(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Folders with a config.json, .gguf files, or names from the built-in table; "
            "default the whole table.",
            show_default=False,
        ),
    ] = None,
    memory: Annotated[
        str,
        typer.Option(
            "--memory",
            metavar="AMOUNT",
            help="Memory that there is: 24GB (10^9) or 22.5GiB (2^30).",
        ),
    ] = "24GB",
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="NAME",
            help="Of the weights when serving: fp32, bf16, int8, nf4, q8_0, q6_k, q5_k_m or q4_k_m; "
            "default the best that fits.",
        ),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(
            "--context", metavar="TOKENS", help="Of each slot; default as many as fit, up to 32768."
        ),
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(
            "--slots",
            metavar="N",
            help="Requests at the same time; default as many as fit, up to 16.",
        ),
    ] = None,
    sequence: Annotated[
        int | None,
        typer.Option(
            "--sequence", metavar="TOKENS", help="Of a training example; default up to 8192."
        ),
    ] = None,
    device: Annotated[
        Literal["gpu", "cpu"], typer.Option("--device", help="Where it is served and trained.")
    ] = "gpu",
    as_json: AsJson = False,
) -> int:
    """Say which models fit into memory, to be served and to be trained, and how much room is left.

    Nothing is loaded or downloaded: a config or the header of a file is enough. The exit status is 4
    if a model that was given cannot be served.

    \b
    Examples:
      parallel-agent models fit --memory 24GB
      parallel-agent models fit --memory 24GB ~/models/coder-7b --context 16384 --slots 4
    """
    from parallel_agent.report.fitting import fit_models, show_fits

    rows = fit_models(
        given or (), memory, precision=precision, context=context, slots=slots,
        sequence=sequence, device=device,
    )  # fmt: skip
    show_fits(rows, memory, known=not given, as_json=as_json)
    return 4 if given and not all(row.served for row in rows) else 0
