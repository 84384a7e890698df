"""Searches that stop at the first match: blocks scanned in parallel with a shared bound."""

from __future__ import annotations

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.algorithm_calls import (
    AlgorithmCall,
    algorithm_calls,
    identifiers,
    names_in,
)
from parallel_agent.proposers.rules.algorithm_forms import Form, Site, free_name, speculation
from parallel_agent.proposers.rules.callables import Effects
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.loops import Loop, find_loops
from parallel_agent.proposers.rules.search_blocks import Search, search_code
from parallel_agent.proposers.rules.search_loops import search_of
from parallel_agent.proposers.rules.splice import (
    Layout,
    add_includes,
    direct_result,
    splice,
)
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.values import Values

_SEARCHES = frozenset({"find", "find_if", "find_if_not", "any_of", "all_of", "none_of"})
_AGAINST = (
    "a match near the start is found at once by the sequential search, threads cost more",
    "elements behind the match are tested too",
)


class EarlyExitSearch:
    """Searching loops and the searching standard algorithms.

    The variants: ``simd_blocks`` tests a block as a whole before it looks for the match in it,
    ``blocks`` tests element by element.
    """

    name = "early_exit_search"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """The variants that can be written, best first."""
        try:
            by_element = self.rewrite(parsed, Options(variant="blocks")).source
        except NotApplicable:
            return []
        as_a_whole = self.rewrite(parsed, Options(variant="simd_blocks")).source
        return ["blocks"] if by_element == as_a_whole else ["simd_blocks", "blocks"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """Every search outside loops rewritten; ``simd_blocks`` where the test has no branch."""
        source = parsed.kernel.source
        edits = Edits(source)
        taken = names_in(parsed.function)
        done: list[tuple[int, Effects, tuple[str, ...]]] = []
        refused: list[str] = []
        for call in algorithm_calls(parsed, _SEARCHES):
            try:
                done.append(_rewrite_call(call, parsed, edits, taken, options))
            except NotApplicable as reason:
                refused.append(str(reason))
        for loop in find_loops(parsed.function, Values(parsed.function, source)):
            try:
                done.append(_rewrite_loop(loop, parsed, edits, taken, options))
            except NotApplicable as reason:
                refused.append(str(reason))
        if not done:
            raise NotApplicable("; ".join(refused) or "nothing is searched for")
        add_includes(edits, source, ["algorithm", "cstddef"])
        unproved = tuple(why for _, _, reasons in done for why in reasons)
        return Proposal(
            source=edits.apply(),
            reasons_for=tuple(f"line {at}: stops at the first match" for at, _, _ in done),
            reasons_against=(
                *(f"line {at}: {why}" for at, _, _ in done for why in _AGAINST),
                *unproved,
                *refused,
            ),
            speculative=bool(unproved),
        )


_Done = tuple[int, Effects, tuple[str, ...]]


def _rewrite_call(
    call: AlgorithmCall, parsed: ParsedSource, edits: Edits, taken: set[str], options: Options
) -> _Done:
    site = Site(call, edits, set(taken), direct_result(call))
    if call.repeated or call.function != parsed.function:
        raise site.refuse("it runs inside a loop or outside the kernel")
    over = site.range(0)
    effects = Effects() if call.name == "find" else site.effects(2)
    simd = options.variant == "simd_blocks" and effects.straight and over.arithmetic
    index = free_name("i", identifiers(site.edits.text(call.cursor)))
    setup: tuple[str, ...] = ()
    if call.name == "find":
        condition = f"{over.element(index)} == {site.text(2)}"
        if identifiers(site.text(2)) & {over.container} or "(" in site.text(2):
            raise site.refuse("the value that it looks for is not fixed")
    else:
        test, setup = site.callable(2, "matches")
        negated = "!" if call.name in ("all_of", "find_if_not") else ""
        condition = f"{negated}{test}({over.element(index)})"
    index_type = "std::size_t" if over.whole else "std::ptrdiff_t"
    search = Search(index_type, index, "0", over.length, condition, light=effects.straight)
    code = search_code(search, site.taken, simd=simd)
    form = _result_form(site, code.found, code.limit, over.first, (*setup, *code.lines))
    splice(call, edits, parsed.kernel.source, form)
    taken |= site.taken
    return call.line, effects, speculation([effects], [])


def _result_form(site: Site, found: str, limit: str, first: str, lines: tuple[str, ...]) -> Form:
    """The call's value from the index found."""
    if site.call.is_statement:
        raise site.refuse("its value is not used")
    name = site.call.name
    if name.startswith("find"):
        result = site.result_name or site.fresh("position")
        declaration, value = f"auto {result} = {first};", f"{result} += {found};"
        return Form(value=result, declaration=declaration, lines=(*lines, value))
    result = site.result_name or site.fresh({"any_of": "any", "none_of": "none"}.get(name, "all"))
    relation = "<" if name == "any_of" else "=="
    value = f"{result} = {found} {relation} {limit};"
    return Form(value=result, declaration=f"bool {result} = false;", lines=(*lines, value))


def _rewrite_loop(
    loop: Loop, parsed: ParsedSource, edits: Edits, taken: set[str], options: Options
) -> _Done:
    source = parsed.kernel.source
    names = set(taken)
    layout = Layout.of(source, parsed.function)
    search, effects, setup, ending = search_of(loop, edits, names)
    simd = options.variant == "simd_blocks" and effects.straight and not search.steps
    code = search_code(search, names, simd=simd and search.light)
    uses_index = any(search.index in identifiers(text) for text in ending)
    lines = (
        *setup,
        *code.lines,
        f"if ({code.found} < {code.limit}) {{",
        *((f"    const {search.type_} {search.index} = {code.found};",) if uses_index else ()),
        *(f"    {text}" for text in ending),
        "}",
    )
    span = (loop.cursor.extent.start.offset, loop.cursor.extent.end.offset)
    layout.replace(edits, *span, lines, edits.indentation(loop.cursor))
    taken |= names
    unproved = (effects.unproved,) if effects.unproved else ()
    return loop.line, effects, unproved
