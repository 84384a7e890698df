"""Functions that no program of ours can call, found by name: methods, templates, foreign types.

What they are declared as is all that is known of them. Programs of their own must judge them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clang import cindex

from parallel_agent.kernel.cpp_types import UnsupportedType, parameter_of, result_of
from parallel_agent.kernel.parsing import translation_unit
from parallel_agent.kernel.source import (
    Kernel,
    ParsedSource,
    SourceError,
    in_main_file,
    loops_of,
    parse,
    refuse_errors,
)
from parallel_agent.kernel.types import Signature

CursorKind = cindex.CursorKind
_SCOPES = (
    CursorKind.NAMESPACE,
    CursorKind.CLASS_DECL,
    CursorKind.STRUCT_DECL,
    CursorKind.CLASS_TEMPLATE,
)
_CLASSES = _SCOPES[1:]
_METHODS = (CursorKind.CXX_METHOD, CursorKind.CONSTRUCTOR, CursorKind.CONVERSION_FUNCTION)
_TEMPLATE = CursorKind.FUNCTION_TEMPLATE
_FUNCTIONS = (CursorKind.FUNCTION_DECL, _TEMPLATE, *_METHODS)


def find_declared(source: str, name: str) -> ParsedSource | None:
    """The function of that name, whatever it is, with an empty signature and why it is `unsupported`.

    None where the file defines no such function, or one that `parse` takes. Raises SourceError
    where several have the name, and where the declaration does not compile.
    """
    unit = translation_unit(source)
    named = [f for f in _definitions(unit.cursor) if name in (f.spelling, qualified_name(f))]
    if not named:
        return None
    if len(named) > 1:
        listed = ", ".join(dict.fromkeys(qualified_name(f) for f in named))
        raise SourceError(f"several functions are named '{name}'", f"The file defines {listed}")
    function = named[0]
    refuse_errors(unit, function)
    why = _why(function)
    if not why:
        return None
    kernel = Kernel(
        name=qualified_name(function),
        source=source,
        signature=Signature(name=qualified_name(function), parameters=(), returns=None),
        loops=tuple(loops_of(function)),
        structs=(),
        includes=(),
        calls=(),
        dimension_names=(),
        unsupported=why,
    )
    return ParsedSource(kernel, unit, function)


def parsed_or_declared(source: str, name: str | None) -> ParsedSource:
    """`parse`, and `find_declared` for what that does not take. Raises SourceError."""
    try:
        return parse(source, name=name)
    except SourceError:
        declared = None if name is None else find_declared(source, name)
        if declared is None:
            raise
        return declared


def qualified_name(function: Any) -> str:
    """With its namespaces and classes: ``sea::Grid::step``."""
    parts, parent = [function.spelling], function.semantic_parent
    while parent is not None and parent.kind in _SCOPES:
        parts.append(parent.spelling)
        parent = parent.semantic_parent
    return "::".join(part for part in reversed(parts) if part)


def declaration_of(parsed: ParsedSource) -> str:
    """The function's declaration as it is written, on one line, with its class where it has one."""
    function = parsed.function
    body = next((c for c in function.get_children() if c.kind == CursorKind.COMPOUND_STMT), None)
    end = function.extent.end if body is None else body.extent.start
    text = parsed.kernel.source.encode()[function.extent.start.offset : end.offset].decode()
    shown = " ".join(text.split())
    parent = function.semantic_parent
    if parent is not None and parent.kind in _CLASSES:
        return f"{shown} (of {parent.spelling})"
    return shown


def face_of(parsed: ParsedSource) -> tuple[str, ...]:
    """What callers and the linker see; two versions of a function must have it in common."""
    function = parsed.function
    return (
        function.get_usr(),
        function.type.get_canonical().spelling,
        function.linkage.name,
        function.access_specifier.name,
        str(function.is_static_method()),
        str(function.is_virtual_method()),
    )


def _definitions(cursor: Any) -> Iterator[Any]:
    for child in in_main_file(cursor):
        if child.kind in _FUNCTIONS and child.is_definition():
            yield child
        elif child.kind in _CLASSES:
            yield from _definitions(child)


def _why(function: Any) -> str:
    """Why it cannot be called by a program of ours; empty where it can."""
    parent = function.semantic_parent
    if parent is not None and parent.kind in _CLASSES:
        return f"it is a method, and an object of {parent.spelling} is not a contract's to make"
    if function.kind == _TEMPLATE:
        parameters = ", ".join(
            c.spelling for c in function.get_children() if "TEMPLATE" in c.kind.name
        )
        return f"it is a template; name one instance of it, as in --kernel '{function.spelling}<{parameters}>'"
    try:
        for argument in function.get_arguments():
            parameter_of(argument)
        result_of(function.result_type)
    except UnsupportedType as error:
        return str(error)
    return ""
