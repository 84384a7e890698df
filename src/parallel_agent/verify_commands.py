"""The commands about one function's correctness: `verify`, and `contract`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parallel_agent.options import (
    AsJson,
    ContractFile,
    Cxx,
    CxxFlags,
    KernelName,
    NoSandbox,
    Out,
    Quiet,
    RaceCheck,
    Seed,
    Size,
    Threads,
)


def verify(
    original: Annotated[Path, typer.Argument(metavar="ORIGINAL", help="C++ file with the kernel.")],
    candidate: Annotated[
        Path, typer.Argument(metavar="CANDIDATE", help="C++ file with another version of it.")
    ],
    out: Out = None,
    kernel: KernelName = None,
    contract: ContractFile = None,
    threads: Threads = None,
    size: Size = None,
    seed: Seed = None,
    cxx: Cxx = None,
    cxxflags: CxxFlags = None,
    require_race_check: RaceCheck = None,
    no_sandbox: NoSandbox = None,
    replay_file: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            metavar="FILE",
            help="Run only what is in FILE, the replay.json of a rejection, and show it: inputs, "
            "what was expected and what came.",
        ),
    ] = None,
    arguments: Annotated[
        str,
        typer.Option("--args", metavar="WORDS", help="For programs with a main: their arguments."),
    ] = "",
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="For programs with a main: their standard input; repeatable, each is a case. "
            "Default: generated for a program that reads any.",
        ),
    ] = None,
    timed: Annotated[
        bool, typer.Option("--time", help="For programs with a main: time an accepted one too.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Say whether a candidate, written by anyone or anything, can take the place of the original.

    It must pass every gate; the exit status is 1 if it does not. An original with a main is taken
    as a whole program, unless --kernel names a function of it.

    \b
    Examples:
      parallel-agent verify original.cpp candidate.cpp
      parallel-agent verify original.cpp candidate.cpp --replay RUN/replay.json
    """
    from parallel_agent.settings import load_settings

    given = load_settings(
        out=out, kernel=kernel, contract=contract, threads=threads, size=size or None, seed=seed,
        cxx=cxx, cxxflags=cxxflags, require_race_check=require_race_check, no_sandbox=no_sandbox,
    )  # fmt: skip
    from parallel_agent.agent.program_replaying import replay_program
    from parallel_agent.agent.program_verify import is_program, verify_program
    from parallel_agent.agent.replaying import replay
    from parallel_agent.agent.verify import verify as run
    from parallel_agent.report.verdict import gate_progress, show_replaying, show_verification

    if replay_file is not None:
        program = is_program(original, given, asked=False)
        again = replay_program if program else replay
        replayed = again(original, candidate, replay_file, given=given)
        show_replaying(replayed, as_json=as_json)
        return 0 if replayed.accepted else 1
    with gate_progress(quiet=quiet) as listener:
        found = (
            verify_program(original, candidate, arguments=arguments, inputs=inputs or (),
                           timed=timed, given=given, listener=listener)
            if is_program(original, given, asked=bool(arguments or inputs or timed))
            else run(original, candidate, given=given, listener=listener)
        )  # fmt: skip
    show_verification(found, as_json=as_json, quiet=quiet)
    return 0 if found.accepted else 1


def show_contract(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="C++ file with the kernel.")],
    kernel: KernelName = None,
    contract: ContractFile = None,
    seed: Seed = None,
    cxx: Cxx = None,
    cxxflags: CxxFlags = None,
    no_sandbox: NoSandbox = None,
    as_json: AsJson = False,
) -> None:
    """Find the contract of a kernel, the inputs that it accepts, and print it as TOML.

    With --contract that one is checked instead: the original must run clean under it. What it
    leaves out is found, and so is how far floating-point results may lie from the original's.

    \b
    Examples:
      parallel-agent contract kernel.cpp > kernel.toml
      parallel-agent contract kernel.cpp --contract kernel.toml
    """
    from parallel_agent.settings import load_settings

    given = load_settings(
        kernel=kernel, contract=contract, seed=seed, cxx=cxx, cxxflags=cxxflags,
        no_sandbox=no_sandbox,
    )  # fmt: skip
    from parallel_agent.agent.contract_of_file import contract_of
    from parallel_agent.agent.events import Event
    from parallel_agent.report.console import progress
    from parallel_agent.report.console import show_contract as show

    with progress() as listener:
        found = contract_of(file, given, lambda text: listener(Event(kind="stage", message=text)))
    show(found, as_json=as_json)
