"""Who is compared: compilers with their flags, and ours."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain.compiler import Compiler

REFERENCE = "reference"
"""The original as the user builds it, at other addresses than the one that all ratios are of: what
it gains on that one is noise."""
OURS = "ours"

_CLANG = ("clang++", *(f"clang++-{version}" for version in range(22, 13, -1)))
_POLLY = ("-mllvm", "-polly")
_PARALLEL = ("-mllvm", "-polly-parallel", "-lgomp")
_TRIVIAL = "#include <omp.h>\nint main() { return omp_get_max_threads() < 1; }\n"


@dataclass(frozen=True)
class Peer:
    """A compiler with its flags. It is given the original, or, for `OURS`, our answer."""

    name: str
    compiler: Compiler


@dataclass(frozen=True)
class Line:
    """Who takes part, and who does not with the reason."""

    peers: tuple[Peer, ...]
    missing: dict[str, str]


def line_up(reference: Compiler, threads: int, wanted: Sequence[str] = ()) -> Line:
    """All peers that are installed, ours last; only those named if any are.

    The flags are the reference's, and what makes the compiler parallelize comes after them. Raises
    LookupError for a name that is nobody's.
    """
    flags = reference.flags
    serial = tuple(flag for flag in flags if flag != "-fopenmp")
    clang = next((path for name in _CLANG if (path := shutil.which(name))), None)
    known: dict[str, tuple[str | None, tuple[str, ...]]] = {
        REFERENCE: (reference.cxx, flags),
        "autopar": (reference.cxx, (*flags, f"-ftree-parallelize-loops={threads}")),
        "clang": (clang, flags),
        "polly": (clang, (*flags, *_POLLY)),
        # Polly calls libgomp; with -fopenmp clang would link its own runtime too.
        "polly-parallel": (clang, (*serial, *_POLLY, *_PARALLEL)),
        OURS: (reference.cxx, flags),
    }
    if unknown := [name for name in wanted if name not in known]:
        raise LookupError(f"there is no peer '{unknown[0]}', only {', '.join(known)}")
    found: list[Peer] = []
    missing: dict[str, str] = {}
    for name, (cxx, given) in known.items():
        if wanted and name not in wanted:
            continue
        if cxx is None:
            missing[name] = "clang++ is not installed"
            continue
        compiler = Compiler(cxx, given)
        if problem := _refused(compiler):
            missing[name] = problem
        else:
            found.append(Peer(name, compiler))
    return Line(tuple(found), missing)


def _refused(compiler: Compiler) -> str:
    """Why the compiler does not build with its flags at all; empty if it does."""
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        built = compiler.compile({"one.cpp": _TRIVIAL}, directory=Path(scratch), output="one")
    return "" if built.ok else built.errors[0].message
