"""Loop normalization: range loops, iterator loops and algorithm calls become loops over an index.

Loop normalization: K. Kennedy, J. R. Allen, Optimizing Compilers for Modern Architectures, 4.4. OpenMP
takes no range loop for its vector lanes, and a lambda inside an algorithm hides what it works on.
"""

from __future__ import annotations

from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.algorithm_calls import names_in
from parallel_agent.proposers.rules.algorithm_forms import free_name
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.assignments import resizing_receiver
from parallel_agent.proposers.rules.iterator_loops import IteratorLoop, iterator_loop
from parallel_agent.proposers.rules.plain_loops import lowered
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.splice import add_includes
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import INDEXED, Values
from parallel_agent.proposers.rules.writing import Rewriter

_NAMES = "ijklpqrs"
_LIGHT = ("fill", "iota", "copy")
"""Nothing is gained by loops for these."""


class LoopNormalization:
    """Writes ``for (std::size_t i = 0; i < x.size(); ++i)`` for every other way to go through ``x``.

    What each iteration does stays as it is. The gain comes from the strategies that take it on.
    """

    name = "loop_normalization"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``index_loops`` where a loop or a call can be written so."""
        try:
            self.rewrite(parsed, Options())
        except NotApplicable:
            return []
        return ["index_loops"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with loops over indices alone."""
        loops, lines = normalized(parsed)
        after = reparsed(loops, parsed.kernel.name) if lines else parsed
        source = lowered(after, lambda call: call.name not in _LIGHT)
        reasons = []
        if lines:
            numbers = ", ".join(map(str, lines))
            reasons.append(f"line {numbers}: vector lanes and blocks need an index to count")
        if source != loops:
            reasons.append("calls of standard algorithms become loops that others can take on")
        if not reasons:
            raise NotApplicable("every loop counts an index already")
        return Proposal(
            source=source,
            reasons_for=tuple(reasons),
            reasons_against=("it gains nothing by itself",),
        )


def normalized(parsed: ParsedSource) -> tuple[str, list[int]]:
    """The source with range and iterator loops as index loops, and the lines that they stood in."""
    analysis = analyse(parsed)
    rewriter = Rewriter(analysis)
    taken = names_in(parsed.function)
    reports = list(analysis.all_loops())
    free = [name for name in _NAMES if name not in taken]
    lines: list[int] = []
    for report in reversed(reports):  # what ends where a loop around it ends is closed first
        depth = len(report.outer)
        name = free[depth] if depth < len(free) else free_name(f"index_{depth}", taken)
        if _rewritten(report, name, analysis.values, rewriter):
            lines.insert(0, report.loop.line)
    if lines:
        add_includes(rewriter.edits, parsed.kernel.source, ["cstddef"])
    return rewriter.edits.apply(), lines


def _rewritten(report: LoopReport, name: str, values: Values, rewriter: Rewriter) -> bool:
    cursor = report.loop.cursor
    if cursor.kind == Kind.CXX_FOR_RANGE_STMT:
        return _range_loop(report, name, values, rewriter)
    found = iterator_loop(cursor, values)
    if found is None or _resizes(cursor, found.container, values):
        return False
    _iterator_loop(found, name, rewriter)
    return True


def _range_loop(report: LoopReport, name: str, values: Values, rewriter: Rewriter) -> bool:
    cursor, body = report.loop.cursor, report.loop.body
    parts = syntax.children(cursor)
    container = syntax.strip(parts[-2])
    declared = _declaration(cursor, container, rewriter)
    indexed = INDEXED.match(syntax.bare_type(container.type)) is not None
    if not indexed or not declared or values.path(container) is None:
        return False
    if container.kind not in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR) or _resizes(
        cursor, container, values
    ):
        return False
    text = values.text(container)
    header = f"for (std::size_t {name} = 0; {name} < {text}.size(); ++{name})"
    element = f"{declared} = {text}[{name}];"
    margin = rewriter.indentation(cursor) + rewriter.unit
    start, inside = cursor.extent.start.offset, body.extent.start.offset
    if body.kind == Kind.COMPOUND_STMT:
        opened = rewriter.between(start, inside + 1)
        gap = "\n" + margin if syntax.line(body) < body.extent.end.line else " "
        between = opened[opened.rindex(")") + 1 :]
        rewriter.edits.replace_range(start, inside + 1, f"{header}{between}{gap}{element}")
        return True
    rewriter.edits.replace_range(start, inside, f"{header} {{\n{margin}{element}\n{margin}")
    _, end = rewriter.span(body)
    rewriter.edits.replace_range(end, end, f"\n{rewriter.indentation(cursor)}}}")
    return True


def _declaration(cursor: Any, container: Any, rewriter: Rewriter) -> str:
    """What a range loop declares, as it is written; ``""`` for what has no such single place."""
    opened = rewriter.between(cursor.extent.start.offset, container.extent.start.offset)
    declared = opened.partition("(")[2].rstrip().removesuffix(":").strip()
    return "" if any(c in declared for c in ";{}/") else declared


def _resizes(cursor: Any, container: Any, values: Values) -> bool:
    """True if the loop changes how many elements there are, or which container it is."""
    path = values.path(container)
    for node in syntax.walk(cursor):
        owner = resizing_receiver(node)
        changed = values.path(owner) if owner is not None else None
        if owner is not None and (changed is None or path is None or changed.root == path.root):
            return True
        if node.kind == Kind.CALL_EXPR and any(
            syntax.is_variable(handed)
            and path is not None
            and syntax.key(handed.referenced) == path.root
            for handed in _handed_over(node)
        ):
            return True
    return False


def _handed_over(call: Any) -> list[Any]:
    """The arguments that a function (no operator) may change."""
    callee = call.referenced
    if callee is None or callee.spelling.startswith("operator"):
        return []
    pairs = zip(call.get_arguments(), callee.get_arguments(), strict=False)
    return [syntax.strip(a) for a, p in pairs if syntax.is_writable_reference(p.type)]


def _iterator_loop(found: IteratorLoop, name: str, rewriter: Rewriter) -> None:
    text = rewriter.text(found.container)
    low, high = rewriter.header_span(found.cursor)
    header = f"std::size_t {name} = 0; {name} < {text}.size(); ++{name}"
    rewriter.edits.replace_range(low, high, header)
    for node, field in found.elements:
        rewriter.edits.replace(node, f"{text}[{name}]{field}")
    for node in found.positions:
        rewriter.edits.replace(node, name)
