"""If-conversion: branches in innermost loops become selections, which vector lanes can do.

J. R. Allen, K. Kennedy, C. Porterfield, J. Warren: Conversion of control dependence to data
dependence, POPL 1983.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.parallel_loop import ParallelLoop
from parallel_agent.proposers.rules.reduction import Reduction
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.simd_loop import SimdLoop
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal, Strategy
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.updates import same
from parallel_agent.proposers.rules.values import Values

_ADDED = ("+=", "-=", "|=", "^=")
"""What leaves a variable as it is when the value is 0."""
_BITWISE = {"&&": "&", "||": "|"}

# After the conversion other strategies see loops without branches.
_DELEGATES: dict[str, tuple[tuple[Strategy, str], ...]] = {
    "parallel_simd": ((Reduction(), "parallel_simd"), (ParallelLoop(), "simd")),
    "simd": ((Reduction(), "simd"), (SimdLoop(), "simd")),
}


class IfConversion:
    """``if (c) s += v`` becomes ``s += c ? v : 0``, and ``a && b`` becomes ``a & b``.

    Compilers vectorize the former only where they can show that evaluating ``b`` and storing a
    value back does no harm. Variants: ``parallel_simd`` (threads and vector lanes) and ``simd``.
    """

    name = "if_conversion"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that this source allows, best first."""
        converted = _converted(parsed)
        if converted is None:
            return []
        after = reparsed(converted.source, parsed.kernel.name)
        return [name for name in _DELEGATES if _delegate(after, name) is not None]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source without these branches, and with directives on its loops."""
        converted = _converted(parsed)
        if converted is None:
            raise NotApplicable("no innermost loop has branches that can become selections")
        after = reparsed(converted.source, parsed.kernel.name)
        chosen = _delegate(after, options.variant)
        if chosen is None:
            raise NotApplicable(f"without its branches no loop allows {options.variant}")
        strategy, variant = chosen
        proposal = strategy.rewrite(after, options.model_copy(update={"variant": variant}))
        lines = ", ".join(str(line) for line in converted.lines)
        return Proposal(
            source=proposal.source,
            reasons_for=(
                f"line {lines}: the branch becomes a selection, which vector lanes can do",
                *proposal.reasons_for,
            ),
            reasons_against=(*converted.doubts, *proposal.reasons_against),
            speculative=proposal.speculative or bool(converted.doubts),
        )


def _delegate(after: ParsedSource, variant: str) -> tuple[Strategy, str] | None:
    offers = _DELEGATES.get(variant, ())
    return next((offer for offer in offers if offer[1] in offer[0].variants(after)), None)


@dataclass(frozen=True)
class _Converted:
    source: str
    lines: tuple[int, ...]
    doubts: tuple[str, ...]


def _converted(parsed: ParsedSource) -> _Converted | None:
    """The source with the branches of its innermost loops converted, where all of a loop can be."""
    analysis = analyse(parsed)
    edits = Edits(parsed.kernel.source)
    lines: list[int] = []
    doubts: list[str] = []
    for report in analysis.all_loops():
        branches = [] if report.inner else _branches(report)
        selections = [_selection(branch, analysis.values) for branch in branches]
        texts = [selection for selection in selections if selection is not None]
        if len(texts) < len(branches):
            continue
        for branch, text in zip(branches, texts, strict=True):
            edits.replace_range(*_span(branch, parsed.kernel.source), text)
            lines.append(syntax.line(branch))
            doubts += _doubts(branch, analysis)
    return _Converted(edits.apply(), tuple(lines), tuple(doubts)) if lines else None


def _branches(report: LoopReport) -> list[Any]:
    return [node for node in syntax.walk(report.loop.body) if node.kind == Kind.IF_STMT]


def _span(branch: Any, source: str) -> tuple[int, int]:
    """The bytes of an if statement, the semicolon of its last statement included."""
    start, end = branch.extent.start.offset, branch.extent.end.offset
    rest = source.encode()[end:]
    if rest.lstrip().startswith(b";"):
        end += rest.index(b";") + 1
    return start, end


def _selection(branch: Any, values: Values) -> str | None:
    """The statement that takes the place of an if statement; None if there is none."""
    parts = syntax.children(branch)
    if len(parts) != 2 or not parts[0].kind.is_expression():
        return None
    inside = syntax.statements(parts[1])
    condition = without_short_cuts(parts[0], values)
    if len(inside) != 1 or condition is None:
        return None
    return _selected(syntax.strip(inside[0]), condition, parts[0], values)


def _selected(statement: Any, condition: str, test: Any, values: Values) -> str | None:
    step = syntax.unary_operator(statement)
    if step in ("++", "--"):
        (target,) = syntax.children(statement)
        # As below: another element might not be there.
        there = syntax.is_variable(syntax.strip(target)) or _reads(test, target, values)
        plain = there and syntax.is_arithmetic(target.type)
        return f"{values.text(target)} {step[0]}= {condition} ? 1 : 0;" if plain else None
    operator = syntax.binary_operator(statement)
    if operator not in (*_ADDED, "="):
        return None
    target, value = syntax.children(statement)
    if not syntax.is_arithmetic(target.type):
        return None
    text, name = values.text(value), values.text(target)
    if operator in _ADDED:
        # A scalar: storing an element that was not to be touched could be out of bounds.
        scalar = syntax.is_variable(syntax.strip(target))
        return f"{name} {operator} {condition} ? ({text}) : 0;" if scalar else None
    if not _reads(test, target, values) or not _same_type(target, value):
        return None
    return f"{name} = {condition} ? ({text}) : {name};"


def _reads(test: Any, target: Any, values: Values) -> bool:
    """True if a condition reads the very element that is stored to: then it is there."""
    subscripted = syntax.strip(target).kind in (Kind.ARRAY_SUBSCRIPT_EXPR, Kind.CALL_EXPR)
    return subscripted and any(same(node, target, values) for node in syntax.walk(test))


def _same_type(target: Any, value: Any) -> bool:
    bare = syntax.strip(value)
    literal = bare.kind in (Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL)
    return literal or syntax.bare_type(target.type) == syntax.bare_type(bare.type)


def without_short_cuts(condition: Any, values: Values) -> str | None:
    """A condition that evaluates all its operands; None if evaluating one could do harm."""
    node = syntax.strip(condition)
    operator = syntax.binary_operator(node)
    if operator in _BITWISE:
        left, right = (without_short_cuts(part, values) for part in syntax.children(node))
        if left is None or right is None:
            return None
        return f"({left} {_BITWISE[operator]} {right})"
    if not harmless(node):
        return None
    text = values.text(node)
    return f"({text})" if syntax.bare_type(node.type) == "bool" else f"(({text}) != 0)"


def harmless(condition: Any) -> bool:
    """True for an expression that changes nothing and cannot trap, but for its subscripts."""
    for node in syntax.walk(condition):
        if node.kind == Kind.CALL_EXPR and node.spelling not in ("operator[]", "size"):
            return False
        if node.kind == Kind.COMPOUND_ASSIGNMENT_OPERATOR or node.kind == Kind.LAMBDA_EXPR:
            return False
        if syntax.binary_operator(node) in ("=", "/", "%", ","):
            return False
        if syntax.unary_operator(node) in ("++", "--", "*"):
            return False
    return True


def _doubts(branch: Any, analysis: Analysis) -> list[str]:
    """What could be read now that was not read before."""
    found = []
    for node in syntax.walk(syntax.children(branch)[0]):
        if syntax.binary_operator(node) in _BITWISE:
            right = syntax.children(node)[1]
            kinds = {part.kind for part in syntax.walk(right)}
            if kinds & {Kind.ARRAY_SUBSCRIPT_EXPR, Kind.CALL_EXPR}:
                text = " ".join(analysis.values.text(right).split())
                found.append(f"line {syntax.line(branch)}: {text} is now always evaluated")
    return found
