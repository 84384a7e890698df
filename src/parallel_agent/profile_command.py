"""The command that measures, as thin as the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import (
    AsJson,
    ContractFile,
    Cxx,
    CxxFlags,
    Effort,
    KernelName,
    NoSandbox,
    Out,
    Quiet,
    Seed,
    Size,
    Threads,
)


def profile(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="C++ source with the kernel.")],
    candidate: Annotated[
        Path | None,
        typer.Argument(metavar="[CANDIDATE]", help="C++ file with another version of it."),
    ] = None,
    out: Out = None,
    kernel: KernelName = None,
    contract: ContractFile = None,
    threads: Threads = None,
    size: Size = None,
    seed: Seed = None,
    effort: Effort = None,
    cxx: Cxx = None,
    cxxflags: CxxFlags = None,
    no_sandbox: NoSandbox = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Measure a kernel, alone or beside a candidate: by size, by thread, against the machine's bounds.

    It says which loops the compiler vectorized, and why it did not vectorize others. A candidate's
    answers are compared wherever they are timed; the exit status is 1 where they differ.

    \b
    Examples:
      parallel-agent profile kernel.cpp
      parallel-agent profile kernel.cpp candidate.cpp --threads 8 --size n=1000000
    """
    from parallel_agent.settings import load_settings

    given = load_settings(
        out=out, kernel=kernel, contract=contract, threads=threads, size=size or None, seed=seed,
        effort=effort, cxx=cxx, cxxflags=cxxflags, no_sandbox=no_sandbox,
    )  # fmt: skip
    from parallel_agent.agent.profile import profile as run
    from parallel_agent.report.console import progress
    from parallel_agent.report.profile import show_profile

    with progress(quiet=quiet) as listener:
        found = run(file, candidate, given=given, listener=listener)
    show_profile(found, as_json=as_json, quiet=quiet)
    return 1 if found.failure else 0
