"""What the text of a kernel tells of its inputs: where to begin the search for a contract.

Hints order hypotheses and add some that only a reader would think of. Whether one is true is
decided by running the original.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clang import cindex

from parallel_agent.kernel.leaves import leaves
from parallel_agent.kernel.source import FILE_NAME, ParsedSource
from parallel_agent.kernel.types import Scalar

CursorKind = cindex.CursorKind
_NEED_ORDER = frozenset(
    [
        "binary_search",
        "lower_bound",
        "upper_bound",
        "equal_range",
        "merge",
        "inplace_merge",
        "includes",
        "set_union",
        "set_intersection",
        "set_difference",
        "set_symmetric_difference",
    ]
)
_REPLACES = frozenset(["clear", "assign", "resize", "swap", "operator="])
_APPENDS = frozenset(["push_back", "emplace_back", "insert", "emplace"])
_COMPARES = ("==", "!=", "<", "<=", ">", ">=")
_HALVED = re.compile(r"/\s*2\b|>>=?\s*1\b")


@dataclass(frozen=True)
class Hints:
    """Names of parameters (of a struct's member: ``name.member``) with a role in the kernel.

    ``ordered``: searched by bisection or merged. ``offsets``: of which two neighbours bound a loop.
    ``appended``: outputs that the kernel appends to. ``compared``: scalars that decide something;
    ``passed``: those among them that are given to a function or a lambda.
    ``indices``: integers by value that are asked to equal what is an index elsewhere.
    ``integers``: all integers passed by value. ``constants``: whole numbers from 2 on that the kernel
    names, at most eight. ``lines``: first and last line of every function
    that a call of the kernel can reach.
    """

    ordered: frozenset[str] = frozenset()
    offsets: frozenset[str] = frozenset()
    appended: frozenset[str] = frozenset()
    compared: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    indices: frozenset[str] = frozenset()
    integers: tuple[str, ...] = ()
    constants: tuple[int, ...] = ()
    lines: tuple[tuple[int, int], ...] = ()


def read_hints(parsed: ParsedSource) -> Hints:
    """The hints that the kernel and the functions of its file that it calls give."""
    functions = _reachable(parsed.function)
    names = {p.name for p in parsed.kernel.signature.parameters}
    nodes = list(parsed.function.walk_preorder())
    passed = frozenset(_within(nodes, names, _takes_arguments))
    integers = tuple(
        p.name
        for p in parsed.kernel.signature.parameters
        if p.passing == "value" and p.type.tag == "scalar" and p.type.kind in ("int", "uint")
    )
    return Hints(
        ordered=frozenset(_ordered(nodes, names)),
        offsets=frozenset(
            _offsets(nodes, {name for name in names if _holds_integers(parsed, name)})
        ),
        appended=frozenset(_appended(nodes, names)),
        compared=frozenset(_within(nodes, names, _is_comparison)) | passed,
        passed=passed,
        indices=frozenset(_indices(nodes, set(integers))),
        integers=integers,
        constants=tuple(_constants(functions))[:8],
        lines=tuple((f.extent.start.line, f.extent.end.line) for f in functions),
    )


def _holds_integers(parsed: ParsedSource, name: str) -> bool:
    found = [type_ for _, type_ in leaves(parsed.kernel.signature.parameter(name).type)]
    return all(isinstance(type_, Scalar) and type_.is_integer for type_ in found)


def _reachable(kernel: Any) -> list[Any]:
    """The kernel and every function, method and operator of its file that it can come to call."""
    found, waiting = {}, [kernel]
    while waiting:
        function = waiting.pop()
        if function.get_usr() in found:
            continue
        found[function.get_usr()] = function
        for node in function.walk_preorder():
            called = node.referenced.get_definition() if node.referenced is not None else None
            if called is None or called.location.file is None or not _has_body(called):
                continue
            if called.location.file.name == FILE_NAME:
                waiting.append(called)
    return list(found.values())


def _constants(functions: list[Any]) -> list[int]:
    nodes = (node for function in functions for node in function.walk_preorder())
    literals = (_text(node) for node in nodes if node.kind == CursorKind.INTEGER_LITERAL)
    found = {int(text) for text in literals if text.isdigit() and 2 <= int(text) <= 4096}
    return sorted(found)


def _has_body(cursor: Any) -> bool:
    kinds = (
        CursorKind.FUNCTION_DECL,
        CursorKind.CXX_METHOD,
        CursorKind.CONSTRUCTOR,
        CursorKind.FUNCTION_TEMPLATE,
        CursorKind.CONVERSION_FUNCTION,
    )
    return cursor.kind in kinds


def _text(node: Any) -> str:
    return "".join(token.spelling for token in node.get_tokens())


def _subscripts(node: Any, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """``(name, index)`` of every subscript of a parameter below the node: the index as text."""
    for child in node.walk_preorder():
        if child.kind != CursorKind.ARRAY_SUBSCRIPT_EXPR and child.spelling != "operator[]":
            continue
        parts = list(child.get_children())
        if child.kind == CursorKind.DECL_REF_EXPR or len(parts) < 2:
            continue
        base, index = _text(parts[0]), _text(parts[-1])
        if base in names:
            yield base, index


def _offsets(nodes: list[Any], names: set[str]) -> Iterator[str]:
    """Parameters with ``p[i]`` and ``p[i+1]`` in the head of one loop, or in one difference."""
    for node in nodes:
        if node.kind == CursorKind.FOR_STMT:
            parts = list(node.get_children())[:-1]
        elif node.kind in (CursorKind.VAR_DECL, CursorKind.BINARY_OPERATOR):
            parts = [node] if "-" in _text(node) else []
        elif node.kind == CursorKind.COMPOUND_STMT:  # begin = p[i], end = p[i+1]
            parts = [child for child in node.get_children() if child.kind == CursorKind.DECL_STMT]
        else:
            continue
        seen = {found for part in parts for found in _subscripts(part, names)}
        for name, index in seen:
            if (name, f"{index}+1") in seen or (name, f"1+{index}") in seen:
                yield name


def _indices(nodes: list[Any], names: set[str]) -> Iterator[str]:
    """Parameters that are compared for equality with a variable that some subscript is made of."""
    used: set[str] = set()
    for node in nodes:
        if node.kind == CursorKind.ARRAY_SUBSCRIPT_EXPR or node.spelling == "operator[]":
            parts = list(node.get_children())
            if node.kind != CursorKind.DECL_REF_EXPR and len(parts) > 1:
                used.update(re.findall(r"[A-Za-z_]\w*", _text(parts[-1])))
    for node in nodes:
        if _is_comparison(node):
            sides = re.split(r"==|!=", _text(node))
            for one, other in (sides, sides[::-1]) if len(sides) == 2 else ():
                if one in names and other in used - names:
                    yield one


def _ordered(nodes: list[Any], names: set[str]) -> Iterator[str]:
    halved = set()
    for node in nodes:
        if node.kind == CursorKind.CALL_EXPR and node.spelling in _NEED_ORDER:
            yield from (n for n in re.findall(r"\w+", _text(node)) if n in names)
        if node.kind == CursorKind.VAR_DECL and _HALVED.search(_text(node)):
            halved.add(node.spelling)
        if node.kind == CursorKind.BINARY_OPERATOR and _HALVED.search(_text(node)):
            halved.add(_text(node).partition("=")[0])
    for node in nodes:
        if node.kind == CursorKind.WHILE_STMT:
            yield from _searched(node, names, halved)


def _searched(loop: Any, names: set[str], halved: set[str]) -> Iterator[str]:
    """What a while loop compares: elements in the middle, or those of two parameters in turn."""
    for node in loop.walk_preorder():
        if not _is_comparison(node):
            continue
        sides = list(node.get_children())
        text = _text(node)
        found = [next(_subscripts(side, names), None) for side in sides]
        for place in found:
            if place is not None and place[1] in halved:
                yield _with_member(text, place)
        first, second = found
        if first is None or second is None or first[0] == second[0] or first[1] == second[1]:
            continue
        if re.search(r"[<>]", text):
            yield _with_member(text, first)
            yield _with_member(text, second)


def _with_member(text: str, place: tuple[str, str]) -> str:
    name, index = place
    member = re.search(re.escape(f"{name}[{index}].") + r"(\w+)", text)
    return f"{name}.{member[1]}" if member else name


def _is_comparison(node: Any) -> bool:
    if node.kind != CursorKind.BINARY_OPERATOR:
        return False
    children = list(node.get_children())
    if len(children) != 2:
        return False
    end, start = children[0].extent.end.offset, children[1].extent.start.offset
    between = (t.spelling for t in node.get_tokens() if end <= t.extent.start.offset < start)
    return any(token in _COMPARES for token in between)


def _appended(nodes: list[Any], names: set[str]) -> Iterator[str]:
    """Parameters that are appended to before, if ever, they are replaced."""
    seen: set[str] = set()
    for node in nodes:
        if node.kind != CursorKind.CALL_EXPR or node.spelling not in _REPLACES | _APPENDS:
            continue
        words = re.findall(r"\w+", _text(node))
        if words and words[0] in names - seen:
            seen.add(words[0])
            if node.spelling in _APPENDS:
                yield words[0]


def _takes_arguments(node: Any) -> bool:
    called = node.kind == CursorKind.CALL_EXPR and not node.spelling.startswith("operator")
    return called or node.kind == CursorKind.LAMBDA_EXPR


def _within(nodes: list[Any], names: set[str], wanted: Callable[[Any], bool]) -> Iterator[str]:
    """Parameters that stand in a node of the wanted kind."""
    for node in nodes:
        if wanted(node):
            for child in node.walk_preorder():
                if child.kind == CursorKind.DECL_REF_EXPR and child.spelling in names:
                    yield child.spelling
