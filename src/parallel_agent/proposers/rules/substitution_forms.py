"""Writing a substitution by groups of rows, and by blocks that threads share."""

from __future__ import annotations

import re
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.substitution import Substitution
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.writing import Rewriter

MARK = "// Rows of a group wait for each other only in the triangle"
"""How the comment above every rewrite starts."""

_NAMES = {
    **{"first": ("first", "first_row"), "last": ("last", "last_row")},
    **{"group": ("group", "group_rows"), "block": ("block", "block_rows")},
    **{"start": ("start", "block_start"), "stop": ("stop", "block_stop")},
    **{"from": ("from", "column_from"), "to": ("to", "column_to")},
    **{"sums": ("sums", "group_sums"), "k": ("k", "in_group")},
    **{"known": ("known", "known_sums"), "add": ("add_columns", "add_known_columns")},
}


def operand(text: str) -> str:
    """An expression's text with parentheses, unless it is a name, a number or a call."""
    return text if re.fullmatch(r"[\w.]+(\(\))?", text) else f"({text})"


class Groups:
    """Groups of a few rows, on one thread, and what is left over as the original has it."""

    def __init__(self, rewriter: Rewriter, found: Substitution, *, group: int) -> None:
        self.rewriter, self.found, self.group = rewriter, found, group
        self.names = {key: rewriter.free_name(*names) for key, names in _NAMES.items()}
        self.row = found.rows.declaration.spelling
        self.type = self._spelled(found.report.loop.cursor, found.rows.declaration)
        counter = found.columns.loop.declaration
        self.column = counter.spelling
        self.column_type = self._spelled(found.columns.loop.cursor, counter)
        sum_ = found.scalar if found.scalar is not None else found.target
        self.value = syntax.bare_type(sum_.type)

    def _spelled(self, loop: Any, counter: Any) -> str:
        """The type of a loop's variable, which may be one of several in a declaration."""
        own = syntax.within(loop, counter)
        spelled = self.rewriter.spelled_type(counter) if own else syntax.bare_type(counter.type)
        return spelled.removeprefix("const ")

    def lines(self) -> list[str]:
        """The groups, and the rows behind the last whole one."""
        n, rows = self.names, self.found.rows
        group, first, last = n["group"], n["first"], n["last"]
        head = [f"{MARK} at its end.", f"constexpr {self.type} {group} = {self.group};"]
        if rows.backward:
            low = "" if rows.low == "0" else f" - {operand(rows.low)}"
            begin = last if rows.tested_first else f"{last} - 1"
            lines = [
                *(*head, f"{self.type} {last} = {rows.end};"),
                f"for (; {last}{low} >= {group}; {last} -= {group}) {{",
                *self.inside(
                    f"const {self.type} {first} = {last} - {group};",
                    *self.known(last, self.found.edge),
                    *self.triangle(),
                ),
                *("}", self.rest(begin)),
            ]
        else:
            lines = [
                *(*head, f"{self.type} {first} = {rows.low};"),
                f"for (; {first} + {group} <= {rows.end}; {first} += {group}) {{",
                *self.inside(
                    f"const {self.type} {last} = {first} + {group};",
                    *self.known(self.found.edge, first),
                    *self.triangle(),
                ),
                *("}", self.rest(first)),
            ]
        return ["{", *self.inside(*lines), "}"]

    def rest(self, begin: str) -> str:
        """The original loop from another row on."""
        loop = self.found.report.loop.cursor
        return self.rewriter.replaced(loop, {self.found.rows.first: begin})

    def inside(self, *lines: str) -> list[str]:
        """The lines one level further in."""
        return self.rewriter.indented(list(lines))

    def known(self, begin: str, end: str) -> list[str]:
        """The sums of a group over the columns that are known to all its rows."""
        n = self.names
        sums = f"{n['sums']}[{n['k']}]"
        return [
            f"{self.value} {n['sums']}[{n['group']}];",
            *self.for_group(self.initial(sums)),
            *self.for_columns(begin, end, self.for_group(self.update(sums))),
        ]

    def for_group(self, body: list[str]) -> list[str]:
        """A loop over the rows of a whole group."""
        n = self.names
        return [
            f"for ({self.type} {n['k']} = 0; {n['k']} < {n['group']}; ++{n['k']}) {{",
            *self.inside(f"const {self.type} {self.row} = {n['first']} + {n['k']};", *body),
            "}",
        ]

    def for_columns(self, begin: str, end: str, body: list[str]) -> list[str]:
        """A loop over columns."""
        head = f"{self.column_type} {self.column} = {begin}; {self.column} < {end}; ++{self.column}"
        return [f"for ({head}) {{", *self.inside(*body), "}"]

    def triangle(self, sums: str = "") -> list[str]:
        """The group's rows one after the other, which lack its own columns only."""
        n, found = self.names, self.found
        first, last, row = n["first"], n["last"], self.row
        sums = sums or f"{n['sums']}[{row} - {first}]"
        constants = self.constants(found.update, *found.after)
        if found.scalar is not None:
            start = [f"{self.value} {found.scalar.spelling} = {sums};"]
        else:
            own = self.rewriter.text(found.target)
            start = [] if own == sums else [f"{own} = {sums};"]
        begin, end = (f"{row} + 1", last) if found.rows.backward else (first, row)
        body = [
            *(*constants, *start),
            *self.for_columns(begin, end, [self.rewriter.renamed(found.update, {})]),
            *(self.rewriter.renamed(statement, {}) for statement in found.after),
        ]
        head = f"{self.type} {row} = {first}; {row} < {last}; ++{row}"
        if found.rows.backward:
            head = f"{self.type} {row} = {last}; {row}-- > {first};"
        return [f"for ({head}) {{", *self.inside(*body), "}"]

    def initial(self, place: str) -> list[str]:
        """What a sum starts from, put in a place."""
        found = self.found
        if found.scalar is None:
            own = self.rewriter.text(found.target)
            lines = [self.rewriter.renamed(statement, {}) for statement in found.before]
            return lines if own == place else [*lines, f"{place} = {own};"]
        value = syntax.initializer(found.scalar)
        return [*self.constants(value), f"{place} = {self.rewriter.text(value)};"]

    def update(self, place: str) -> list[str]:
        """The term of one column taken into the sum that lies in a place."""
        found = self.found
        nodes = [node for node in syntax.walk(found.update) if self._is_sum(node)]
        text = self.rewriter.replaced(found.update, dict.fromkeys(nodes, place))
        return [*self.constants(found.update), text]

    def _is_sum(self, node: Any) -> bool:
        if self.found.scalar is not None:
            return syntax.is_variable(node) and node.referenced == self.found.scalar
        elements = node.kind in (Kind.CALL_EXPR, Kind.ARRAY_SUBSCRIPT_EXPR)
        return elements and self.rewriter.path(node) == self.found.place

    def constants(self, *users: Any) -> list[str]:
        """The declarations before the columns that statements need, in their order."""
        needed = set().union(*(syntax.variables(user) for user in users))
        found: list[str] = []
        for statement in reversed(self.found.before):
            if statement.kind != Kind.DECL_STMT:
                continue
            names = {syntax.key(d) for d in syntax.children(statement)}
            own = self.found.scalar is not None and syntax.key(self.found.scalar) in names
            if not own and names & needed:
                found.insert(0, self.rewriter.renamed(statement, {}))
                needed |= syntax.variables(statement)
        return found


