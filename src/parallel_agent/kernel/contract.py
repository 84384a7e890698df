"""The contract of a kernel: what inputs it accepts and how its results are compared.

A contract is a pydantic model with a TOML form that a person can edit::

    kernel = "jacobi"

    [dimensions.N]
    minimum = 1

    [parameters.input]
    length = "N*N"
    values = { kind = "uniform", low = -10.0, high = 10.0 }

    [parameters.N]
    equals = "N"

    [comparison]
    relative = 1e-9
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.expressions import ContractError, evaluate
from parallel_agent.kernel.types import (
    Pair,
    Pointer,
    Scalar,
    Signature,
    String,
    Struct,
    Type,
    Vector,
    members,
)

__all__ = [
    "Comparison",
    "Contract",
    "ContractError",
    "Dimension",
    "ParameterContract",
    "Values",
    "evaluate",
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Dimension(_Model):
    """A size that varies: every value of at least ``minimum`` that fits the other conditions."""

    minimum: int = Field(0, ge=0)
    multiple_of: int = Field(1, ge=1)
    power_of_two: bool = False

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if self.power_of_two and self.multiple_of > 1:
            raise ValueError("multiple_of and power_of_two exclude each other")
        return self

    def fit(self, size: int) -> int:
        """The largest allowed size not above ``size``, or the smallest allowed one."""
        size = max(size, self.minimum, 1 if self.power_of_two else 0)
        if self.power_of_two:
            fitted = 1 << (size.bit_length() - 1)
            return fitted if fitted >= self.minimum else fitted * 2
        fitted = size - size % self.multiple_of
        return fitted if fitted >= self.minimum else fitted + self.multiple_of


class Values(_Model):
    """The domain that numbers (or the characters of a string) are drawn from.

    ``uniform``: reals in [low, high). ``integers``: whole numbers from low to high, both included;
    the bounds may be expressions of dimensions such as ``"N-1"``. ``offsets``: whole numbers that
    ascend from low, the first element, to high, the last one, as the row pointers of a sparse
    matrix do. ``text``: strings whose length is from low to high, of lower-case letters or of those
    in ``letters``.

    ``sorted`` puts a vector in ascending order and ``distinct`` makes its integers differ from each
    other. ``symmetric`` and ``dominant`` are for square matrices, stored row by row or as a vector
    of rows: equal to their transpose; with a diagonal that is positive and larger than the sum of
    the absolute values in the rest of its row. ``normalized`` makes the elements of a vector sum up
    to 1. ``hits`` names a parameter, or a member as in ``"points.x"``: half of the values are
    elements of that one, so that a search finds them.
    """

    kind: Literal["uniform", "integers", "offsets", "text"]
    low: float | int | str = 0
    high: float | int | str = 1
    sorted: bool = False
    distinct: bool = False
    symmetric: bool = False
    dominant: bool = False
    normalized: bool = False
    letters: str = ""
    hits: str | None = None

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        if self.distinct and self.kind != "integers":
            raise ValueError("distinct is for integers")
        if self.normalized and self.kind != "uniform":
            raise ValueError("normalized is for uniform")
        if self.letters and self.kind != "text":
            raise ValueError("letters are for text")
        if not self.letters.isascii():
            raise ValueError("letters must be ASCII")
        return self


class ParameterContract(_Model):
    """What one parameter is given.

    ``equals``: an integer parameter that holds a size. ``length``: the number of elements of a
    vector or pointer; a list for nested vectors, outermost first. ``values``: the domain, and
    ``fields`` the domains of a struct's members (``first``/``second`` for pairs) by name.
    """

    equals: str | None = None
    length: str | list[str] | None = None
    values: Values | None = None
    fields: dict[str, Values] = Field(default_factory=dict)

    def lengths(self) -> list[str]:
        """The lengths, outermost first; empty where there are none."""
        if self.length is None:
            return []
        return [self.length] if isinstance(self.length, str) else self.length


class Contract(_Model):
    """What inputs a kernel accepts and how its results are compared."""

    kernel: str
    dimensions: dict[str, Dimension] = Field(default_factory=dict)
    parameters: dict[str, ParameterContract] = Field(default_factory=dict)
    comparison: Comparison = Field(default_factory=Comparison)
    timing: list[dict[str, int]] = Field(default_factory=list)
    """Sizes to time at; empty: chosen by measurement."""
    variants: list[dict[str, ParameterContract]] = Field(default_factory=list)
    """Other inputs to check with, never to time: each gives some parameters other domains."""

    @field_validator("timing")
    @classmethod
    def _not_negative(cls, timing: list[dict[str, int]]) -> list[dict[str, int]]:
        if any(size < 0 for sizes in timing for size in sizes.values()):
            raise ValueError("a size is negative")
        return timing

    def sizes(self, base: int) -> dict[str, int]:
        """Sizes near ``base`` for every dimension, unequal where there are several.

        With several dimensions the first gets ``base`` and the others a little more each (powers
        of two: twice as much), so that a mix-up of rows and columns shows; for every other odd
        base it is the last that gets ``base``, so that each is at times the larger one.
        """
        last = len(self.dimensions) - 1
        backward = base % 4 == 3

        def more(position: int, dimension: Dimension) -> int:
            if base <= 1:
                return base
            return base << position if dimension.power_of_two else base + position

        return {
            name: dimension.fit(more(last - position if backward else position, dimension))
            for position, (name, dimension) in enumerate(self.dimensions.items())
        }

    def every_kind(self) -> list[Contract]:
        """The contract without its variants, and one more for each: these are what it allows."""
        plain = self.model_copy(update={"variants": []})
        return [
            plain,
            *(
                plain.model_copy(update={"parameters": {**self.parameters, **changed}})
                for changed in self.variants
            ),
        ]

    def check_against(self, signature: Signature) -> None:
        """Raise ContractError unless every parameter of the kernel is covered, and no other."""
        results: dict[str, Type | None] = {p.name: p.type for p in signature.parameters}
        if unknown := set(self.parameters) - set(results):
            raise ContractError(f"{self.kernel} has no parameter '{sorted(unknown)[0]}'")
        probe = {name: dimension.fit(4) for name, dimension in self.dimensions.items()}
        for number, changed in enumerate(self.variants, 1):
            if unknown := set(changed) - set(results):
                raise ContractError(f"variant {number}: no parameter '{sorted(unknown)[0]}'")
        for kind in self.every_kind():
            for parameter in signature.parameters:
                given = kind.parameters.get(parameter.name, ParameterContract())
                try:
                    _check_parameter(parameter.type, given, probe)
                    _check_hits(given, results)
                except ContractError as error:
                    raise ContractError(f"parameter '{parameter.name}': {error}") from None
        results["return"] = signature.returns
        for name in self.comparison.any_order:
            if not isinstance(results.get(name), Vector):
                raise ContractError(f"any_order: '{name}' is not a vector")
        for name, keys in self.comparison.ties.items():
            _check_ties(name, results.get(name), keys)
        for sizes in self.timing:
            if set(sizes) != set(self.dimensions):
                raise ContractError(f"timing sizes must name {sorted(self.dimensions)}")

    def to_toml(self, notes: list[str] | None = None) -> str:
        """The contract as TOML, with ``notes`` as comments on top."""
        document = tomlkit.document()
        for note in notes or []:
            printable = "".join(c if c.isprintable() else " " for c in note)
            document.add(tomlkit.comment(printable))
        plain = self.model_dump(mode="json", exclude_defaults=True)
        for key in ("kernel", "timing", "dimensions", "parameters", "comparison", "variants"):
            if key == "variants":
                for variant in plain.get(key, []):
                    tables = document.setdefault(key, tomlkit.aot())
                    tables.append(_toml_item(variant, depth=1, tables=2))
            elif key in plain or key == "dimensions":
                document.add(key, _toml_section(key, plain.get(key, {})))
        return tomlkit.dumps(document)

    @classmethod
    def from_toml(cls, text: str) -> Contract:
        """Read a contract; ContractError with the first thing that is wrong."""
        try:
            return cls.model_validate(tomlkit.parse(text).unwrap())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ContractError(f"{where}: {first['msg']}") from None
        except tomlkit.exceptions.TOMLKitError as error:
            raise ContractError(f"not TOML: {error}") from None

    @classmethod
    def load(cls, path: Path) -> Contract:
        """Read a contract from a file; ContractError if it is unreadable or wrong."""
        try:
            return cls.from_toml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(f"{path}: {error}") from None


def _check_parameter(type_: Type, given: ParameterContract, probe: Mapping[str, int]) -> None:
    """Raise ContractError unless arguments of the type can be drawn as is said."""
    if given.equals is not None:
        if not (isinstance(type_, Scalar) and type_.kind in ("int", "uint", "float")):
            raise ContractError("only a number can be equal to a size")
        evaluate(given.equals, probe)
        return
    depth, element = _levels(type_)
    if len(given.lengths()) != depth:
        raise ContractError(f"needs {depth or 'no'} length{'s' * (depth != 1)}")
    for length in given.lengths():
        evaluate(length, probe)
    if isinstance(element, Struct | Pair):
        known = dict(members(element))
        if unknown := set(given.fields) - set(known):
            raise ContractError(f"there is no field '{sorted(unknown)[0]}'")
    elif given.fields:
        raise ContractError("only structs and pairs have fields")
    for values in [*given.fields.values(), *([given.values] if given.values else [])]:
        if (values.kind == "text") != isinstance(element, String):
            raise ContractError("text is for strings, and strings are text")
        for bound in (values.low, values.high):
            if isinstance(bound, str):
                evaluate(bound, probe)


def _check_ties(name: str, type_: Type | None, keys: list[str]) -> None:
    """Raise ContractError unless the result is a vector of structs that have these members."""
    if not (isinstance(type_, Vector) and isinstance(type_.element, Struct | Pair)):
        raise ContractError(f"ties: '{name}' is not a vector of structs or pairs")
    known = dict(members(type_.element))
    if not keys or (unknown := sorted(set(keys) - set(known))):
        raise ContractError(f"ties: {name} has no field '{unknown[0] if keys else ''}'")


def _check_hits(given: ParameterContract, types: Mapping[str, Type | None]) -> None:
    """Raise ContractError unless what is hit exists."""
    for values in [*given.fields.values(), *([given.values] if given.values else [])]:
        if values.hits is None:
            continue
        name, _, member = values.hits.partition(".")
        element = _levels(hit)[1] if (hit := types.get(name)) is not None else None
        has = dict(members(element)) if isinstance(element, Struct | Pair) else {}
        if element is None or (member not in has if has or member else False):
            raise ContractError(f"hits: there is no '{values.hits}'")


def _levels(type_: Type) -> tuple[int, Type]:
    """How many lengths a type needs, and what is at the bottom of its vectors."""
    depth = 0
    while isinstance(type_, Vector | Pointer):
        depth, type_ = depth + 1, type_.element
    return depth, type_


_TABLE_DEPTH = {"comparison": 3}
"""How deep there are tables, [comparison.results.x]; what lies deeper is written inline."""


def _toml_section(name: str, value: object) -> object:
    """A part of a contract, in tables as deep as ``[parameters.x]`` if nothing else is said."""
    return _toml_item(value, depth=0, tables=_TABLE_DEPTH.get(name, 2))


def _toml_item(value: object, depth: int, tables: int) -> object:
    if isinstance(value, dict):
        is_table = depth < tables
        table = tomlkit.table(is_super_table=depth < tables - 1) if is_table else None
        inline = tomlkit.inline_table()
        target = inline if table is None else table
        for key, item in value.items():
            target.add(key, _toml_item(item, depth + 1, tables))
        return target
    if isinstance(value, list) and value:
        array = tomlkit.array()
        for item in value:
            array.append(_toml_item(item, tables, tables))
        return array.multiline(depth == tables and isinstance(value[0], dict))
    return value
