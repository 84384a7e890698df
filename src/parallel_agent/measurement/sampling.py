"""Where a program spends its processor time: stacks that were sampled, and the functions on them.

The sampler is preloaded, so a program need not be built for it. Names of functions come from its
symbols; their files and lines, and the functions that the compiler inlined, from debug information
(``-g``), where there is any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.toolchain.limits import Limits

FOLDER_VARIABLE = "PARALLEL_AGENT_SAMPLES"
_SOURCE = Path(__file__).with_name("sampler.cpp")
_LIMITS = Limits(wall_seconds=300.0, cpu_seconds=300, output_bytes=256 << 20)
_HANDLER_FRAMES = 2
"""The sampler's own and the kernel's return from it, before the frame that was interrupted."""


@dataclass(frozen=True)
class Place:
    """A function, and where it was at; ``file`` is empty and ``line`` 0 where nobody knows."""

    function: str
    file: str
    line: int


@dataclass(frozen=True)
class Mapped:
    """A part of a program's memory that a file lies in."""

    start: int
    end: int
    offset: int
    path: str


Stack = tuple[tuple[str, int], ...]
"""Frames from the innermost outwards: the file that the code is in, and the address within it."""


def build_sampler(cxx: str, directory: Path) -> Path:
    """The library to preload; raises WorkerError where it does not build."""
    compiler = Compiler(Compiler.find(cxx).cxx, ("-O2",))
    built = compiler.compile(
        {_SOURCE.name: _SOURCE.read_text(encoding="utf-8")},
        directory=directory,
        output="sampler.so",
        extra_flags=("-shared", "-fPIC"),
    )
    if built.binary is None:
        raise WorkerError(f"{_SOURCE.name} does not compile: {built.errors[0].message}")
    return built.binary


def stacks_in(text: str) -> Iterator[Stack]:
    """The stacks of one file that the sampler wrote."""
    head, _, samples = text.partition("--\n")
    mapped = _mapped(head.splitlines())
    bases = _bases(mapped)
    for line in samples.splitlines():
        addresses = [int(word, 16) for word in line.split()][_HANDLER_FRAMES:]
        frames = []
        for depth, address in enumerate(addresses):
            # But for the innermost, these are where calls return to: the call is before that.
            at = address - (depth > 0)
            where = next((part for part in mapped if part.start <= at < part.end), None)
            if where is not None:
                frames.append((where.path, at - bases[where.path]))
        if frames:
            yield tuple(frames)


def places_of(
    addresses: Mapping[str, Iterable[int]], directory: Path
) -> dict[tuple[str, int], tuple[Place, ...]]:
    """What lies at addresses within files: the function, inlined ones from the innermost outwards.

    ``directory`` is a folder to work in, and from which the files can be read.
    """
    found = {}
    for path, wanted in addresses.items():
        listed = sorted(set(wanted))
        asked = directory / "addresses"
        asked.write_text("\n".join(map(hex, listed)), encoding="utf-8")
        done = sandbox.run(
            ["addr2line", "-a", "-f", "-C", "-i", "-e", path, f"@{asked}"],
            cwd=directory,
            limits=_LIMITS,
            readable=[Path(path).parent],
        )
        for address, places in _places(done.stdout.splitlines()):
            found[path, address] = places
    return found


def tallied(
    stacks: Counter[Stack], places: Mapping[tuple[str, int], Sequence[Place]]
) -> tuple[Counter[str], Counter[str], dict[str, Place]]:
    """Samples by function: of itself, with what it calls, and the place that most were taken at.

    ``places`` are those that count. What runs elsewhere, in a library, say, is counted to the innermost
    function on the stack that does.
    """
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    at: Counter[Place] = Counter()
    for stack, count in stacks.items():
        on_stack = [place for frame in stack for place in places.get(frame, ())]
        if not on_stack:
            continue
        own[on_stack[0].function] += count
        at[on_stack[0]] += count
        for function in {place.function for place in on_stack}:
            total[function] += count
    shown: dict[str, Place] = {}
    for place, _ in at.most_common():
        shown.setdefault(place.function, place)
    return own, total, shown


def _mapped(lines: Iterable[str]) -> list[Mapped]:
    found = []
    for line in lines:
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and fields[5].startswith("/"):
            start, end = (int(bound, 16) for bound in fields[0].split("-"))
            found.append(Mapped(start, end, int(fields[2], 16), fields[5]))
    return found


def _bases(mapped: Iterable[Mapped]) -> dict[str, int]:
    """What is to be taken from an address in memory: 0 for files that lie where they say."""
    bases: dict[str, int] = {}
    for part in mapped:
        if part.path not in bases:
            bases[part.path] = part.start - part.offset if _is_relocated(Path(part.path)) else 0
    return bases


def _is_relocated(path: Path) -> bool:
    """Whether an ELF file is of the type ET_DYN: a library, or a position-independent program."""
    try:
        with path.open("rb") as file:
            head = file.read(18)
    except OSError:
        return True
    return len(head) < 18 or head[16] == 3


def _places(lines: Sequence[str]) -> Iterator[tuple[int, tuple[Place, ...]]]:
    """What addr2line says: an address, then for each function its name and where it is at."""
    address, places = None, list[Place]()
    at = 0
    while at < len(lines):
        if lines[at].startswith("0x"):
            if address is not None:
                yield address, tuple(places)
            address, places = int(lines[at], 16), []
            at += 1
            continue
        file, _, line = lines[at + 1].partition(" (")[0].rpartition(":")
        known = lines[at] != "??"
        if known:
            number = int(line) if line.isdigit() else 0
            places.append(Place(lines[at], "" if file.startswith("??") else file, number))
        at += 2
    if address is not None:
        yield address, tuple(places)