class Blocks(Groups):
    """Blocks of rows: threads share what is known to a block, one thread solves its triangle."""

    def __init__(self, rewriter: Rewriter, found: Substitution, *, group: int, block: int) -> None:
        super().__init__(rewriter, found, group=group)
        self.block = block
        self.place = self._place()

    def _place(self) -> str:
        """Where a row's sum waits: in the unknown itself if nobody needs what is there."""
        found = self.found
        if found.scalar is None:
            return self.rewriter.text(found.target)
        same = syntax.bare_type(found.target.type) == self.value
        later = [
            access
            for access in found.report.effects.of(found.place.root)
            if any(syntax.contains(statement, access.node) for statement in found.after)
        ]
        if same and later[0].kind == "write":
            return self.rewriter.text(found.target)
        return f"{self.names['known']}[{self.row}]"

    def lines(self) -> list[str]:
        """The blocks, one after the other."""
        n, rows = self.names, self.found.rows
        start, stop, block = n["start"], n["stop"], n["block"]
        head = [
            f"{MARK} at its end, and so do",
            "// blocks: threads share the columns that are known to a whole block.",
            f"constexpr {self.type} {n['group']} = {self.group};",
            f"constexpr {self.type} {block} = {self.block};",
        ]
        if self.place == f"{n['known']}[{self.row}]":
            self.rewriter.include("vector")
            unsigned = "unsigned" in syntax.bare_type(rows.declaration.type)
            size = rows.end if unsigned else f"std::max<{self.type}>(0, {rows.end})"
            head.append(f"std::vector<{self.value}> {n['known']}({size});")
        head += self.add_columns()
        if rows.backward:
            left = stop if rows.low == "0" else f"{stop} - {operand(rows.low)}"
            far = f"{left} > {block} ? {stop} - {block} : {rows.low}"
            loop = [
                f"for ({self.type} {stop} = {rows.end}; {stop} > {rows.low};) {{",
                *self.inside(
                    f"const {self.type} {start} = {far};",
                    *self.shared(
                        f"{operand(rows.end)} - {stop} >= 4 * {block}", stop, self.found.edge
                    ),
                    *self.solved(),
                    f"{stop} = {start};",
                ),
                "}",
            ]
        else:
            loop = [
                f"for ({self.type} {start} = {rows.low}; {start} < {rows.end}; {start} += {block}) {{",
                *self.inside(
                    f"const {self.type} {stop} = std::min<{self.type}>({start} + {block}, {rows.end});",
                    *self.shared(f"{start} >= 4 * {block}", self.found.edge, start),
                    *self.solved(),
                ),
                "}",
            ]
        return ["{", *self.inside(*head, *loop), "}"]

    def add_columns(self) -> list[str]:
        """The function that takes known columns into the sums of a group."""
        n, row = self.names, self.row
        sums = f"{n['sums']}[{n['k']}]"
        whole = [
            f"{self.value} {n['sums']}[{n['group']}];",
            *self.for_group([f"{sums} = {self.place};"]),
            *self.for_columns(n["from"], n["to"], self.for_group(self.update(sums))),
            *self.for_group([f"{self.place} = {sums};"]),
            "return;",
        ]
        parameters = (
            f"{self.type} {n['first']}, {self.type} {n['last']}, "
            f"{self.column_type} {n['from']}, {self.column_type} {n['to']}"
        )
        head = f"{self.type} {row} = {n['first']}; {row} < {n['last']}; ++{row}"
        body = self.for_columns(n["from"], n["to"], self.update(self.place))
        return [
            f"const auto {n['add']} = [&]({parameters}) {{",
            *self.inside(
                f"if ({n['last']} - {n['first']} == {n['group']}) {{",
                *self.inside(*whole),
                "}",
                *(f"for ({head}) {{", *self.inside(*body), "}"),
            ),
            "};",
        ]

    def shared(self, worthwhile: str, begin: str, end: str) -> list[str]:
        """The loop over a block's groups that threads share."""
        n, row = self.names, self.row
        first, last = n["first"], n["last"]
        head = f"{self.type} {row} = {first}; {row} < {last}; ++{row}"
        initial = self.initial(self.place)
        return [
            f"#pragma omp parallel for schedule(static) if ({worthwhile})",
            f"for ({self.type} {first} = {n['start']}; {first} < {n['stop']}; {first} += {n['group']}) {{",
            *self.inside(
                self._end_of_group(),
                *([f"for ({head}) {{", *self.inside(*initial), "}"] if initial else []),
                f"{n['add']}({first}, {last}, {begin}, {end});",
            ),
            "}",
        ]

    def _end_of_group(self) -> str:
        n = self.names
        value = f"std::min<{self.type}>({n['first']} + {n['group']}, {n['stop']})"
        return f"const {self.type} {n['last']} = {value};"

    def solved(self) -> list[str]:
        """The block's own triangle, group by group."""
        n = self.names
        first, last, start, stop, group = (
            n[key] for key in ("first", "last", "start", "stop", "group")
        )
        triangle = self.triangle(self.place)
        if self.found.rows.backward:
            near = f"{last} - {start} > {group} ? {last} - {group} : {start}"
            return [
                f"for ({self.type} {last} = {stop}; {last} > {start};) {{",
                *self.inside(
                    f"const {self.type} {first} = {near};",
                    f"{n['add']}({first}, {last}, {last}, {stop});",
                    *triangle,
                    f"{last} = {first};",
                ),
                "}",
            ]
        return [
            f"for ({self.type} {first} = {start}; {first} < {stop}; {first} += {group}) {{",
            *self.inside(
                self._end_of_group(),
                f"{n['add']}({first}, {last}, {start}, {first});",
                *triangle,
            ),
            "}",
        ]
