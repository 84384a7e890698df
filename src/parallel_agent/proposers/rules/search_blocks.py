"""The code of an early-exit search: blocks scanned in parallel, the first match shared."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.proposers.rules.algorithm_forms import free_name

_FINE, _COARSE = 4096, 64


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

    With ``simd`` a block is first tested as a whole, without a branch, so that the compiler
    vectorizes it (which g++ 12 does not do here under ``omp simd reduction``). Names that the code
    declares are added to ``taken``.
    """
    names = {}
    for wanted in ("limit", "found", "block", "known", "block_end", "hits"):
        names[wanted] = free_name(wanted, taken)
    taken |= set(names.values())
    limit, found, block = names["limit"], names["found"], names["block"]
    known, end, hits = names["known"], names["block_end"], names["hits"]
    type_, index = search.type_, search.index
    size = _FINE if search.light else _COARSE
    loop = f"for ({type_} {index} = {block}; {index} < {end}; ++{index}) {{"
    scan = (
        loop,
        *(f"    {step}" for step in search.steps),
        f"    if ({search.condition}) {{",
        "        #pragma omp critical",
        f"        if ({index} < {found}) {{",
        "            #pragma omp atomic write",
        f"            {found} = {index};",
        "        }",
        "        break;",
        "    }",
        "}",
    )
    if simd:
        scan = (
            f"int {hits} = 0;",
            loop,
            f"    {hits} |= ({search.condition}) ? 1 : 0;",
            "}",
            f"if ({hits} != 0) {{",
            *(f"    {line}" for line in scan),
            "}",
        )
    lines = (
        f"const {type_} {limit} = {search.stop};",
        f"{type_} {found} = {limit};",
        "#pragma omp parallel for schedule(dynamic)",
        f"for ({type_} {block} = {search.start}; {block} < {limit}; {block} += {size}) {{",
        f"    {type_} {known};",
        "    #pragma omp atomic read",
        f"    {known} = {found};",
        f"    if ({block} < {known}) {{",
        f"        const {type_} {end} = {block} + std::min<{type_}>({size}, {limit} - {block});",
        *(f"        {line}" for line in scan),
        "    }",
        "}",
    )
    return SearchCode(lines, found, limit)
