"""What a compiler reads or builds again and again, made once and kept in the cache folder.

The compiler runs in the sandbox, as always, and nothing but installed headers and our own text goes
in. What is kept is shown to the sandbox read-only.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from parallel_agent.cache import PRECOMPILED
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.sandbox import Limits

_HEADER, _DEPENDENCIES = "prelude.hpp", "made.d"
_FOR_LINKING = re.compile(r"-l.*|-L.*|-Wl,.*|-static.*|-shared|-s")


def precompiled(cxx: str, flags: Sequence[str], text: str, limits: Limits) -> Path | None:
    """A header of this text that ``-include`` reads at once; None where there is none (yet).

    g++ and clang++ alike take the precompiled file beside it, if it fits the flags.
    """
    argv = ("-x", "c++-header", _HEADER, "-o", f"{_HEADER}.gch")
    return _kept(cxx, flags, text, limits, _HEADER, argv)


def compiled(cxx: str, flags: Sequence[str], text: str, limits: Limits, file: str) -> Path | None:
    """The object file of a source ``file`` of our own; None where there is none (yet)."""
    output = f"{Path(file).stem}.o"
    folder = _kept(cxx, flags, text, limits, file, ("-c", file, "-o", output))
    return None if folder is None else folder.with_name(output)


def give_up(cxx: str, flags: Sequence[str], text: str) -> None:
    """Use this header no more in this process: with it, a compilation failed that works without."""
    PRECOMPILED.give_up(_key(cxx, _kept_flags(flags), text))


def _kept(
    cxx: str, flags: Sequence[str], text: str, limits: Limits, file: str, argv: Sequence[str]
) -> Path | None:
    chosen = _kept_flags(flags)
    command = (cxx, *chosen, *argv, "-MD", "-MF", _DEPENDENCIES)
    make = functools.partial(_make, command, text, file, limits)
    folder = PRECOMPILED.get(_key(cxx, chosen, text), make)
    return None if folder is None else folder / file


def _kept_flags(flags: Sequence[str]) -> list[str]:
    return [flag for flag in flags if not _FOR_LINKING.fullmatch(flag)]


def _key(cxx: str, flags: Sequence[str], text: str) -> str:
    return json.dumps([os.path.realpath(cxx), *flags, text])


def _make(
    command: Sequence[str], text: str, file: str, limits: Limits, folder: Path
) -> Collection[Path] | None:
    (folder / file).write_text(text, encoding="utf-8")
    if not sandbox.run(command, cwd=folder, limits=limits).ok:
        return None
    rule = (folder / _DEPENDENCIES).read_text(encoding="utf-8").replace("\\\n", " ")
    read = rule.partition(":")[2].split()
    return [Path(command[0]).resolve(), *(folder / name for name in read)]
