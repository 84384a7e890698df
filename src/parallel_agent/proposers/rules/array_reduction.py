"""Reductions into the elements of an array: histograms and other scattered sums."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, ArrayUpdate, LoopReport, analyse
from parallel_agent.proposers.rules.effects import Access
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.targets import schedule
from parallel_agent.proposers.rules.updates import update_of
from parallel_agent.proposers.rules.writing import Rewriter, data_clauses

_STACK_ELEMENTS = 4096
"""Array sections are privatized on the stack: larger ones could overflow it."""

_FIXED = re.compile(r"^std::array<.*, (\d+)(?:UL|U)?>$")
_C_ARRAY = re.compile(r"^[^<]*\[(\d+)\]$")
_VECTOR = re.compile(r"^std::vector<(.*?)(?:, std::allocator<.*>)?>$")
_IDENTITIES = {
    "+": "",
    "|": "",
    "^": "",
    "*": "1",
    "&": "~{element}{{0}}",
    "min": "std::numeric_limits<{element}>::max()",
    "max": "std::numeric_limits<{element}>::lowest()",
}


@dataclass(frozen=True)
class _Array:
    """An updated array: its type as written in the source, and its length where that is fixed."""

    update: ArrayUpdate
    kind: str
    type: str
    element: str
    length: int | None

    @property
    def name(self) -> str:
        return self.update.name

    @property
    def size(self) -> str:
        return str(self.length) if self.kind == "c array" else f"{self.name}.size()"


class ArrayReduction:
    """Threads combine values into copies of an array, which are merged in the end.

    Variants: ``private_copies`` (a copy for each thread, on the heap for vectors),
    ``array_section`` (OpenMP's own copies, for small arrays of fixed length) and ``atomic`` (no
    copies: each update by itself, for large arrays that iterations rarely meet in).
    """

    name = "array_reduction"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that this source allows, best first."""
        analysis = analyse(parsed)
        chosen = _targets(analysis)
        ways = (("private_copies", _copyable), ("array_section", _small), ("atomic", _atomic))
        found = [name for name, possible in ways if chosen and all(map(possible, chosen))]
        return [name for name in found if name != "atomic" or "array_section" not in found]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its array updates done in parallel."""
        analysis = analyse(parsed)
        chosen = _targets(analysis)
        if options.variant not in self.variants(parsed):
            raise NotApplicable(f"no array is updated in a way that {options.variant} suits")
        rewriter = Rewriter(analysis)
        write = {"atomic": _write_atomic, "array_section": _write_section}
        for report in chosen:
            write.get(options.variant, _write_copies)(rewriter, report, analysis)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"{report.loop.name} only combines values into {update.name} with {update.operator}"
                for report in chosen
                for update in report.array_updates
            ),
            reasons_against=_reasons_against(chosen, options.variant),
            speculative=any(report.doubts for report in chosen),
        )


def _targets(analysis: Analysis) -> list[LoopReport]:
    """The outermost loops that nothing but array updates keeps from running in parallel."""
    found: list[LoopReport] = []
    pending = list(analysis.loops)
    while pending:
        report = pending.pop(0)
        if report.array_updates and not report.obstacles and not report.carried_scalars:
            found.append(report)
        elif not report.parallel:
            pending = [*report.inner, *pending]
    return found


def _reasons_against(chosen: list[LoopReport], variant: str) -> tuple[str, ...]:
    reasons = [doubt for report in chosen for doubt in report.doubts]
    for report in chosen:
        for update in report.array_updates:
            if variant == "atomic":
                reasons.append(f"every update of {update.name} becomes an atomic operation")
            elif _array(update).length is None:
                reasons.append(f"every thread fills and merges a whole copy of {update.name}")
    return tuple(reasons)


def _array(update: ArrayUpdate) -> _Array:
    spelling = syntax.bare_type(update.declaration.type)
    written = update.declaration.type.spelling.removesuffix("&").strip().removeprefix("const ")
    fixed, c_array, vector = (p.match(spelling) for p in (_FIXED, _C_ARRAY, _VECTOR))
    if fixed:
        element = spelling.removeprefix("std::array<").rsplit(",", 1)[0]
        return _Array(update, "std::array", written, element, int(fixed.group(1)))
    if c_array:
        element = spelling.split("[")[0].strip()
        return _Array(update, "c array", written, element, int(c_array.group(1)))
    if vector:
        return _Array(update, "vector", written, vector.group(1), None)
    return _Array(update, "unknown", written, "", None)


def _accesses(report: LoopReport, update: ArrayUpdate) -> list[Access]:
    return report.effects.of(syntax.key(update.declaration))


def _direct(report: LoopReport, update: ArrayUpdate) -> bool:
    """True if the loop names the array itself at every access, not a reference to it."""
    name = syntax.key(update.declaration)
    return all(name in syntax.variables(access.node) for access in _accesses(report, update))


def _copyable(report: LoopReport) -> bool:
    arrays = [_array(update) for update in report.array_updates]
    return all(
        array.kind in ("vector", "std::array", "c array")
        and (array.length or 0) <= _STACK_ELEMENTS
        and array.update.operator in _IDENTITIES
        and _direct(report, array.update)
        for array in arrays
    )


def _small(report: LoopReport) -> bool:
    arrays = [_array(update) for update in report.array_updates]
    return all(
        array.length is not None
        and array.length <= _STACK_ELEMENTS
        and _direct(report, array.update)
        for array in arrays
    )


def _atomic(report: LoopReport) -> bool:
    return all(update.operator in "+*&|^" for update in report.array_updates)


def _write_copies(rewriter: Rewriter, report: LoopReport, _: Analysis) -> None:
    arrays = [_array(update) for update in report.array_updates]
    copies = {a.name: rewriter.free_name(f"{a.name}_local") for a in arrays}
    keys = {syntax.key(a.update.declaration): copies[a.name] for a in arrays}
    before = [line for array in arrays for line in _declare(array, copies[array.name])]
    after = [line for array in arrays for line in _merge(rewriter, array, copies[array.name])]
    if any(array.update.operator in ("min", "max") for array in arrays):
        rewriter.include("limits")
        rewriter.include("algorithm")
    clauses = [*data_clauses(report), schedule(report, dynamic=True), "nowait"]
    rewriter.parallel_block(
        report,
        before=before,
        loop=rewriter.renamed(report.loop.cursor, keys),
        after=["{", *(rewriter.unit + line for line in after), "}"] if len(arrays) > 1 else after,
        clauses=" ".join(clauses),
    )


def _declare(array: _Array, copy: str) -> list[str]:
    identity = _IDENTITIES[array.update.operator].format(element=array.element)
    if array.kind == "vector":
        return [f"{array.type} {copy}({array.size}{', ' + identity if identity else ''});"]
    if array.kind == "std::array":
        filled = [f"{copy}.fill({identity});"] if identity else []
        return [f"{array.type} {copy}{{}};", *filled]
    declared = [f"{array.element} {copy}[{array.length}] = {{}};"]
    return (
        [*declared, f"for (auto& element : {copy}) element = {identity};"] if identity else declared
    )


def _merge(rewriter: Rewriter, array: _Array, copy: str) -> list[str]:
    name, operator = array.name, array.update.operator
    k = rewriter.free_name("k", "m", "bin")
    if operator in ("min", "max"):
        combined = f"{name}[{k}] = std::{operator}({name}[{k}], {copy}[{k}]);"
    else:
        combined = f"{name}[{k}] {operator}= {copy}[{k}];"
    head = f"for (std::size_t {k} = 0; {k} < {array.size}; ++{k}) {{"
    return [head, f"{rewriter.unit}{combined}", "}"]


def _write_section(rewriter: Rewriter, report: LoopReport, _: Analysis) -> None:
    clauses, keys, pointers = [], {}, []
    for update in report.array_updates:
        array = _array(update)
        pointer = array.name
        if array.kind == "std::array":
            pointer = rewriter.free_name(f"{array.name}_data")
            pointers.append(f"auto* {pointer} = {array.name}.data();")
            keys[syntax.key(update.declaration)] = pointer
        clauses.append(f"reduction({update.operator} : {pointer}[:{array.length}])")
    clauses = [*data_clauses(report), *clauses, schedule(report, dynamic=True)]
    directive = f"parallel for {' '.join(clauses)}"
    pragma = f"#pragma omp {directive}"
    loop = rewriter.renamed(report.loop.cursor, keys)
    rewriter.replace_loop(report, [*pointers, pragma, loop])


def _write_atomic(rewriter: Rewriter, report: LoopReport, analysis: Analysis) -> None:
    names = {syntax.key(update.declaration) for update in report.array_updates}
    rewriter.directive(report, "parallel for", schedule(report, dynamic=True))
    for statement in syntax.walk(report.loop.body):
        update = update_of(statement, analysis.values)
        if update is None or statement.kind == Kind.IF_STMT:
            continue
        path = analysis.values.path(update.target)
        if path is not None and path.root in names:
            rewriter.pragma(report, statement, "atomic")
