"""Linear recurrences ``s = f * s + x[i]`` in groups that do not wait for each other inside."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource, SourceError
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import LoopReport, analyse
from parallel_agent.proposers.rules.linear_terms import factor_of
from parallel_agent.proposers.rules.output_iterators import indexed
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values
from parallel_agent.proposers.rules.writing import Rewriter


@dataclass(frozen=True)
class _Recurrence:
    """A loop that carries one number, of which each iteration keeps ``factor`` times."""

    report: LoopReport
    carried: Any
    factor: str
    before: tuple[Any, ...]
    update: Any
    after: tuple[Any, ...]


class LinearRecurrence:
    """First-order linear recurrences with a constant factor, such as exponential averages.

    The elements of a group start from zero; what was carried in is added to them times powers of
    the factor (P. M. Kogge and H. S. Stone: A parallel algorithm for the efficient solution of a
    general class of recurrence equations, 1973), so that one multiplication and one addition a
    group wait for the group before. One variant, ``groups``, on one thread.
    """

    name = "linear_recurrence"
    tunables: Mapping[str, tuple[int, ...]] = {"group": (4, 8)}

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``groups``, where a loop carries such a number and nothing else."""
        return ["groups"] if _found(parsed) else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its recurrences in groups."""
        found = _found(parsed)
        if found is None:
            raise NotApplicable("no loop carries one number that it multiplies by a constant")
        parsed, recurrences = found
        rewriter = Rewriter(analyse(parsed))
        for recurrence in recurrences:
            lines = _grouped(rewriter, recurrence, options.tuning.get("group", 4))
            rewriter.replace_loop(recurrence.report, lines)
        doubts = tuple(doubt for r in recurrences for doubt in r.report.doubts)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{r.report.loop.name} carries {r.carried.spelling} alone, times {r.factor}"
                for r in recurrences
            ),
            reasons_against=(
                *doubts,
                *(f"{r.report.loop.name}: the rounding changes" for r in recurrences),
            ),
            speculative=bool(doubts),
        )


def _found(parsed: ParsedSource) -> tuple[ParsedSource, list[_Recurrence]] | None:
    """The recurrences of a source, and the source with the loops' iterators as subscripts."""
    source = parsed.kernel.source
    if re.search(r" = local\w* \+ powers\w*\[[37]\] \* ", source) or "#pragma omp" in source:
        return None
    plain = indexed(parsed)
    if plain != source:
        try:
            parsed = reparsed(plain, parsed.kernel.name)
        except SourceError:
            return None
    analysis = analyse(parsed)
    found = [r for report in analysis.loops if (r := _recurrence(report, analysis.values))]
    return (parsed, found) if found else None


def _recurrence(report: LoopReport, values: Values) -> _Recurrence | None:
    loop = report.loop
    counted = loop.cursor.kind == Kind.FOR_STMT and loop.declares_variable and not report.inner
    if not counted or loop.descending or loop.step.value != 1 or loop.variable is None:
        return None
    others = report.array_updates or report.reductions or report.lastprivate or report.private
    if report.obstacles or others or len(report.carried_scalars) != 1:
        return None
    condition = syntax.strip(syntax.children(loop.cursor)[1])
    if syntax.binary_operator(condition) not in ("<", "!="):
        return None
    (root,) = report.carried_scalars
    carried = report.effects.of(root)[0].path.declaration
    body = syntax.statements(loop.body)
    naming = [s for s in body if root in syntax.variables(s)]
    known = factor_of(naming[0], root, values) if naming else None
    if known is None or syntax.bare_type(carried.type) not in ("double", "float"):
        return None
    factor, named = known
    at = body.index(naming[0])
    before, after = body[:at], body[at + 1 :]
    changing = {*report.effects.declared, *report.effects.written(), loop.variable.name}
    constant = all(_constants(statement, values) for statement in before)
    writes = sum(access.kind != "read" for access in report.effects.of(root))
    jumps = any(n.kind == Kind.CONTINUE_STMT for n in syntax.walk(loop.body))
    if factor == "1" or named & changing or not constant or jumps or writes != 1:
        return None
    return _Recurrence(report, carried, factor, tuple(before), naming[0], tuple(after))


def _constants(statement: Any, values: Values) -> bool:
    """True for a declaration of what does not change."""
    declared = syntax.children(statement) if statement.kind == Kind.DECL_STMT else []
    return bool(declared) and not any(values.assigned(d) for d in declared)


def _grouped(rewriter: Rewriter, found: _Recurrence, group: int) -> list[str]:
    loop, carried = found.report.loop, found.carried.spelling
    i, type_ = loop.declaration.spelling, syntax.bare_type(found.carried.type)
    index = rewriter.spelled_type(loop.declaration).removeprefix("const ")
    first, bound = (rewriter.text(part) for part in loop.header)
    k, local, sums, powers, value, end, factor = (
        rewriter.free_name(name, f"{name}_2")
        for name in ("k", "local", "in_group", "powers", "value", "end", "factor")
    )

    def statement(node: Any, name: str) -> str:
        names = {syntax.key(found.carried): name, syntax.key(loop.declaration): f"({i} + {k})"}
        return rewriter.renamed(node, names).replace(f"[({i} + {k})]", f"[{i} + {k}]")

    declared = {syntax.key(d): s for s in found.before for d in syntax.children(s)}
    used = set().union(*(syntax.variables(s) for s in found.after))
    again = [s for s in found.before if any(declared[name] == s for name in used & set(declared))]
    steps = [statement(s, local) for s in (*found.before, found.update)]
    uses = [
        f"for (int {k} = 0; {k} < {group}; ++{k}) {{",
        *rewriter.indented(
            [f"const {type_} {value} = {sums}[{k}] + {powers}[{k}] * {carried};"]
            + [statement(s, value) for s in (*again, *found.after)]
        ),
        "}",
    ]
    inside = [
        *([f"{type_} {sums}[{group}];"] if found.after else []),
        f"{type_} {local} = 0;",
        f"for (int {k} = 0; {k} < {group}; ++{k}) {{",
        *rewriter.indented([*steps, *([f"{sums}[{k}] = {local};"] if found.after else [])]),
        "}",
        *(uses if found.after else []),
        f"{carried} = {local} + {powers}[{group - 1}] * {carried};",
    ]
    rest = [textwrap.dedent(rewriter.renamed(s, {})) for s in syntax.statements(loop.body)]
    lines = [
        "// Within a group no element waits for the groups before it; they add powers of the factor.",
        f"const {type_} {factor} = {found.factor};",
        f"{type_} {powers}[{group}];",
        f"{powers}[0] = {factor};",
        f"for (int {k} = 1; {k} < {group}; ++{k}) {{",
        *rewriter.indented([f"{powers}[{k}] = {factor} * {powers}[{k} - 1];"]),
        "}",
        f"const {index} {end} = {bound};",
        f"{index} {i} = {first};",
        f"for (; {i} < {end} && {end} - {i} >= {group}; {i} += {group}) {{",
        *rewriter.indented(inside),
        "}",
        f"for (; {i} < {end}; ++{i}) {{",
        *rewriter.indented(rest),
        "}",
    ]
    return ["{", *rewriter.indented(lines), "}"]
