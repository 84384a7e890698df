"""Reading a C++ source with libclang: which function is the kernel, and what it looks like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clang import cindex
from pydantic import BaseModel, ConfigDict

from parallel_agent.kernel.cpp_types import UnsupportedType, parameter_of, result_of
from parallel_agent.kernel.parsing import FILE_NAME as FILE_NAME
from parallel_agent.kernel.parsing import translation_unit as translation_unit
from parallel_agent.kernel.types import Signature

CursorKind = cindex.CursorKind
LOOPS = {
    CursorKind.FOR_STMT: "for",
    CursorKind.CXX_FOR_RANGE_STMT: "range for",
    CursorKind.WHILE_STMT: "while",
    CursorKind.DO_STMT: "do",
}
_STANDARD_HEADERS = "#include <bits/stdc++.h>\n"


class SourceError(ValueError):
    """A source that cannot be used. ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Loop(BaseModel):
    """One loop of the kernel: its kind, lines (1-based, inclusive) and nesting depth from 0."""

    model_config = ConfigDict(frozen=True)

    kind: str
    line: int
    end_line: int
    depth: int


class Kernel(BaseModel):
    """The sequential function to speed up, with its whole source text."""

    model_config = ConfigDict(frozen=True)

    name: str
    source: str
    signature: Signature
    loops: tuple[Loop, ...]
    structs: tuple[str, ...]
    includes: tuple[str, ...]
    calls: tuple[str, ...]
    dimension_names: tuple[str, ...]
    """Integer parameters that bound a loop, scale a subscript or size a container."""
    notes: tuple[str, ...] = ()
    unsupported: str = ""
    """Why no program of ours can call it: then its signature is empty (see `declared`)."""


@dataclass(frozen=True)
class ParsedSource:
    """A parsed file. ``unit`` and ``function`` are libclang's and live only in this process."""

    kernel: Kernel
    unit: Any
    function: Any


def with_standard_headers(source: str) -> str:
    """The source with ``<bits/stdc++.h>`` included (after ``#pragma once`` where it has one)."""
    head, pragma, rest = source.partition("#pragma once\n")
    if pragma and not head.strip():
        return head + pragma + _STANDARD_HEADERS + rest
    return _STANDARD_HEADERS + source


def parse(source: str, *, name: str | None = None, notes: tuple[str, ...] = ()) -> ParsedSource:
    """Parse ``source`` and find the kernel: the function ``name``, or the only one that can be it.

    Without a name the kernel is the one function that loops, calls a standard algorithm or calls
    itself, there or in functions of the file that it calls, and that no other one but ``main`` calls.

    Raises SourceError when there is no such function or several, when the named one does not
    exist, when its declaration does not compile, and when a parameter has a type that is not
    supported.
    """
    unit = translation_unit(source)
    try:
        function = _choose(list(_functions(unit.cursor)), name)
    except SourceError:
        refuse_errors(unit, unit.cursor)  # they may be why it was not found
        raise
    refuse_errors(unit, function)
    qualified = _qualified_name(function)
    kernel = Kernel(
        name=qualified,
        source=source,
        signature=_signature(function, qualified),
        loops=tuple(loops_of(function)),
        structs=tuple(
            c.spelling
            for c in in_main_file(unit.cursor)
            if c.kind in (CursorKind.STRUCT_DECL, CursorKind.CLASS_DECL) and c.is_definition()
        ),
        includes=tuple(line.strip() for line in source.splitlines() if line.startswith("#include")),
        calls=tuple(dict.fromkeys(callee.spelling for callee in _callees(function))),
        dimension_names=tuple(_dimension_names(function)),
        notes=notes,
    )
    return ParsedSource(kernel, unit, function)


def in_main_file(cursor: Any) -> Iterator[Any]:
    """Declarations written in the file itself, those inside namespaces included."""
    for child in cursor.get_children():
        if child.location.file is None or child.location.file.name != FILE_NAME:
            continue
        if child.kind in (CursorKind.NAMESPACE, CursorKind.LINKAGE_SPEC, CursorKind.UNEXPOSED_DECL):
            yield from in_main_file(child)
        else:
            yield child


