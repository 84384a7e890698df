"""Double buffering: two grids change places after a time step, where one was copied to the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, LoopReport, analyse
from parallel_agent.proposers.rules.polynomials import Polynomial, Symbol
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.time_steps import plain
from parallel_agent.proposers.rules.values import Path, Subscript
from parallel_agent.proposers.rules.writing import Rewriter


@dataclass(frozen=True)
class _Copied:
    """``for (t ...) { compute other from grid; copy other to grid }``, for each of several pairs.

    ``fresh`` are the declarations of those buffers that do not start as copies of their grids.
    """

    steps: LoopReport
    copies: tuple[Any, ...]
    pairs: tuple[tuple[Any, Any], ...]
    fresh: tuple[Any, ...]


class DoubleBuffering:
    """Time steps that write a new grid and copy it back.

    The variant ``swap`` lets the two vectors change places instead, which takes no time. What no
    step writes (the rim of the grid) is the same in both from the start. The result is sequential:
    `time_skewing` and `parallel_loop` go on from it.
    """

    name = "double_buffering"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``swap`` where a copy can go."""
        return ["swap"] if next(_copied(analyse(parsed)), None) is not None else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source without the copies of its time steps."""
        analysis = analyse(parsed)
        found = list(_copied(analysis))
        if not found or options.variant not in self.variants(parsed):
            raise NotApplicable("no loop over time steps copies a whole new grid back")
        rewriter = Rewriter(analysis)
        for copied in found:
            _write(rewriter, copied)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"line {syntax.line(c.copies[0])} copies what {c.steps.loop.name} has just "
                "computed: two vectors that change places need no copy"
                for c in found
            ),
        )


def _write(rewriter: Rewriter, copied: _Copied) -> None:
    swaps = "\n".join(f"{grid.spelling}.swap({other.spelling});" for grid, other in copied.pairs)
    first, *others = copied.copies
    margin = rewriter.indentation(first)
    text = "\n".join(f"{margin}{line}" for line in swaps.split("\n"))
    rewriter.edits.replace_range(*rewriter.span(first), text)
    for statement in others:
        start, end = rewriter.span(statement)
        rewriter.edits.replace_range(start - 1, end, "")
    partners = {syntax.key(other): grid for grid, other in copied.pairs}
    for declaration in copied.fresh:
        grid = partners[syntax.key(declaration)].spelling
        start, end = declaration.location.offset, declaration.extent.end.offset
        rewriter.edits.replace_range(start, end, f"{declaration.spelling} = {grid}")


def _copied(analysis: Analysis) -> Iterator[_Copied]:
    for steps in analysis.all_loops():
        if len(steps.inner) > 1 and plain(steps) and not steps.parallel:
            found = _Finder(analysis, steps).found()
            if found is not None:
                yield found


class _Finder:
    """Looks at one loop over time steps."""

    def __init__(self, analysis: Analysis, steps: LoopReport) -> None:
        self.analysis, self.values, self.steps = analysis, analysis.values, steps
        self.function = analysis.parsed.function
        self.compute = steps.inner[0]

    def found(self) -> _Copied | None:
        """The copies that can go; None if there are none, or not all that must."""
        first, *copies = syntax.statements(self.steps.loop.body)
        reports = list(self.steps.inner[1:])
        alike = [report.loop.cursor for report in reports] == copies
        if first != self.compute.loop.cursor or not alike or not self.compute.parallel:
            return None
        pairs: list[tuple[Any, Any]] = []
        for report in reports:
            copied = self.pairs(report)
            if not copied:
                return None
            pairs += copied
        others = [syntax.key(other) for _, other in pairs]
        grids = [syntax.key(grid) for grid, _ in pairs]
        distinct = len(set(others + grids)) == 2 * len(pairs)
        if not distinct or set(self.compute.effects.written()) != set(others):
            return None
        if not all(self.exchangeable(grid, other) for grid, other in pairs):
            return None
        fresh = [other for grid, other in pairs if not self.starts_as(other, grid)]
        return _Copied(self.steps, tuple(copies), tuple(pairs), tuple(fresh))

    def pairs(self, copy: LoopReport) -> list[tuple[Any, Any]]:
        """What a perfect nest copies, if the steps compute the same elements in all iterations."""
        nest, inner = _nest(copy), _nest(self.compute, declarations=True)
        shared = list(zip(inner, nest, strict=False))
        if len(shared) != len(nest) or not all(map(plain, nest + inner[: len(nest)])):
            return []
        names: dict[Symbol, Polynomial] = {}
        for mine, its in shared:
            assert mine.loop.variable is not None and its.loop.variable is not None
            bounds = [_renamed(p, names) for p in (its.loop.lower, its.loop.upper)]
            if bounds != [mine.loop.lower, mine.loop.upper]:
                return []
            names[its.loop.variable] = Polynomial.variable(mine.loop.variable)
        found = []
        for statement in syntax.statements(nest[-1].loop.body):
            if syntax.binary_operator(statement) != "=":
                return []
            to, source = (self.values.path(part) for part in syntax.children(statement))
            if to is None or source is None or _at(to, names) is None:
                return []
            if _at(to, names) != _at(source, names):
                return []
            if not self.all_stored(inner[len(nest) - 1], source, names):
                return []
            found.append((to.declaration, source.declaration))
        return found

    def all_stored(
        self, innermost: LoopReport, place: Path, names: dict[Symbol, Polynomial]
    ) -> bool:
        """True if every iteration stores to a place, and nothing else touches its vector."""
        wanted = _at(place, names)
        accesses = self.compute.effects.of(place.root)
        if any(a.kind != "write" or _at(a.path, {}) != wanted for a in accesses):
            return False
        nodes = [access.node for access in accesses]
        return _stores(innermost.loop.body, nodes) and not _leaves_early(innermost.loop.body)

    def exchangeable(self, grid: Any, other: Any) -> bool:
        """True for a vector and a local one that is used nowhere else, without pointers into them."""
        types = [syntax.bare_type(d.type) for d in (grid, other)]
        if types[0] != types[1] or not types[0].startswith("std::vector<"):
            return False
        if syntax.is_reference(other.type) or other.kind != Kind.VAR_DECL:
            return False
        if grid.kind == Kind.VAR_DECL and syntax.is_reference(grid.type):
            return False
        block = next(
            (b for b in self.blocks() if self.steps.loop.cursor in syntax.children(b)), None
        )
        if block is None:
            return False
        before = syntax.children(block)
        before = before[: before.index(self.steps.loop.cursor)]
        declared = [s for s in before if syntax.contains(s, other)]
        alone = len(declared) == 1 and len(syntax.children(declared[0])) == 1
        if not declared or not (alone or self.starts_as(other, grid)):
            return False
        names = {syntax.key(grid), syntax.key(other)}
        between = before[before.index(declared[0]) + 1 :]
        if any(syntax.variables(statement) & names for statement in between):
            return False
        elsewhere = [
            node
            for node in self.function.walk_preorder()
            if syntax.is_variable(node)
            and syntax.key(node.referenced) == syntax.key(other)
            and not syntax.contains(self.steps.loop.cursor, node)
        ]
        return not elsewhere and not self.pointed_at(names)

    def blocks(self) -> Iterator[Any]:
        return (n for n in self.function.walk_preorder() if n.kind == Kind.COMPOUND_STMT)

    def pointed_at(self, names: set[str]) -> bool:
        """True if a pointer, a reference or an iterator to the vectors is kept."""
        return any(
            node.kind == Kind.VAR_DECL
            and syntax.key(node) not in names
            and syntax.variables(node) & names
            and (syntax.is_reference(node.type) or not syntax.is_arithmetic(node.type))
            for node in self.function.walk_preorder()
        )

    def starts_as(self, other: Any, grid: Any) -> bool:
        """True for ``std::vector<T> other = grid;`` and ``other(grid)``."""
        value = syntax.initializer(other)
        value = syntax.strip(value) if value is not None else None
        named = value is not None and syntax.is_variable(value)
        return named and value is not None and syntax.key(value.referenced) == syntax.key(grid)


def _nest(report: LoopReport, *, declarations: bool = False) -> list[LoopReport]:
    """A loop and those inside it as long as nothing (or only declarations) stands between them."""
    found = [report]
    while len(found[-1].inner) == 1:
        (inner,) = found[-1].inner
        others = [s for s in syntax.statements(found[-1].loop.body) if s != inner.loop.cursor]
        if not all(declarations and statement.kind == Kind.DECL_STMT for statement in others):
            break
        found.append(inner)
    return found


def _renamed(polynomial: Polynomial | None, names: dict[Symbol, Polynomial]) -> Polynomial | None:
    for symbol, other in names.items():
        polynomial = polynomial.substitute(symbol, other) if polynomial is not None else None
    return polynomial


def _at(path: Path, names: dict[Symbol, Polynomial]) -> tuple[Polynomial, ...] | None:
    """The subscripts of a place; None if one is no polynomial, or is none."""
    found = []
    for element in path.elements:
        position = element.position if isinstance(element, Subscript) else None
        position = _renamed(position, names)
        if position is None:
            return None
        found.append(position)
    return tuple(found) or None


def _stores(body: Any, targets: list[Any]) -> bool:
    """True if every way through a body passes one of the stores."""
    for statement in syntax.statements(body):
        if syntax.binary_operator(statement) == "=":
            if syntax.strip(syntax.children(statement)[0]) in targets:
                return True
        elif statement.kind == Kind.IF_STMT:
            branches = syntax.children(statement)[1:]
            if len(branches) == 2 and all(_stores(branch, targets) for branch in branches):
                return True
    return False


def _leaves_early(node: Any) -> bool:
    """True if ``continue`` may end an iteration."""
    return any(
        child.kind == Kind.CONTINUE_STMT
        or (child.kind not in syntax.LOOP_KINDS and _leaves_early(child))
        for child in node.get_children()
    )
