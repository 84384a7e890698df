"""The code of an early-exit search: blocks scanned in parallel, the first match shared."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.proposers.rules.algorithm_forms import free_name

_FINE, _COARSE = 4096, 64
"""Elements in a block where each is tested by itself: a handful of instructions, or more."""
_LANES, _NEAR, _LARGE = 64, 16384, 32768
"""Elements tested as a whole, elements tested without threads, and elements in a thread's block."""


@dataclass(frozen=True)
class Search:
    """What is searched for: the first ``index`` from ``start`` up to ``stop`` that matches.

    ``steps`` are lines that come before the ``condition`` in each iteration. ``light`` tells that
    an iteration is a handful of instructions, which sets how many make a block.
    """

    type_: str
    index: str
    start: str
    stop: str
    condition: str
    steps: tuple[str, ...] = ()
    light: bool = True


@dataclass(frozen=True)
class SearchCode:
    """Lines that search, and the variables that they leave: the match and the end of the search."""

    lines: tuple[str, ...]
    found: str
    limit: str


def search_code(search: Search, taken: set[str], *, simd: bool) -> SearchCode:
    """The blocks in parallel, in order, none that lies behind a match already found.

    With ``simd`` a few elements are first tested as a whole, without a branch, so that the compiler
    vectorizes the test (which g++ 12 does not do for a loop that may stop), and a match near the
    start is looked for without threads. Names that the code declares are added to ``taken``.
    """
    names = _Names(*(free_name(name, taken) for name in _Names.wanted()))
    taken |= set(names.all())
    write = _by_lanes if simd else _by_element
    return SearchCode(tuple(write(search, names)), names.found, names.limit)


@dataclass(frozen=True)
class _Names:
    """The names that the code declares."""

    limit: str
    found: str
    block: str
    known: str
    block_end: str
    hits: str
    first_match: str
    from_: str
    to: str
    here: str

    @classmethod
    def wanted(cls) -> list[str]:
        """The names as they are where the source leaves them free."""
        return [name.rstrip("_") for name in cls.__dataclass_fields__]

    def all(self) -> list[str]:
        """The names in use."""
        return [getattr(self, name) for name in self.__dataclass_fields__]


def _by_element(search: Search, names: _Names) -> list[str]:
    """Each block element by element."""
    type_, index = search.type_, search.index
    size = _FINE if search.light else _COARSE
    scan = (
        f"const {type_} {names.block_end} = {names.block} + "
        f"std::min<{type_}>({size}, {names.limit} - {names.block});",
        f"for ({type_} {index} = {names.block}; {index} < {names.block_end}; ++{index}) {{",
        *(f"    {step}" for step in search.steps),
        f"    if ({search.condition}) {{",
        *(f"        {line}" for line in _shared(index, names)),
        "        break;",
        "    }",
        "}",
    )
    return [
        f"const {type_} {names.limit} = {search.stop};",
        f"{type_} {names.found} = {names.limit};",
        *_blocks(search, names, search.start, size, scan),
    ]


def _by_lanes(search: Search, names: _Names) -> list[str]:
    """A few elements as a whole, then the threads' blocks in the same way."""
    type_, index, begin, end = search.type_, search.index, names.from_, names.to
    near = f"{search.start} + {_NEAR}" if search.start != "0" else str(_NEAR)
    scan = (
        f"const {type_} {names.block_end} = {names.block} + "
        f"std::min<{type_}>({_LARGE}, {names.limit} - {names.block});",
        f"const {type_} {names.here} = {names.first_match}({names.block}, {names.block_end});",
        f"if ({names.here} < {names.block_end}) {{",
        *(f"    {line}" for line in _shared(names.here, names)),
        "}",
    )
    return [
        f"const {type_} {names.limit} = {search.stop};",
        f"const auto {names.first_match} = [&]({type_} {begin}, {type_} {end}) {{",
        "    // without a branch for each element, vector lanes can test them",
        f"    for (; {begin} < {end} && {end} - {begin} >= {_LANES}; {begin} += {_LANES}) {{",
        f"        int {names.hits} = 0;",
        f"        for ({type_} {index} = {begin}; {index} < {begin} + {_LANES}; ++{index}) {{",
        f"            {names.hits} += ({search.condition}) ? 1 : 0;",
        "        }",
        f"        if ({names.hits} != 0) break;",
        "    }",
        f"    for ({type_} {index} = {begin}; {index} < {end}; ++{index}) {{",
        f"        if ({search.condition}) return {index};",
        "    }",
        f"    return {end};",
        "};",
        f"{type_} {names.found} = {names.first_match}({search.start}, "
        f"std::min<{type_}>({names.limit}, {near}));",
        f"if ({names.found} >= {near}) {{",
        f"    {names.found} = {names.limit};",
        *(f"    {line}" for line in _blocks(search, names, near, _LARGE, scan)),
        "}",
    ]


def _blocks(
    search: Search, names: _Names, start: str, size: int, scan: tuple[str, ...]
) -> list[str]:
    """The parallel loop over blocks that lie before the first match known."""
    type_, block = search.type_, names.block
    return [
        "#pragma omp parallel for schedule(dynamic)",
        f"for ({type_} {block} = {start}; {block} < {names.limit}; {block} += {size}) {{",
        f"    {type_} {names.known};",
        "    #pragma omp atomic read",
        f"    {names.known} = {names.found};",
        f"    if ({block} < {names.known}) {{",
        *(f"        {line}" for line in scan),
        "    }",
        "}",
    ]


def _shared(place: str, names: _Names) -> tuple[str, ...]:
    """A match handed to the other threads, unless it lies behind one that they know."""
    return (
        "#pragma omp critical",
        f"if ({place} < {names.found}) {{",
        "    #pragma omp atomic write",
        f"    {names.found} = {place};",
        "}",
    )
