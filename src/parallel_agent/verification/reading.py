"""What the compiler really reads of a candidate: macros expanded, conditions decided."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from parallel_agent.kernel.types import Signature
from parallel_agent.toolchain.adapter import ADAPTER_FILE, KERNEL_FILE, adapter_sources, prelude
from parallel_agent.toolchain.compiler import Compiler, Diagnostic, Mode
from parallel_agent.verification.build import adapter_spec

_MARKER = re.compile(r'^# (\d+) "((?:[^"\\\n]|\\[^\n])*)"[ \d]*$', re.MULTILINE)
_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|(?:u8|[uUL])?R"(?P<end>[^()\\\s]{0,16})\(.*?\)(?P=end)"'
    r"|(?:u8|[uUL])?\"(?:\\.|[^\"\\\n])*\"|(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'"
    r"|\.?\d(?:[eEpP][+-]|'?[\w.])*|(?:[^\W\d]|\$)[\w$]*|::|\S",
    re.DOTALL,
)
_DECLARED = re.compile(r"__\w+|double|float|long|unsigned|int|bool|static_cast")


@dataclass(frozen=True)
class Reading:
    """The lines of a kernel's file, and of the adapter around it, as one build reads them.

    Line n of ``kernel`` is line n of the source with its macros expanded; lines that the build
    leaves out, and directives other than pragmas, are empty.
    """

    kernel: str
    adapter: str

    @cached_property
    def tokens(self) -> list[str]:
        """The tokens of the kernel's file, pragmas included."""
        return tokens(self.kernel)

    @property
    def in_pragmas(self) -> list[str]:
        """What is called in pragmas, whose expressions the parser does not see."""
        lines = [line for line in self.kernel.splitlines() if line.lstrip().startswith("#")]
        words = tokens(" ".join(lines))
        return [word for word, after in pairwise(words) if after == "("]

    @property
    def names(self) -> list[str]:
        """The names among them, without those that the system's own macros expand to."""
        return [t for t in self.tokens if t[0].isidentifier() and not _DECLARED.fullmatch(t)]


def tokens(text: str) -> list[str]:
    """The tokens of a preprocessed text; comments are left out."""
    found = (match[0] for match in _TOKEN.finditer(text))
    return [token for token in found if not token.startswith(("//", "/*"))]


def read(
    compiler: Compiler, signature: Signature, source: str, directory: Path, mode: Mode
) -> Reading | Diagnostic:
    """Preprocess a kernel with its adapter, as it is built in this mode; or the first error."""
    directory.mkdir(parents=True, exist_ok=True)
    sources = adapter_sources(adapter_spec(signature), source)
    text = compiler.preprocess(
        sources, ADAPTER_FILE, directory=directory, mode=mode, prelude=prelude(source)
    )
    if isinstance(text, Diagnostic):
        return text
    kernel: dict[int, str] = {}
    adapter: dict[int, str] = {}
    for file, line, content in _lines(text, {KERNEL_FILE, ADAPTER_FILE}):
        part = kernel if file == KERNEL_FILE else adapter
        # A pragma that a macro makes in the middle of a line still needs one of its own.
        apart = "\n" if "#" in (content[0], part.get(line, " ")[0]) else " "
        part[line] = f"{part[line]}{apart}{content}" if line in part else content
    return Reading(_joined(kernel), _joined(adapter))


def expected_adapter(signature: Signature, source: str) -> list[str]:
    """The tokens of the adapter as no kernel's macros have changed them."""
    text = adapter_sources(adapter_spec(signature), source)[ADAPTER_FILE]
    return tokens("\n".join(line for line in text.splitlines() if not line.startswith("#")))


def _lines(text: str, files: Collection[str]) -> Iterator[tuple[str, int, str]]:
    """File, line number and content of every line of these files that is not empty.

    From one marker to the next all lines are of one file: what is of others, mostly the standard
    library, is passed over as a whole.
    """
    markers = list(_MARKER.finditer(text))
    ends = [*(marker.start() for marker in markers[1:]), len(text)]
    for marker, end in zip(markers, ends, strict=False):
        file = marker[2].removeprefix("./")
        if file in files:
            lines = text[marker.end() + 1 : end].split("\n")
            for number, line in enumerate(lines, int(marker[1])):
                if line.strip():
                    yield file, number, line


def _joined(lines: dict[int, str]) -> str:
    return "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))
