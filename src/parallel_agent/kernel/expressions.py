"""Integer expressions of dimensions, the language of lengths and bounds in a contract."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping


class ContractError(ValueError):
    """A contract that cannot be used; ``str(error)`` says which part and why."""


_MAX_BITS = 64  # of any intermediate result: sizes are far smaller, and 9**9**9 must not be tried


def _power(base: int, exponent: int) -> int:
    if exponent < 0 or base.bit_length() * exponent > 2 * _MAX_BITS:
        raise OverflowError("the power is too large or negative")
    return int(base**exponent)


_OPERATORS: dict[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: _power,
}


def evaluate(expression: str | int, sizes: Mapping[str, int]) -> int:
    """The value of an integer expression of dimensions: ``+ - * // **``, names and numbers.

    Raises ContractError for anything else, an unknown name, a division by zero, and where a part of
    it needs more than 64 bits.
    """

    def visit(node: ast.AST) -> int:
        value = part(node)
        if value.bit_length() > _MAX_BITS:
            raise OverflowError("the value is too large")
        return value

    def part(node: ast.AST) -> int:
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.Name) and node.id in sizes:
            return sizes[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](visit(node.left), visit(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -visit(node.operand)
        raise ContractError(f"'{expression}': '{ast.unparse(node)}' is not known here")

    try:
        return visit(ast.parse(str(expression).strip(), mode="eval").body)
    except ContractError:
        raise
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        raise ContractError(f"'{expression}' is not an integer expression: {error}") from None


def names_in(expression: str | int) -> set[str]:
    """The names of dimensions in an expression."""
    tree = ast.parse(str(expression).strip(), mode="eval")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def renamed(expression: str, old: str, new: str) -> str:
    """The expression with another dimension in the place of one."""
    return re.sub(rf"\b{re.escape(old)}\b", new, expression)
