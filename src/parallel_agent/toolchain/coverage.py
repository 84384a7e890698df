"""Branch coverage of a kernel, measured by gcov on a build of its own.

The build has no sanitizers: their checks of divisions and shifts are branches to gcov. Counts are
written when the program ends, so every measurement is one process from start to end.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.adapter import ADAPTER_FILE, KERNEL_FILE, prelude
from parallel_agent.toolchain.compiler import Compilation, Compiler
from parallel_agent.toolchain.memory import Payload
from parallel_agent.toolchain.runner import Worker
from parallel_agent.toolchain.sandbox import Limits

PROGRAM = "coverage"
COVERAGE_FLAGS = ("-O0", "--coverage")
"""After the user's own flags. Without optimization a branch in the source is one in the program."""
_GXX = re.compile(r"g\+\+|gcc")
_LIMITS = Limits(wall_seconds=20.0, cpu_seconds=20, output_bytes=64 << 20)

Place = tuple[int, str, int]
"""A line of the kernel's file, the function it belongs to (mangled), and which of its arcs: a
branch from 0 on, or -1 for the line itself."""


Counts = dict[Place, int]
"""How often every line and branch of the kernel's file was taken."""


def gcov_of(compiler: Compiler) -> str | None:
    """The path of the gcov that belongs to g++, by its name: ``g++-13`` has ``gcov-13``.

    None where there is none, and for other compilers, whose counts gcov cannot read.
    """
    path = Path(compiler.cxx)
    if "clang" in path.name or not _GXX.search(path.name):
        return None
    name = _GXX.sub("gcov", path.name)
    beside = path.with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def build_coverage(compiler: Compiler, sources: Mapping[str, str], directory: Path) -> Compilation:
    """Build a worker that counts its branches; its notes for gcov lie beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    return compiler.compile(
        sources,
        directory=directory,
        output=PROGRAM,
        extra_flags=COVERAGE_FLAGS,
        prelude=prelude(sources.get(KERNEL_FILE, "")),
    )


def measure(binary: Path, gcov: str, payloads: Iterable[Payload], limits: Limits) -> Counts | None:
    """What a number of calls reach, taken together; None where gcov cannot tell.

    Raises WorkerError where a call fails.
    """
    directory = binary.parent
    data = directory / f"{PROGRAM}-{Path(ADAPTER_FILE).stem}.gcda"
    data.unlink(missing_ok=True)
    # The counts go beside the binary, wherever it was compiled.
    env = {"GCOV_PREFIX": str(directory.absolute()), "GCOV_PREFIX_STRIP": "99"}
    with Worker(
        binary, threads=1, limits=limits, directory=directory, env=env, writable=True
    ) as worker:
        for payload in payloads:
            worker.prepare(payload)
            worker.go()
        worker.finish()
    if not data.exists():
        return None
    done = sandbox.run(
        [gcov, "--branch-probabilities", "--json-format", "--stdout", data.name],
        cwd=directory,
        limits=_LIMITS,
    )
    return parse_counts(done.stdout) if done.ok else None


def parse_counts(text: str) -> Counts | None:
    """The counts of the kernel's file in the JSON that gcov prints; None if it is not that.

    Branches that only exceptions take are left out, with their opposites.
    """
    try:
        files = json.loads(text.strip().splitlines()[0])["files"]
    except (ValueError, KeyError, IndexError):
        return None
    taken: Counts = {}
    for file in files:
        if Path(file["file"]).name != KERNEL_FILE:
            continue
        for line in file["lines"]:
            number, function = int(line["line_number"]), str(line.get("function_name", ""))
            places = [-1, *range(len(counts := _branches(line["branches"])))]
            for place, count in zip(places, [int(line["count"]), *counts], strict=True):
                key = (number, function, place)
                taken[key] = taken.get(key, 0) + count
    return taken


def _branches(branches: Sequence[Mapping[str, Any]]) -> list[int]:
    """The counts of the branches that the source has.

    A call that may throw is a pair for gcov: to the next statement, and to the handler.
    """
    kept: list[int] = []
    for branch in branches:
        if branch["throw"]:
            kept = kept[:-1]
        else:
            kept.append(int(branch["count"]))
    return kept
