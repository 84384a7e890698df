"""The commands for money and models, as thin as the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import AsJson, Memory, Model, Price, Server


def ledger(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or suite.")],
    as_json: AsJson = False,
) -> int:
    """Show what a run spent, by scope, model and node, and whether the cap was kept.

    Every entry is listed, and every sum is computed from the entries anew. The exit status is 1
    if the cap was not kept.
    """
    from parallel_agent.report.account import audit_of, show_audit

    audit = audit_of(run)
    show_audit(audit, as_json=as_json)
    return 0 if audit.ok else 1


def models(
    model: Model = None,
    price: Price = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="USD",
            help="The most that --test may spend, in US dollars; default 0.01. Never exceeded.",
        ),
    ] = None,
    memory: Memory = None,
    server: Server = None,
    test: Annotated[
        bool, typer.Option("--test", help="Ask each model for one word, and show what it took.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="RUN",
            help="Print the answers that a run paid for instead, as a file for replay:FILE.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List the models of --model with their prices; without any, what models can be given.

    The exit status is 1 if a model that was tested did not answer.

    \b
    Examples:
      parallel-agent models
      parallel-agent models --model openai:NAME --test
      parallel-agent models --model local:FOLDER --memory 24GB --test
      parallel-agent models --record RUN > answers.jsonl
    """
    from parallel_agent.report.models import list_models, show_models, show_recording, try_models
    from parallel_agent.settings import load_settings

    if record is not None:
        show_recording(record)
        return 0
    given = load_settings(
        model=model or None, price=price or None, budget=budget,
        memory=memory, server=server,
    )  # fmt: skip
    listed = list_models(given)
    if test:
        listed = try_models(listed, given, lambda text: typer.echo(text, err=True))
    show_models(listed, as_json=as_json)
    return 1 if any(item.failed for item in listed) else 0
