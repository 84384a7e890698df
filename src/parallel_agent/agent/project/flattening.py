"""The kernel's file with the tree's own headers in place: one text, each line with its origin."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from parallel_agent.agent.project.spec import ProjectError

HEADERS = (".h", ".hpp", ".hh", ".hxx", ".h++", ".inl", ".ipp", ".tpp", ".inc", ".cuh")
_INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
_WORD = re.compile(r"\w+")
_ONCE = re.compile(r"\s*#\s*pragma\s+once\b")


@dataclass(frozen=True)
class Line:
    """One line of a text, without its end, and where it is from: a file and a line from 0.

    No number says that it stands in no file yet, no file that it is the build's to say.
    """

    text: str
    file: str
    number: int | None


def text_of(lines: Sequence[Line]) -> str:
    """The lines as one text."""
    return "".join(f"{line.text}\n" for line in lines)


def lines_of(text: str) -> list[str]:
    """The lines of a file, without their ends."""
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def flattened(
    sources: Mapping[str, str],
    files: Sequence[str],
    folders: Sequence[str] = (),
    macros: Sequence[str] = (),
) -> list[Line]:
    """The files one after the other, with every header of the tree in place of its first include.

    ``sources`` are the texts of the tree by path, ``files`` those to begin with, the kernel's last.
    A header is looked for beside the file that includes it, in ``folders`` in their order, then
    anywhere in the tree where its path ends as the include says. Those of ``macros``, directives,
    that the text names come first. Raises ProjectError where several headers could be meant.
    """
    lines = list(_Flattening(sources, tuple(folders)).of(files))
    words = set(_WORD.findall(text_of(lines)))
    meant = [m for m in macros if words.intersection(_WORD.findall(m)[1:2])]
    return [*(Line(text, "", number) for number, text in enumerate(meant)), *lines]


@dataclass
class _Flattening:
    sources: Mapping[str, str]
    folders: tuple[str, ...]
    seen: set[str] = field(default_factory=set)

    def of(self, files: Sequence[str]) -> Iterator[Line]:
        for file in files:
            yield from self._file(file)

    def _file(self, name: str) -> Iterator[Line]:
        if name in self.seen:
            return
        self.seen.add(name)
        for number, text in enumerate(lines_of(self.sources[name])):
            if _ONCE.match(text):
                continue
            included = _INCLUDE.match(text)
            header = self._found(name, included[2], included[1]) if included else None
            if header is None:
                yield Line(text, name, number)
            else:
                yield from self._file(header)

    def _found(self, includer: str, wanted: str, mark: str) -> str | None:
        """The tree's header that is meant; None for a header of the system."""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(includer), wanted))
        if mark == '"' and beside in self.sources:
            return beside
        for folder in self.folders:
            name = posixpath.normpath(posixpath.join(folder, wanted))
            if name in self.sources:
                return name
        ending = "/" + posixpath.normpath(wanted).lstrip("./")
        found = [name for name in self.sources if f"/{name}".endswith(ending)]
        if len(found) > 1 and mark == '"':
            raise ProjectError(
                f'{includer} includes "{wanted}", which may be {" or ".join(sorted(found)[:3])}',
                "Include it by a longer path, so that only one of them is meant",
            )
        return found[0] if len(found) == 1 and (mark == '"' or "/" in wanted) else None