def _functions(cursor: Any) -> Iterator[Any]:
    for child in in_main_file(cursor):
        if child.kind == CursorKind.FUNCTION_DECL and child.is_definition():
            yield child


def _choose(functions: list[Any], name: str | None) -> Any:
    names = [_qualified_name(function) for function in functions]
    if name is not None:
        named = [f for f in functions if name in (f.spelling, _qualified_name(f))]
        if len(named) == 1:
            return named[0]
        problem = "several functions are named" if named else "no function is named"
        raise SourceError(f"{problem} '{name}'", _listing("The file defines", names))
    bodies = {f.get_usr(): f for f in functions if f.spelling != "main"}
    called = {usr: {c.get_usr() for c in _callees(f)} & bodies.keys() for usr, f in bodies.items()}
    inner = {usr for caller, callees in called.items() for usr in callees - {caller}}
    working = [
        f
        for usr, f in bodies.items()
        if usr not in inner and any(_does_work(bodies[u]) for u in _reachable(usr, called))
    ]
    if len(working) == 1:
        return working[0]
    if not working:
        hint = _listing("It defines", names) if names else "Give a file with a function to speed up"
        raise SourceError(
            "the file has no function with a loop, a standard algorithm or recursion", hint
        )
    listed = _listing("Name one with --kernel:", [_qualified_name(f) for f in working])
    raise SourceError(f"the file has {len(working)} functions that could be the kernel", listed)


def _listing(prefix: str, names: list[str]) -> str:
    return f"{prefix} {', '.join(names) if names else 'no functions'}"


def _does_work(function: Any) -> bool:
    if next(loops_of(function), None) is not None:
        return True
    usr = function.get_usr()
    return any(_is_algorithm(c) or c.get_usr() == usr for c in _callees(function))


def _reachable(start: str, called: Mapping[str, set[str]]) -> set[str]:
    """What is called from ``start``, directly or not, and ``start``."""
    reached, frontier = set(), {start}
    while frontier:
        reached |= frontier
        frontier = set().union(*(called[name] for name in frontier)) - reached
    return reached


def refuse_errors(unit: Any, cursor: Any) -> None:
    """Raise SourceError for an error in the file, or in the declaration of a function.

    Inside of bodies the compiler's word counts, not libclang's: it does not know every builtin.
    """
    body = next((c for c in cursor.get_children() if c.kind == CursorKind.COMPOUND_STMT), None)
    last = cursor.extent.end.offset if body is None else body.extent.start.offset
    for found in unit.diagnostics:
        place = found.location
        if found.severity < cindex.Diagnostic.Error or place.file is None:
            continue
        inside = cursor.extent.start.offset <= place.offset <= last
        if place.file.name == FILE_NAME and inside:
            raise SourceError(
                f"line {place.line}: {found.spelling}", "Include what the declaration needs"
            )


def _qualified_name(function: Any) -> str:
    parts = [function.spelling]
    parent = function.semantic_parent
    while parent is not None and parent.kind == CursorKind.NAMESPACE:
        if parent.spelling:
            parts.append(parent.spelling)
        parent = parent.semantic_parent
    return "::".join(reversed(parts))


def _signature(function: Any, qualified: str) -> Signature:
    try:
        parameters = tuple(parameter_of(argument) for argument in function.get_arguments())
        returns = result_of(function.result_type)
    except UnsupportedType as error:
        hint = "Supported: numbers, bool, std::complex, std::vector, std::array, std::pair, "
        hint += "std::string, plain structs, and pointers to such elements"
        raise SourceError(str(error), hint) from None
    return Signature(name=qualified, parameters=parameters, returns=returns)


