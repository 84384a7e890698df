"""The command that serves other agents: ``parallel-agent mcp``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import (
    Answers,
    Budget,
    Cxx,
    CxxFlags,
    MaxOutputTokens,
    MaxTime,
    MaxTokensTotal,
    Model,
    NoSandbox,
    Policy,
    Price,
    RaceCheck,
    Threads,
)


def serve_mcp(
    root: Annotated[
        Path,
        typer.Option(
            "--root",
            metavar="DIR",
            help="The folder whose files callers may name; default the working directory.",
        ),
    ] = Path(),
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of the account and the runs; the same again goes on with what was spent. "
            "Default a fresh one under .parallel-agent/runs/ in the root.",
        ),
    ] = None,
    threads: Threads = None,
    model: Model = None,
    price: Price = None,
    budget: Budget = None,
    max_tokens_total: MaxTokensTotal = None,
    max_time: MaxTime = None,
    policy: Policy = None,
    answers: Answers = None,
    max_output_tokens: MaxOutputTokens = None,
    cxx: Cxx = None,
    cxxflags: CxxFlags = None,
    require_race_check: RaceCheck = None,
    no_sandbox: NoSandbox = None,
) -> None:
    """Serve other agents over the Model Context Protocol, on standard input and output.

    Budget, tokens and models' time are for all calls together. Callers can neither raise them nor
    choose a model.
    """
    from parallel_agent.settings import load_settings

    given = load_settings(
        out=out, threads=threads, model=model or None, price=price or None, budget=budget,
        max_tokens_total=max_tokens_total, max_time=max_time,
        policy=policy, answers=answers, max_output_tokens=max_output_tokens, cxx=cxx,
        cxxflags=cxxflags, require_race_check=require_race_check, no_sandbox=no_sandbox,
    )  # fmt: skip
    from parallel_agent.extras import need

    need("mcp", "the SDK of the Model Context Protocol", "mcp")
    from parallel_agent.adapters.desk import Desk
    from parallel_agent.adapters.mcp_server import serve

    serve(Desk.open(given, root))
