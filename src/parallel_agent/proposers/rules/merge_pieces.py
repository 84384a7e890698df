"""Writing a merge in pieces."""

from __future__ import annotations

import re
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.merge_order import Order
from parallel_agent.proposers.rules.merge_start import Start
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.two_way_merges import TwoWayMerge, loop_parts
from parallel_agent.proposers.rules.writing import Rewriter

_INDEX = "std::ptrdiff_t"


class MergePieces:
    """One merge written anew."""

    def __init__(self, rewriter: Rewriter, merge: TwoWayMerge, order: Order, start: Start) -> None:
        self.rewriter, self.merge, self.order, self.start = rewriter, merge, order, start
        self.first, self.second = merge.first.spelling, merge.second.spelling
        free = rewriter.free_name
        self.counts = [free(f"{name}_count") for name in (self.first, self.second)]
        self.ends = [free(f"{name}_end") for name in (self.first, self.second)]
        self.pushed = merge.position is None
        self.position = free("k", "position") if merge.position is None else merge.position.spelling
        wanted = ("total", "unordered", "pieces", "piece", "begin", "end", "taken", "done")
        self.names = {name: free(name, f"{name}_here") for name in (*wanted, "low", "high", "at")}

    def write(self) -> None:
        """Replace the loops and the declarations of their positions."""
        for header in ("algorithm", "cstddef", "omp.h"):
            self.rewriter.include(header)
        for declaration in self.start.declarations:
            start, end = self.rewriter.span(declaration)
            whole = self.rewriter.starts_line(declaration)
            self.rewriter.edits.replace_range(start - whole, end, "")
        loops = self.merge.statements
        lines = [*self.counting(), *self.looking(), *self.searching(), *self.merging()]
        block = ["{", *self.rewriter.indented(lines), "}"]
        margin = self.rewriter.indentation(loops[0])
        text = "\n".join(f"{margin}{line}" for line in "\n".join(block).split("\n"))
        start, end = self.rewriter.span(loops[0])[0], self.rewriter.span(loops[-1])[1]
        self.rewriter.edits.replace_range(start, end, text)

    def counting(self) -> list[str]:
        """How many elements there are."""
        total, names = self.names["total"], self.names
        bounds = (*self.merge.ends, *([self.merge.limit] if self.merge.limit else []))
        sizes = [self.size(bound) for bound in bounds]
        whole = sizes[2] if len(sizes) > 2 else " + ".join(self.counts)
        lines = [
            f"const {_INDEX} {name} = {size};"
            for name, size in zip((*self.counts, total), (*sizes[:2], whole), strict=True)
        ]
        if self.pushed:
            (output,) = self.merge.outputs.values()
            lines += [
                f"const {_INDEX} {names['done']} = {output.spelling}.size();",
                f"{output.spelling}.resize({names['done']} + {total});",
            ]
        return lines

    def size(self, bound: Any) -> str:
        """How many elements a bound stands for."""
        text = self.rewriter.text(bound)
        unsigned = syntax.bare_type(bound.type).startswith("unsigned")
        return text if unsigned else f"std::max<{_INDEX}>(0, {text})"

    def looking(self) -> list[str]:
        """The test for order, which decides how many pieces there are."""
        at, unordered, pieces = (self.names[n] for n in ("at", "unordered", "pieces"))
        lines = [f"{_INDEX} {unordered} = 0;"]
        for which, count in enumerate(self.counts):
            condition = self.order.in_order(which, f"{at} - 1", at)
            lines += [
                f"#pragma omp parallel for reduction(+ : {unordered}) schedule(static)",
                f"for ({_INDEX} {at} = 1; {at} < {count}; ++{at}) {{",
                *self.rewriter.indented([f"{unordered} += ({condition}) ? 0 : 1;"]),
                "}",
            ]
        return [
            *lines,
            "// Only what is in order can be merged in pieces.",
            f"const int {pieces} = {unordered} == 0 ? omp_get_max_threads() : 1;",
        ]

    def searching(self) -> list[str]:
        """How many of the first elements of the result come from the first range."""
        i, j = self.first, self.second
        taken, low, high = (self.names[n] for n in ("taken", "low", "high"))
        end = self.names["end"]
        condition = self.order.takes_first(i, j)
        indented = self.rewriter.indented
        inside = [
            f"const {_INDEX} {i} = {low} + ({high} - {low}) / 2;",
            f"const {_INDEX} {j} = {end} - 1 - {i};",
            f"if ({condition}) {{",
            *indented([f"{low} = {i} + 1;"]),
            "} else {",
            *indented([f"{high} = {i};"]),
            "}",
        ]
        body = [
            f"{_INDEX} {low} = std::max<{_INDEX}>(0, {end} - {self.counts[1]});",
            f"{_INDEX} {high} = std::min({end}, {self.counts[0]});",
            f"while ({low} < {high}) {{",
            *indented(inside),
            "}",
            f"return {low};",
        ]
        return [
            f"// How many of the first `{end}` merged elements come from the range of {i}.",
            f"const auto {taken} = [&]({_INDEX} {end}) {{",
            *indented(body),
            "};",
        ]

    def merging(self) -> list[str]:
        """The pieces, each by the loops of the original."""
        names, merge = self.names, self.merge
        piece, pieces, total = (names[n] for n in ("piece", "pieces", "total"))
        begin, end, taken = (names[n] for n in ("begin", "end", "taken"))
        types = [self.type_of(d) for d in (merge.first, merge.second)]
        place = f"{names['done']} + {begin}" if self.pushed else begin
        index = _INDEX if merge.position is None else self.type_of(merge.position)
        limit_type = index if merge.limit is not None else _INDEX
        lines = [
            f"const {limit_type} {begin} = {total} * {piece} / {pieces};",
            f"const {limit_type} {end} = {total} * ({piece} + 1) / {pieces};",
            f"{types[0]} {self.first} = {taken}({begin});",
            f"{types[1]} {self.second} = {begin} - {self.first};",
        ]
        if loop_parts(merge.loop).start is None:
            lines.append(f"{index} {self.position} = {place};")
        if merge.limit is None:
            lines += [
                f"const {types[0]} {self.ends[0]} = {taken}({end});",
                f"const {types[1]} {self.ends[1]} = {end} - {self.ends[0]};",
            ]
        lines += [self.loop(statement) for statement in merge.statements]
        return [
            "#pragma omp parallel for schedule(static)",
            f"for (int {piece} = 0; {piece} < {pieces}; ++{piece}) {{",
            *self.rewriter.indented(lines),
            "}",
        ]

    def type_of(self, declaration: Any) -> str:
        """As the source spells it, also for the second of ``int i = 0, j = 0;``."""
        text = self.rewriter.spelled_type(declaration)
        several = re.match(r"(.*?)\s*\b\w+\s*[={(]", text)
        return several[1] if several else text

    def loop(self, statement: Any) -> str:
        """A loop of the original with the ends of a piece."""
        edits = Edits(self.rewriter.between(0, self.rewriter.length))
        for key, bound in self.merge.bounds:
            if syntax.contains(statement, bound) and (name := self.end_of(key)):
                edits.replace(bound, name)
        start = loop_parts(statement).start
        if start is not None:
            text = f"{self.type_of(self.merge.position)} {self.position} = {self.names['begin']};"
            edits.replace_range(start.extent.start.offset, self.rewriter.span(start)[1], text)
        if self.pushed:
            self.store_pushed(statement, edits)
        begin, end = self.rewriter.span(statement)
        margin = self.rewriter.indentation(statement)
        text = self.rewriter.within(edits, begin, end)
        return "\n".join(line.removeprefix(margin) for line in text.split("\n"))

    def end_of(self, key: str) -> str:
        """What a bound is called in a piece, "" where it stays."""
        limited = self.merge.limit is not None
        if self.merge.position is not None and key == syntax.key(self.merge.position):
            return self.names["end"]
        if limited:
            return ""
        return self.ends[0] if key == syntax.key(self.merge.first) else self.ends[1]

    def store_pushed(self, statement: Any, edits: Edits) -> None:
        """``x[k++] = value`` for ``x.push_back(value)``."""
        for node in syntax.walk(statement):
            if node.kind == Kind.CALL_EXPR and syntax.callee_name(node) == "push_back":
                (argument,) = node.get_arguments()
                owner = self.rewriter.text(syntax.receiver(node))
                start, end = argument.extent.start.offset, argument.extent.end.offset
                edits.replace_range(
                    node.extent.start.offset, start, f"{owner}[{self.position}++] = "
                )
                edits.replace_range(end, node.extent.end.offset, "")