def loops_of(cursor: Any, depth: int = 0) -> Iterator[Loop]:
    """The loops in a function, outer ones first."""
    for child in cursor.get_children():
        kind = LOOPS.get(child.kind)
        if kind is not None:
            extent = child.extent
            yield Loop(kind=kind, line=extent.start.line, end_line=extent.end.line, depth=depth)
        yield from loops_of(child, depth + (kind is not None))


def _callees(function: Any) -> Iterator[Any]:
    """The free functions that are called, each as often as it is."""
    for node in function.walk_preorder():
        if node.kind != CursorKind.CALL_EXPR or node.referenced is None:
            continue
        if node.referenced.kind == CursorKind.FUNCTION_DECL:
            yield node.referenced


def _is_algorithm(callee: Any) -> bool:
    """True for what works on ranges: a function of namespace std that takes two iterators."""
    parent = callee.semantic_parent
    if parent is None or parent.spelling not in ("std", "__gnu_parallel", "_V2"):
        return False
    arguments = [argument.type.get_canonical().spelling for argument in callee.get_arguments()]
    first, second = [*arguments, "", ""][:2]
    return first == second and ("iterator" in first or first.endswith("*"))


def _dimension_names(function: Any) -> list[str]:
    """By-value integers that bound a loop, are a factor, size a container, or are never used."""
    integers = {a.spelling for a in function.get_arguments() if _is_integer(a.type)}
    nodes = list(function.walk_preorder())
    used = integers - {node.spelling for node in nodes if node.kind == CursorKind.DECL_REF_EXPR}
    for node in nodes:
        if node.kind == CursorKind.FOR_STMT:
            used |= _loop_bounds(list(node.get_children())[:-1])
        elif node.kind in (CursorKind.WHILE_STMT, CursorKind.DO_STMT):
            used |= {name for c in _comparisons(node) for name in _names(c)}
        elif _operator(node) == "*" or _sizes_a_container(node):
            used |= set(_names(node))
    return [a.spelling for a in function.get_arguments() if a.spelling in integers & used]


def _sizes_a_container(node: Any) -> bool:
    """What stands in braces are elements."""
    if node.spelling not in ("assign", "resize", "vector"):
        return False
    return all(child.kind != CursorKind.INIT_LIST_EXPR for child in node.walk_preorder())


def _loop_bounds(head: list[Any]) -> set[str]:
    """Names in the conditions of a for loop, and in its start where it counts down."""
    comparisons = [c for part in head for c in _comparisons(part)]
    upward = any(_operator(c) in ("<", "<=", "!=") for c in comparisons)
    bounds = comparisons if upward else [*comparisons, *head[:1]]
    return {name for bound in bounds for name in _names(bound)}


def _is_integer(type_: Any) -> bool:
    kinds = ("INT", "UINT", "LONG", "ULONG", "LONGLONG", "ULONGLONG", "SHORT", "USHORT")
    return type_.get_canonical().kind.name in kinds


def _comparisons(node: Any) -> Iterator[Any]:
    for child in node.walk_preorder():
        if _operator(child) in ("<", "<=", ">", ">=", "!="):
            yield child


def _names(node: Any) -> Iterator[str]:
    """Names used as numbers: what stands inside a subscript or a call is somebody else's."""
    if node.kind == CursorKind.DECL_REF_EXPR:
        yield node.spelling
    if node.kind == CursorKind.ARRAY_SUBSCRIPT_EXPR or node.spelling == "operator[]":
        return
    for child in node.get_children():
        yield from _names(child)


def _operator(node: Any) -> str:
    """The operator's token, between its two operands (libclang 18 does not tell it)."""
    if node.kind != CursorKind.BINARY_OPERATOR:
        return ""
    children = list(node.get_children())
    if len(children) != 2:
        return ""
    end, start = children[0].extent.end.offset, children[1].extent.start.offset
    for token in node.get_tokens():
        between = end <= token.extent.start.offset < start
        if between and token.kind.name == "PUNCTUATION" and token.spelling not in "()":
            return str(token.spelling)
    return ""
