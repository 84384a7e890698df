"""From libclang's types to ours. What is not supported is named, never guessed."""

from __future__ import annotations

import re
from typing import Any

from clang import cindex

from parallel_agent.kernel.types import (
    Array,
    Pair,
    Parameter,
    Pointer,
    Scalar,
    String,
    Struct,
    StructField,
    Type,
    Vector,
    dtype,
    is_flat,
)

CursorKind, TypeKind = cindex.CursorKind, cindex.TypeKind


class UnsupportedType(TypeError):
    """A C++ type that no contract can describe yet; the message names parameter and type."""


_INT, _UINT = "int", "uint"
_SCALARS: dict[str, str] = {
    "BOOL": "bool",
    "CHAR_S": "char",
    "CHAR_U": "char",
    "SCHAR": _INT,
    "UCHAR": _UINT,
    "SHORT": _INT,
    "USHORT": _UINT,
    "INT": _INT,
    "UINT": _UINT,
    "LONG": _INT,
    "ULONG": _UINT,
    "LONGLONG": _INT,
    "ULONGLONG": _UINT,
    "FLOAT": "float",
    "DOUBLE": "float",
}


_NAMELESS = re.compile(r"\(anonymous namespace\)::| at [^)]*")
"""What C++ has no words for, and where in its file a nameless struct stands."""


def parameter_of(argument: Any) -> Parameter:
    """A kernel parameter from libclang's PARM_DECL; UnsupportedType names it if it is not one."""
    declared = argument.type
    canonical = declared.get_canonical()
    try:
        if canonical.kind == TypeKind.LVALUEREFERENCE:
            inner = canonical.get_pointee()
            passing = "const reference" if inner.is_const_qualified() else "reference"
            type_ = type_of(inner)
        elif canonical.kind in (TypeKind.POINTER, TypeKind.INCOMPLETEARRAY):
            inner = canonical.get_pointee()
            if canonical.kind == TypeKind.INCOMPLETEARRAY:
                inner = canonical.element_type
            passing = "const pointer" if inner.is_const_qualified() else "pointer"
            type_ = _pointer(inner)
        else:
            passing, type_ = "value", type_of(canonical)
    except UnsupportedType as error:
        raise UnsupportedType(
            f"parameter '{argument.spelling}' has the type '{declared.spelling}', "
            f"which is not supported ({error})"
        ) from None
    if not argument.spelling:
        raise UnsupportedType("a parameter without a name is not supported")
    return Parameter(name=argument.spelling, type=type_, passing=passing)


def result_of(type_: Any) -> Type | None:
    """What a kernel returns, from libclang's type: None for void; UnsupportedType names it."""
    if type_.get_canonical().kind == TypeKind.VOID:
        return None
    try:
        return type_of(type_)
    except UnsupportedType as error:
        raise UnsupportedType(
            f"the result has the type '{type_.spelling}', which is not supported ({error})"
        ) from None


def type_of(type_: Any) -> Type:
    """Our form of a C++ value type; UnsupportedType if there is none."""
    canonical = type_.get_canonical()
    if canonical.kind.name in _SCALARS:
        return _scalar(canonical)
    if canonical.kind == TypeKind.CONSTANTARRAY:
        element = _flat(type_of(canonical.element_type))
        length = canonical.element_count
        base, bracket, inner = element.spelling.partition("[")  # the outer bound stands first
        spelling = f"{base}[{length}]{bracket}{inner}"
        return Array(spelling=spelling, element=element, length=length)
    if canonical.kind == TypeKind.RECORD:
        return _record(canonical)
    raise UnsupportedType(f"'{type_.spelling}'")


def _scalar(canonical: Any) -> Scalar:
    spelling = canonical.spelling.replace("const ", "").replace("volatile ", "")
    return Scalar(kind=_SCALARS[canonical.kind.name], size=canonical.get_size(), spelling=spelling)


def _pointer(inner: Any) -> Pointer:
    element = _flat(type_of(inner))
    return Pointer(spelling=f"{element.spelling}*", element=element)


def _record(canonical: Any) -> Type:
    name = _template_name(canonical)
    if name == "std::basic_string":
        if canonical.get_template_argument_type(0).get_canonical().kind.name != "CHAR_S":
            raise UnsupportedType(f"'{canonical.spelling}'")
        return String()
    if name == "std::vector":
        return _vector(canonical)
    if name == "std::array":
        return _array(canonical)
    if name == "std::pair":
        return _pair(canonical)
    if name == "std::complex":
        inner = canonical.get_template_argument_type(0).get_canonical()
        if _SCALARS.get(inner.kind.name) != "float":
            raise UnsupportedType(f"'{canonical.spelling}'")
        part = _scalar(inner)
        spelling = f"std::complex<{part.spelling}>"
        return Scalar(kind="complex", size=2 * part.size, spelling=spelling)
    if name.startswith("std::") or canonical.get_num_template_arguments() > 0:
        raise UnsupportedType(f"'{canonical.spelling}'")
    return _struct(canonical)


