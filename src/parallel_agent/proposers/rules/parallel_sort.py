"""Sorts without unpredictable branches, the two sides of each partition as tasks."""

from __future__ import annotations

import re
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.algorithm_calls import (
    AlgorithmCall,
    algorithm_calls,
    value_type,
)
from parallel_agent.proposers.rules.algorithm_forms import Site
from parallel_agent.proposers.rules.comparators import comparator_of, without_branches
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.quicksort_code import sort_code
from parallel_agent.proposers.rules.splice import add_includes, indentation_unit
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind

_MANY_BYTES = 64
_BY_MEMBERS = (
    "[](auto const& a, auto const& b) {{\n"
    "{margin}{unit}return (a.first < b.first) | ((a.first == b.first) & (a.second < b.second));\n"
    "{margin}}}"
)


class ParallelSort:
    """``std::sort`` of plain values, with the same result to the order of equal elements.

    The variants: ``tasks`` sorts the two sides of a partition side by side, ``branch_free`` is the
    same on one thread.
    """

    name = "parallel_sort"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Both where a sort can be rewritten; without threads first where all are in loops."""
        try:
            calls = _rewrite(parsed, tasks=True)[1]
        except NotApplicable:
            return []
        repeated = all(call.repeated for call in calls)
        return ["branch_free", "tasks"] if repeated else ["tasks", "branch_free"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """Every such sort by functions that stand above the first one that needs them."""
        source, calls, refused = _rewrite(parsed, tasks=options.variant != "branch_free")
        lines = ", ".join(str(call.line) for call in calls)
        return Proposal(
            source=source,
            reasons_for=(
                f"line {lines}: the branches of a sort cannot be predicted, lists of what is to be "
                "exchanged need none",
                f"line {lines}: the same comparisons and exchanges leave equal elements in the "
                "order of std::sort",
            ),
            reasons_against=tuple(refused),
        )


def _rewrite(parsed: ParsedSource, *, tasks: bool) -> tuple[str, list[AlgorithmCall], list[str]]:
    """The new source, the calls rewritten, and why others were not."""
    source = parsed.kernel.source
    edits = Edits(source)
    done: list[AlgorithmCall] = []
    refused: list[str] = []
    unit = indentation_unit(source, parsed.function)
    code = sort_code(source, unit=unit, tasks=tasks)
    for call in algorithm_calls(parsed, frozenset({"sort"})):
        try:
            _rewrite_call(call, edits, code.name, unit)
            done.append(call)
        except NotApplicable as reason:
            refused.append(str(reason))
    if not done:
        raise NotApplicable("; ".join(refused) or "nothing is sorted by std::sort")
    first = min((call.function for call in done), key=lambda f: f.extent.start.offset)
    at = above(source, first)
    edits.replace_range(at, at, f"{code.text}\n")
    functor = ["functional"] if any(len(call.arguments) == 2 for call in done) else []
    add_includes(edits, source, ["algorithm", *functor, "iterator"])
    return edits.apply(), done, refused


def _rewrite_call(call: AlgorithmCall, edits: Edits, name: str, unit: str) -> None:
    site = Site(call, edits, set())
    if len(call.arguments) not in (2, 3):
        raise site.refuse("its arguments are not two iterators and a comparison")
    site.range(0)
    type_ = value_type(call.arguments[0])
    if not is_plain(type_) or type_.get_size() > _MANY_BYTES:
        raise site.refuse("its elements are dear to copy")
    if call.function.semantic_parent.kind not in (Kind.TRANSLATION_UNIT, Kind.NAMESPACE):
        raise site.refuse("it stands in a member function")
    if len(call.arguments) == 3:
        site.effects(2)
    margin = edits.indentation(call.cursor)
    if len(call.arguments) == 2:
        less = _default_order(type_).format(margin=margin, unit=unit)
        end = call.arguments[1].extent.end.offset
        edits.replace_range(end, end, f", {less}")
    elif (comparator := comparator_of(call.arguments[2])) is not None:
        without_branches(comparator, edits)
    edits.replace(syntax.children(call.cursor)[0], name)


def _default_order(type_: Any) -> str:
    """A comparison that does what ``<`` does."""
    is_pair = re.match(r"(const )?std::pair<", type_.get_canonical().spelling) is not None
    flat = all(syntax.is_arithmetic(f.type) for f in type_.get_canonical().get_fields())
    return _BY_MEMBERS if is_pair and flat else "std::less<>()"


def is_plain(type_: Any) -> bool:
    """True for numbers, and for classes that hold nothing else and can be made from nothing."""
    canonical = type_.get_canonical()
    if syntax.is_arithmetic(canonical) or syntax.is_pointer(canonical):
        return True
    if canonical.kind == syntax.TypeKind.CONSTANTARRAY:
        return is_plain(canonical.get_array_element_type())
    declaration = canonical.get_declaration()
    constructors = [c for c in declaration.get_children() if c.kind == Kind.CONSTRUCTOR]
    default = not constructors or any(c.is_default_constructor() for c in constructors)
    fields = list(canonical.get_fields()) if canonical.kind == syntax.TypeKind.RECORD else []
    return bool(fields) and default and all(is_plain(field.type) for field in fields)


def above(source: str, function: Any) -> int:
    """The byte where the comment that belongs to a function starts, or the function itself."""
    raw = source.encode()
    at = raw.rfind(b"\n", 0, function.extent.start.offset) + 1
    while True:
        before = raw[:at].decode().rstrip()
        if before.endswith("*/") and "/*" in before:
            at = len(before[: before.rindex("/*")].encode())
        elif before.rpartition("\n")[2].lstrip().startswith("//"):
            at = len(before.encode()) - len(before.rpartition("\n")[2].encode())
        else:
            return at
        if before.count("\n") == 0:
            return at
