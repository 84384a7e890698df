"""Parsing with libclang; the standard headers that sources begin with are parsed once and kept."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from clang import cindex

from parallel_agent.cache import PRECOMPILED
from parallel_agent.leading_includes import leading_includes

FILE_NAME = "kernel.hpp"
_HEADER, _PARSED = "prelude.hpp", "prelude.pch"
_SECONDS = 60.0
_NEWER = re.compile(r"-std=(c|gnu)\+\+2[3-9bcx]")
_standard, _folders = ["-std=c++20"], list[str]()
_PRECOMPILE = f"""
import sys
from clang import cindex
unit = cindex.Index.create().parse({_HEADER!r}, args=sys.argv[1:])
if any(found.severity >= cindex.Diagnostic.Fatal for found in unit.diagnostics):
    sys.exit(1)
unit.save({_PARSED!r})
print(*sorted({{included.include.name for included in unit.get_includes()}}), sep="\\n")
"""


def translation_unit(source: str) -> Any:
    """Parse a source text with libclang, without OpenMP (which would hide the loop bodies)."""
    prelude = prelude_arguments(source)
    if prelude:
        unit = _parse(source, prelude)
        if unit is not None and not _has_errors(unit):
            return unit
    plain = _parse(source, ())
    if plain is None:
        raise cindex.TranslationUnitLoadError("Error parsing translation unit.")
    if prelude and not _has_errors(plain):
        PRECOMPILED.give_up(_key(leading_includes(source)))
    return plain


def look_in(flags: Sequence[str]) -> None:
    """Have libclang find headers where a compiler with these flags does, and know its standard.

    For the whole process, and only ever more of it: what parses without them parses with them.
    """
    for flag in flags:
        if flag.startswith(("-I/", "-isystem/")) and flag not in _folders:
            _folders.append(flag)
        if _NEWER.fullmatch(flag):
            _standard[:] = ["-std=c++23"]


def parser_arguments() -> list[str]:
    """What libclang is told before it parses.

    Headers in which it finds errors may be kept as well: they would be the same every time. GCC's
    ``omp.h`` has attributes that it does not know, and all of its parallel mode includes that.
    """
    kept = ("-Xclang", "-fallow-pch-with-compiler-errors")
    return ["-x", "c++", *_standard, "-fno-openmp", *kept, *_folders, *_system_includes()]


def prelude_arguments(source: str) -> tuple[str, ...]:
    """What has libclang take the headers that a source begins with as they were parsed before.

    Nothing where they are not kept: then it reads them itself.
    """
    includes = leading_includes(source)
    if not includes:
        return ()
    kept = PRECOMPILED.get(_key(includes), functools.partial(_precompile, includes))
    return () if kept is None else ("-include-pch", str(kept / _PARSED))


def _parse(source: str, prelude: tuple[str, ...]) -> Any | None:
    # Declarations of the prelude are found where they are used, and not listed with the source's.
    index = cindex.Index.create(excludeDecls=bool(prelude))
    files, arguments = [(FILE_NAME, source)], [*parser_arguments(), *prelude]
    try:
        return index.parse(FILE_NAME, args=arguments, unsaved_files=files)
    except cindex.TranslationUnitLoadError:
        return None


def _has_errors(unit: Any) -> bool:
    return any(found.severity >= cindex.Diagnostic.Error for found in unit.diagnostics)


def _key(includes: tuple[str, ...]) -> str:
    return json.dumps(["libclang", _library(), parser_arguments(), includes])


def _library() -> str:
    return str(cindex.conf.get_filename())


def _precompile(includes: tuple[str, ...], folder: Path) -> Collection[Path] | None:
    """Parse the headers in a process of its own, which takes its memory with it."""
    text = "".join(f"#include <{name}>\n" for name in includes)
    (folder / _HEADER).write_text(text, encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _PRECOMPILE, *parser_arguments()],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    return [Path(_library()), *(folder / name for name in done.stdout.splitlines())]


@functools.cache
def _system_includes() -> tuple[str, ...]:
    """libclang's wheel has no headers of its own: it borrows the compiler's."""
    gxx = shutil.which("g++")
    if gxx is None:
        return ()
    answer = subprocess.run(
        [gxx, "-print-file-name=include"], capture_output=True, text=True, check=False
    )
    return ("-isystem", answer.stdout.strip())
