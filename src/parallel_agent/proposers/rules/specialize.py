"""A loop's body written out for the interior of a grid, where tests of the position are decided."""

from __future__ import annotations

import textwrap
from typing import Any

from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.borders import Interior, spelled
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values

_SUBSCRIPTS = ("operator[]", "at")
_BARE = (Kind.PAREN_EXPR, Kind.VAR_DECL, Kind.ARRAY_SUBSCRIPT_EXPR, Kind.CALL_EXPR)
"""Around these no parentheses are needed."""
_Edit = tuple[int, int, str]


class Specializer:
    """Writes statements as they are in the interior."""

    def __init__(self, values: Values, source: str, interior: Interior) -> None:
        self._values = values
        self._bytes = source.encode()
        self._interior = interior
        self.lines: list[int] = []
        """The lines of the tests that were decided."""

    def block(self, body: Any) -> str:
        """The statements of a block, indented relative to the first of them."""
        parts = syntax.statements(body)
        return self._statements(parts) if parts else ""

    def _statements(self, parts: list[Any]) -> str:
        start, end = parts[0].extent.start.offset, self._end(parts[-1])
        edits = [edit for part in parts for edit in self._edits(part, None)]
        lead = self._bytes[self._bytes.rfind(b"\n", 0, start) + 1 : start].decode()
        margin = lead if not lead.strip() else ""
        return textwrap.dedent(margin + self._edited(start, end, edits)).rstrip()

    def _edited(self, start: int, end: int, edits: list[_Edit]) -> str:
        pieces, at = [], start
        for first, last, text in sorted(edits):
            pieces += [self._bytes[at : max(first, at)].decode(), text]
            at = last
        return "".join([*pieces, self._bytes[at:end].decode()])

    def _text(self, node: Any, parent: Any) -> str:
        start, end = node.extent.start.offset, node.extent.end.offset
        return self._edited(start, end, self._edits(node, parent))

    def _end(self, statement: Any) -> int:
        """Where a statement ends, its semicolon included."""
        end = int(statement.extent.end.offset)
        rest = self._bytes[end:]
        return end + rest.index(b";") + 1 if rest.lstrip().startswith(b";") else end

    def _edits(self, node: Any, parent: Any) -> list[_Edit]:
        start, end = node.extent.start.offset, node.extent.end.offset
        if node.kind == Kind.IF_STMT and (edit := self._branch(node)) is not None:
            return [edit]
        text = self._expression(node, parent)
        if text is not None:
            self.lines.append(syntax.line(node))
            return [(start, end, text)]
        around = parent if node.kind == Kind.UNEXPOSED_EXPR else node
        edits = [edit for child in node.get_children() for edit in self._edits(child, around)]
        if node.kind == Kind.DECL_STMT:
            edits += self._retyped(node)
        return edits

    def _branch(self, node: Any) -> _Edit | None:
        """An if statement whose test is decided becomes one of its branches, or nothing."""
        parts = syntax.children(node)
        plain = len(parts) in (2, 3) and parts[0].kind.is_expression()
        truth = self._interior.truth(parts[0]) if plain else None
        if truth is None:
            return None
        self.lines.append(syntax.line(node))
        start, end = node.extent.start.offset, self._end(node)
        chosen = syntax.statements(parts[1]) if truth else []
        if not truth and len(parts) == 3:
            chosen = syntax.statements(parts[2])
        line_start = self._bytes.rfind(b"\n", 0, start) + 1
        alone = not self._bytes[line_start:start].strip()
        if not chosen:
            after = self._bytes.find(b"\n", end)
            whole = alone and not self._bytes[end:after].strip()
            return (line_start, after + 1, "") if whole else (start, end, ";")
        text = self._statements(chosen)
        if any(part.kind == Kind.DECL_STMT for part in chosen):
            text = "{\n" + textwrap.indent(text, "    ") + "\n}"
        margin = self._bytes[line_start:start].decode() if alone else ""
        return (line_start if alone else start, end, textwrap.indent(text, margin))

    def _expression(self, node: Any, parent: Any) -> str | None:
        operator = syntax.binary_operator(node)
        if node.kind == Kind.CONDITIONAL_OPERATOR:
            condition, then, otherwise = syntax.children(node)
            truth = self._interior.truth(condition)
            return None if truth is None else self._operand(then if truth else otherwise, parent)
        if operator in ("&&", "||"):
            left, right = syntax.children(node)
            neutral = operator == "&&"
            if self._interior.truth(left) is neutral:
                return self._text(right, parent)
            return self._text(left, parent) if self._interior.truth(right) is neutral else None
        if operator == "%":
            dividend, divisor = map(self._values.polynomial, syntax.children(node))
            if dividend is None or divisor is None:
                return None
            moved = self._interior.remainder(dividend, divisor)
            text = spelled(moved) if moved is not None else None
            return text if text is None or _bare(parent) else f"({text})"
        return self._extremum(node, parent) if node.kind == Kind.CALL_EXPR else None

    def _extremum(self, node: Any, parent: Any) -> str | None:
        """``std::min`` and the like, where one of the arguments is known to win."""
        name, arguments = syntax.callee_name(node), list(node.get_arguments())
        known = name in ("min", "max") and len(arguments) == 2
        if not (known or (name == "clamp" and len(arguments) == 3)):
            return None
        if not syntax.in_namespace_std(node.referenced):
            return None
        sides = [self._values.polynomial(argument) for argument in arguments]
        numbers = [side for side in sides if side is not None]
        if len(numbers) < len(sides):
            return None
        first, second, *rest = numbers
        if rest:
            inside = self._interior.never_negative(first - second, rest[0] - first)
            return self._operand(arguments[0], parent) if inside else None
        for larger, winner in ((first - second, name == "max"), (second - first, name == "min")):
            if self._interior.never_negative(larger):
                return self._operand(arguments[0 if winner else 1], parent)
        return None

    def _operand(self, node: Any, parent: Any) -> str:
        text = self._text(node, parent)
        simple = syntax.strip(node).kind != Kind.BINARY_OPERATOR or node.kind == Kind.PAREN_EXPR
        return text if simple or _bare(parent) else f"({text})"

    def _retyped(self, statement: Any) -> list[_Edit]:
        """Positions kept in a narrower integer: vector lanes need that of the loop's variable."""
        declared = syntax.children(statement)
        axis = self._interior.positions
        if len(declared) != 1 or declared[0].kind != Kind.VAR_DECL or axis is None:
            return []
        variable, counter = declared[0], axis.report.loop.declaration
        own = self._edited(counter.extent.start.offset, counter.location.offset, []).strip()
        written = variable.type.spelling
        if variable.type.is_const_qualified():
            own = f"const {own}"
        value = syntax.initializer(variable)
        position = self._values.polynomial(value) if value is not None else None
        if position is None or not syntax.is_integer(variable.type):
            return []
        if syntax.bare_type(variable.type) == syntax.bare_type(counter.type):
            return []
        on_axis = any(axis.symbol in position.symbols for axis in self._interior.axes)
        if not on_axis or self._values.assigned(variable) or not self._only_subscripts(variable):
            return []
        start = statement.extent.start.offset
        if not self._bytes[start:].startswith(written.encode()):
            return []
        if not self._interior.never_negative(position):
            return []
        return [(start, start + len(written.encode()), own)]

    def _only_subscripts(self, variable: Any) -> bool:
        """True if nothing but subscripts and decided tests reads a variable."""
        pending = [(self._interior.inner.loop.body, False)]
        while pending:
            node, subscript = pending.pop()
            if syntax.is_variable(node) and node.referenced == variable and not subscript:
                return False
            if node.kind == Kind.IF_STMT:
                condition, *branches = syntax.children(node)
                decided = self._interior.truth(condition) is not None
                pending += [(branch, subscript) for branch in branches]
                pending += [] if decided else [(condition, subscript)]
                continue
            called = node.kind == Kind.CALL_EXPR and syntax.callee_name(node) in _SUBSCRIPTS
            inside = subscript or called or node.kind == Kind.ARRAY_SUBSCRIPT_EXPR
            pending += [(child, inside) for child in node.get_children()]
        return True


def _bare(parent: Any) -> bool:
    return parent is not None and parent.kind in _BARE