def _template_name(canonical: Any) -> str:
    """``std::vector`` for any std::vector<...>: names of inline namespaces left out."""
    declaration = canonical.get_declaration()
    parts = [declaration.spelling]
    parent = declaration.semantic_parent
    while parent is not None and parent.kind != cindex.CursorKind.TRANSLATION_UNIT:
        if parent.spelling and parent.spelling != "__cxx11":
            parts.append(parent.spelling)
        parent = parent.semantic_parent
    return "::".join(reversed(parts))


def _vector(canonical: Any) -> Vector:
    element = type_of(canonical.get_template_argument_type(0))
    allocator = canonical.get_template_argument_type(1)
    if allocator.get_num_template_arguments() < 1 or "std::allocator" not in allocator.spelling:
        raise UnsupportedType("a vector with its own allocator")
    return Vector(spelling=f"std::vector<{element.spelling}>", element=element)


def _array(canonical: Any) -> Array:
    element = _flat(type_of(canonical.get_template_argument_type(0)))
    # Not by its size: an array that nothing is done with is never laid out.
    length = canonical.get_declaration().get_template_argument_value(1)
    if length == 0:
        raise UnsupportedType("an empty array")
    return Array(
        spelling=f"std::array<{element.spelling}, {length}>", element=element, length=length
    )


def _pair(canonical: Any) -> Pair:
    types = [canonical.get_template_argument_type(place) for place in (0, 1)]
    first, second = (_flat(type_of(type_)) for type_ in types)
    # As every compiler lays it out: libclang does not where nothing is done with the pair.
    offset = _up(dtype(first).itemsize, _alignment(types[1]))
    return Pair(
        spelling=f"std::pair<{first.spelling}, {second.spelling}>",
        size=_up(offset + dtype(second).itemsize, max(map(_alignment, types))),
        first=first,
        second=second,
        second_offset=offset,
    )


def _up(size: int, alignment: int) -> int:
    return size + -size % alignment


def _alignment(type_: Any) -> int:
    """Of a flat type, in bytes; that of a template is its largest argument's."""
    canonical = type_.get_canonical()
    if canonical.get_align() > 0:
        return int(canonical.get_align())
    arguments = range(canonical.get_num_template_arguments())
    types = (canonical.get_template_argument_type(place) for place in arguments)
    return max(_alignment(inner) for inner in types if inner.kind != TypeKind.INVALID)


def _struct(canonical: Any) -> Struct:
    declaration = canonical.get_declaration()
    spelling = _NAMELESS.sub("", declaration.type.spelling)
    if not _is_plain(declaration):
        raise UnsupportedType(f"'{spelling}' is not a plain struct")
    fields = []
    for cursor in canonical.get_fields():
        if cursor.is_bitfield() or cursor.is_anonymous():
            raise UnsupportedType(f"'{spelling}' has a bit field or a member without a name")
        offset = canonical.get_offset(cursor.spelling) // 8
        type_ = _flat(type_of(cursor.type))
        if "std::pair" in type_.spelling:  # which is not trivially copyable, to the letter
            raise UnsupportedType(f"'{spelling}' with a std::pair in it is not a plain struct")
        fields.append(StructField(name=cursor.spelling, type=type_, offset=offset))
    if not fields:
        raise UnsupportedType(f"'{spelling}' has no members")
    return Struct(spelling=spelling, size=canonical.get_size(), fields=tuple(fields))


def _is_plain(declaration: Any) -> bool:
    """True if a struct is copied as bytes and can be made without arguments.

    libclang tells only of PODs, which may not even have default values for their members.
    """
    members = list(declaration.get_children())
    constructors = [m for m in members if m.kind == CursorKind.CONSTRUCTOR]
    return (
        declaration.kind != CursorKind.UNION_DECL
        and (not constructors or any(c.is_default_constructor() for c in constructors))
        and not any(_is_special(member) for member in members)
    )


def _is_special(member: Any) -> bool:
    """True for what makes a struct more than its members' bytes: bases, virtuals, own copying."""
    if member.kind == CursorKind.CONSTRUCTOR:
        return bool(member.is_copy_constructor() or member.is_move_constructor())
    if member.kind == CursorKind.CXX_METHOD:
        return bool(member.is_virtual_method() or member.spelling == "operator=")
    return member.kind in (CursorKind.CXX_BASE_SPECIFIER, CursorKind.DESTRUCTOR)


def _flat(type_: Type) -> Type:
    if not is_flat(type_):
        raise UnsupportedType(f"'{type_.spelling}' in a place that needs a fixed size")
    return type_
