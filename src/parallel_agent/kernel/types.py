"""The C++ types a kernel may take and return, as plain data, and their memory layout in numpy."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field


class _Type(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scalar(_Type):
    """An arithmetic type: ``kind`` and its size in bytes (of the whole value, for complex)."""

    tag: Literal["scalar"] = "scalar"
    kind: Literal["int", "uint", "float", "bool", "complex", "char"]
    size: int
    spelling: str

    @property
    def is_integer(self) -> bool:
        """True for signed and unsigned integers (not for bool and char)."""
        return self.kind in ("int", "uint")


class StructField(_Type):
    """One member of a plain struct: its name, type and offset in bytes."""

    name: str
    type: Type
    offset: int


class Struct(_Type):
    """A plain (trivially copyable) struct: fields in order of declaration, size in bytes."""

    tag: Literal["struct"] = "struct"
    spelling: str
    size: int
    fields: tuple[StructField, ...]


class Pair(_Type):
    """``std::pair`` of flat types, with the offset of ``second`` and the whole size in bytes."""

    tag: Literal["pair"] = "pair"
    spelling: str
    size: int
    first: Type
    second: Type
    second_offset: int


class Array(_Type):
    """``std::array`` of ``length`` elements of a flat type."""

    tag: Literal["array"] = "array"
    spelling: str
    element: Type
    length: int


class String(_Type):
    """``std::string``."""

    tag: Literal["string"] = "string"
    spelling: str = "std::string"


class Vector(_Type):
    """``std::vector`` of any supported type, vectors among them."""

    tag: Literal["vector"] = "vector"
    spelling: str
    element: Type


class Pointer(_Type):
    """A raw pointer to flat elements, whose number only the contract knows."""

    tag: Literal["pointer"] = "pointer"
    spelling: str
    element: Type


Type = Annotated[
    Scalar | Struct | Pair | Array | String | Vector | Pointer, Field(discriminator="tag")
]
for _model in (StructField, Struct, Pair, Array, Vector, Pointer):
    _model.model_rebuild()


class Parameter(_Type):
    """A parameter of a kernel: how it is passed decides whether the kernel can write to it."""

    name: str
    type: Type
    passing: Literal["value", "reference", "const reference", "pointer", "const pointer"]

    @property
    def mutable(self) -> bool:
        """True where the caller sees what the kernel writes."""
        return self.passing in ("reference", "pointer")


class Signature(_Type):
    """A kernel's name, parameters in order, and result (None for void)."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: Type | None

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name; KeyError if there is none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)


def is_flat(type_: Type) -> bool:
    """True if values of the type have a fixed size and layout, so that they travel as raw bytes."""
    if isinstance(type_, Array):
        return is_flat(type_.element)
    return isinstance(type_, Scalar | Struct | Pair)


def members(type_: Struct | Pair) -> list[tuple[str, Type]]:
    """The members of a struct or pair, by name."""
    if isinstance(type_, Pair):
        return [("first", type_.first), ("second", type_.second)]
    return [(field.name, field.type) for field in type_.fields]


_KIND = {"int": "i", "uint": "u", "float": "f", "complex": "c", "bool": "b", "char": "u"}


def dtype(type_: Type) -> np.dtype[np.generic]:
    """The numpy dtype with the same memory layout; TypeError for a type that is not flat."""
    if isinstance(type_, Scalar):
        return np.dtype(np.bool_ if type_.kind == "bool" else f"{_KIND[type_.kind]}{type_.size}")
    if isinstance(type_, Array):
        element = dtype(type_.element)  # numpy keeps arrays of arrays apart, which serves nobody
        return np.dtype((element.base, (type_.length, *element.shape)))
    if isinstance(type_, Struct):
        return _record([(f.name, dtype(f.type), f.offset) for f in type_.fields], type_.size)
    if isinstance(type_, Pair):
        members = [
            ("first", dtype(type_.first), 0),
            ("second", dtype(type_.second), type_.second_offset),
        ]
        return _record(members, type_.size)
    raise TypeError(f"{type_.spelling} has no fixed layout")


def _record(members: list[tuple[str, np.dtype[np.generic], int]], size: int) -> np.dtype[np.void]:
    names, formats, offsets = zip(*members, strict=True)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})
