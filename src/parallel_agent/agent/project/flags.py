"""How the project compiles the kernel's file: its own flags, from its compilation database.

The database is the one of Clang's tools (compile_commands.json, JSON Compilation Database Format
Specification), which CMake writes where it is asked to. Without one the user's ``--cxxflags`` count.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parallel_agent.agent.project.flattening import HEADERS

DATABASE = "compile_commands.json"
ASKING = {"CMAKE_EXPORT_COMPILE_COMMANDS": "ON"}
"""Has CMake 3.17 and newer write the database, whatever the project says."""
_COMPILER = re.compile(r"(.*-)?(g\+\+|clang\+\+|c\+\+)(-\d+)?")
_FOLDERS = ("-isystem", "-iquote", "-idirafter", "-I")
_WITH_VALUE = (*_FOLDERS, "-include", "-D", "-U")
_KEPT = re.compile(r"-(std=|O|f|m|stdlib=|pthread|-sysroot=).*")
_LEFT = re.compile(
    r"-m(llvm|odules.*)|-f(no-)?(exceptions|rtti|lto|syntax-only|plugin|modules|deps-format|profile|sanitize|"
    r"diagnostics|color-diagnostics|coverage|whole-program|test-coverage|message-length|stack-usage|"
    r"dump|save-optimization|pch|time-report|visibility|PIC|PIE|pic|pie|file-prefix-map|"
    r"debug-prefix-map|macro-prefix-map).*"
)
"""Not for our own programs: the harness throws, and what is linked or written beside is not asked."""


@dataclass(frozen=True)
class BuiltWith:
    """The flags for a file. Folders and files of the tree are relative to it.

    ``flags`` are for our own builds: without what is about the tree, which is flattened. ``macros``
    are lines for the top of the flattened text, where the parser and the models see them, too.
    ``cxx`` is the project's compiler, empty where it is not known.
    """

    flags: tuple[str, ...]
    macros: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    cxx: str = ""

    @property
    def optimized(self) -> bool:
        """Whether the compiler is asked to optimize."""
        levels = [flag for flag in self.flags if flag.startswith("-O")]
        return bool(levels) and levels[-1] != "-O0"


def from_database(tree: Path, file: str) -> BuiltWith | None:
    """What the databases in a built tree say of a file; None where they say nothing.

    A header is compiled as a source of its name is, or else the one that lies nearest.
    """
    for database in sorted(tree.rglob(DATABASE)):
        try:
            entries = json.loads(database.read_text(encoding="utf-8"))
            found = _entry(entries, tree, file)
            if found is not None:
                words = found.get("arguments") or shlex.split(found["command"])
                return read_flags(words, Path(found["directory"]), tree)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not one that a tool of Clang's could read
    return None


def _entry(entries: Sequence[Any], tree: Path, file: str) -> Any | None:
    known = {_relative(Path(e["directory"], e["file"]), tree): e for e in reversed(entries)}
    if file in known:
        return known[file]
    own = {name: entry for name, entry in known.items() if name is not None}
    if not file.endswith(HEADERS) or not own:
        return None
    stem = Path(file).stem

    def nearness(name: str) -> tuple[bool, int]:
        return (Path(name).stem == stem, len(os.path.commonpath([name, file])))

    return own[max(sorted(own), key=nearness)]


def read_flags(words: Sequence[str], directory: Path, tree: Path) -> BuiltWith:
    """The flags among the words of a command line that is run in ``directory``, in the tree."""
    flags: list[str] = []
    macros: list[str] = []
    folders: list[str] = []
    forced: list[str] = []
    for flag, value in _pairs(words):
        inside = _relative(directory / value, tree) if flag in (*_FOLDERS, "-include") else None
        if flag == "-D":
            macros.append(_definition(value))
            flags.append(f"-D{value}")
        elif flag == "-U":
            macros.append(f"#undef {value}")
            flags.append(f"-U{value}")
        elif inside is not None:
            (forced if flag == "-include" else folders).append(inside)
        elif flag in _FOLDERS:
            flags.append(f"-I{os.path.normpath(directory / value)}")
        elif _KEPT.fullmatch(flag) and not _LEFT.fullmatch(flag):
            flags.append(flag)
    if not any(flag.startswith("-fopenmp") for flag in flags):
        flags.append("-fopenmp")
    return BuiltWith(
        tuple(flags), tuple(macros), tuple(dict.fromkeys(folders)), tuple(forced), _compiler(words)
    )


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Flags with their values, whether these are words of their own or not."""
    rest = iter(words)
    for word in rest:
        name = next((known for known in _WITH_VALUE if word.startswith(known)), None)
        if name == "-include" and word not in ("-include",):
            continue  # -include-pch: made of headers that are read anyway
        if name is None:
            yield word, ""
        elif word == name:
            yield name, next(rest, "")
        else:
            yield name, word[len(name) :]


def _definition(value: str) -> str:
    name, equals, meaning = value.partition("=")
    return f"#define {name} {meaning if equals else 1}".rstrip()


def _relative(path: Path, tree: Path) -> str | None:
    """A path of the tree, relative to it; None for any other."""
    normal, top = Path(os.path.normpath(path)), Path(os.path.normpath(tree))
    return normal.relative_to(top).as_posix() if normal.is_relative_to(top) else None


def _compiler(words: Sequence[str]) -> str:
    """The compiler of a command, which may stand behind a launcher such as ccache."""
    for word in words[:2]:
        if _COMPILER.fullmatch(Path(word).name):
            return shutil.which(word) or ""
    return ""
