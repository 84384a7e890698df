"""What the compiler made of each loop: vectorized, or why not, in an engineer's words.

g++'s words come from the dump of its vectorizer, which tells the reason of the first attempt;
``-fopt-info`` tells that of the last one, of the narrowest vectors, which says next to nothing.
clang's are its optimization remarks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from parallel_agent.kernel.source import FILE_NAME, LOOPS, CursorKind, translation_unit
from parallel_agent.toolchain.compiler import Compiler

_DUMP = "vectorizer.txt"
_GCC_FLAGS = (f"-fdump-tree-vect-missed-optimized={_DUMP}",)
_CLANG_FLAGS = tuple(f"-Rpass{kind}=loop-vectorize" for kind in ("", "-missed", "-analysis"))

_LINE = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?P<said>.*)$", re.MULTILINE)
_VECTORIZED = re.compile(r"loop vectorized|vectorized loop")
_GIVEN_UP = re.compile(r"couldn't vectorize loop|loop not vectorized(?: \[|$)")

_CALL = "a call that has no form for vectors"
_CALL_REMEDY = "move it out of the loop, let it be inlined, or keep what it gives in a table"
_REASONS = (
    (
        r"control flow|loop contains a switch|early exit",
        "a branch or an exit in the body",
        "write the body free of branches (choose a value, store it always), or search in blocks",
    ),
    (
        r"number of (?:loop )?iterations",
        "how often it runs is not known when it begins",
        "count the iterations first, or work in blocks of a fixed length",
    ),
    (
        r"relevant stmt not supported: .*= (?P<name>[a-z_]\w*) \(",
        _CALL,
        _CALL_REMEDY,
    ),
    (
        r"library call|function is not vectorizable|call instruction|clobbers memory",
        _CALL,
        _CALL_REMEDY,
    ),
    (
        r"gather/scatter|base is not affine|cannot identify array bounds",
        "subscripts that come from memory",
        "sort or bucket what is addressed, or give each thread a copy of its own",
    ),
    (
        r"possible dependence|unsafe dependent memory",
        "an iteration reads what an earlier one wrote",
        "a scan, a wavefront, or an outer loop that is free of it",
    ),
    (
        r"reorder floating-point",
        "a floating-point sum whose order must be kept",
        "omp simd with a reduction, which may add in another order",
    ),
    (
        r"complicated access|strided|not consecutive|permut",
        "elements that are used one after the other lie far apart",
        "interchange loops, or change the layout, so that the innermost subscript moves by one",
    ),
    (
        r"def-use cycle|unsupported use|identified as reduction|reduction used in loop",
        "a value that is carried from one iteration to the next",
        "omp simd with a reduction where its order does not matter, or several accumulators",
    ),
    (
        r"not (?:profitable|beneficial)|cost model",
        "vectors would not pay, the compiler reckons",
        "nothing to do, unless it runs for much longer than the compiler thinks",
    ),
)


class LoopRemark(BaseModel):
    """One innermost loop as the compiler left it; ``line`` counts from 1 in the source.

    ``vectorized`` is None where the compiler says nothing: it unrolled the loop, made a call of it, or
    did not try. ``compiler`` are its own words, ``reason`` and ``remedy`` ours; empty where there
    is nothing to say.
    """

    model_config = ConfigDict(frozen=True)

    line: int
    vectorized: bool | None
    compiler: str = ""
    reason: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        if self.vectorized:
            return f"line {self.line}: vectorized"
        if self.vectorized is None:
            return f"line {self.line}: the compiler says nothing of it"
        why = self.reason or self.compiler
        return f"line {self.line}: scalar{', ' * bool(why)}{why}"


@dataclass(frozen=True)
class _Said:
    """What was said of the loop in a line, all words up to the decision."""

    line: int
    vectorized: bool
    words: tuple[str, ...]


def loop_remarks(compiler: Compiler, source: str, directory: Path) -> tuple[LoopRemark, ...]:
    """The innermost loops of a source, in its order; built in ``directory`` with the user's flags.

    Empty where it does not compile, or the compiler is neither g++ nor clang.
    """
    directory.mkdir(parents=True, exist_ok=True)
    clang = "clang" in compiler.version()
    flags = _CLANG_FLAGS if clang else _GCC_FLAGS
    asked = replace(compiler, flags=(*compiler.flags, *flags, "-c"))
    done = asked.compile({"kernel.cpp": source}, directory=directory, output="kernel.o")
    if not done.ok:
        return ()
    dump = directory / _DUMP
    dumped = dump.is_file()  # not where the flags ask for no vectorizer
    text = dump.read_text(encoding="utf-8", errors="replace") if dumped else done.stderr
    return loops_explained(source, text, "kernel.cpp")


def loops_explained(source: str, text: str, file: str) -> tuple[LoopRemark, ...]:
    """The innermost loops of a source, by what g++ or clang printed of ``file``, which holds it."""
    told = list(_remarks_in(text, file))
    return tuple(_remark(lines, told) for lines in _innermost(source))


def _remarks_in(text: str, file: str) -> Iterator[_Said]:
    """The decisions on loops of ``file`` in what g++ or clang printed."""
    words: list[str] = []
    for match in _LINE.finditer(text):
        said, own = match["said"].strip(), Path(match["file"]).name == file
        vectorized = _VECTORIZED.search(said) is not None
        if vectorized or _GIVEN_UP.search(said):
            if own:
                yield _Said(int(match["line"]), vectorized, tuple(words))
            words = []
        else:
            words.append(re.sub(r"^(missed|optimized|note|remark):\s*", "", said))


def _innermost(source: str) -> Iterator[range]:
    """The lines of the heads of the loops that have no loop in them."""
    for cursor in translation_unit(source).cursor.get_children():
        if cursor.location.file is None or cursor.location.file.name != FILE_NAME:
            continue
        for node in cursor.walk_preorder():
            inside = node.walk_preorder()
            if node.kind in LOOPS and sum(1 for n in inside if n.kind in LOOPS) == 1:
                yield _head(node)


def _head(loop: Any) -> range:
    first = loop.extent.start.line
    if loop.kind == CursorKind.DO_STMT:
        return range(first, loop.extent.end.line + 1)
    *_, body = loop.get_children()
    return range(first, max(first, body.extent.start.line) + 1)


def _remark(lines: range, told: Sequence[_Said]) -> LoopRemark:
    """What was said of one loop; vectorized in one of its copies is vectorized."""
    own = [said for said in told if said.line in lines]
    if not own or any(said.vectorized for said in own):
        return LoopRemark(line=lines.start, vectorized=True if own else None)
    words = [word for said in own for word in said.words]
    compiler, reason, remedy = _explained(words)
    return LoopRemark(
        line=lines.start, vectorized=False, compiler=compiler, reason=reason, remedy=remedy
    )


def _explained(words: Iterable[str]) -> tuple[str, str, str]:
    """The words that tell the reason, the reason, and the remedy."""
    listed = list(words)
    for pattern, reason, remedy in _REASONS:
        for word in listed:
            found = re.search(pattern, word)
            if found:
                name = found.groupdict().get("name")
                return word, f"{reason}: {name}" if name else reason, remedy
    return (listed[0] if listed else ""), "", ""
