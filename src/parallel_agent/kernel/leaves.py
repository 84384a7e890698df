"""The numbers and strings that a kernel's parameters are made of, and changing their domains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parallel_agent.kernel.contract import Contract, ParameterContract, Values
from parallel_agent.kernel.source import Kernel
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Pointer,
    Scalar,
    String,
    Struct,
    Type,
    Vector,
    members,
)


@dataclass(frozen=True)
class Leaf:
    """One kind of number or string: of a parameter, or of a member of its structs."""

    parameter: str
    member: str
    type: Scalar | String
    depth: int
    """Of vectors around it; 0 for what is passed by itself."""

    def __str__(self) -> str:
        return f"{self.parameter}.{self.member}" if self.member else self.parameter

    def of(self, contract: Contract) -> Values | None:
        """Its domain; None where the contract names none."""
        given = contract.parameters[self.parameter]
        return given.fields.get(self.member) if self.member else given.values

    def replaced(self, contract: Contract, values: Values) -> Contract:
        """The contract with another domain for this leaf."""
        given = contract.parameters[self.parameter]
        return with_parameter(contract, self.parameter, self.changed(given, values))

    def changed(self, given: ParameterContract, values: Values) -> ParameterContract:
        """What a parameter is given, with another domain for this leaf."""
        if self.member:
            return given.model_copy(update={"fields": {**given.fields, self.member: values}})
        return given.model_copy(update={"values": values})


def leaves_of(kernel: Kernel, contract: Contract) -> list[Leaf]:
    """All leaves but those of parameters that are equal to a size."""
    return [
        Leaf(parameter.name, member, type_, depth_of(parameter.type))
        for parameter in kernel.signature.parameters
        if contract.parameters[parameter.name].equals is None
        for member, type_ in leaves(parameter.type)
    ]


def leaves(type_: Type) -> Iterator[tuple[str, Scalar | String]]:
    """The numbers and strings a type is made of; those in structs with the member's name."""
    if isinstance(type_, Vector | Pointer | Array):
        yield from leaves(type_.element)
    elif isinstance(type_, Struct | Pair):
        for name, member in members(type_):
            for _, leaf in leaves(member):
                yield name, leaf
    elif isinstance(type_, String) or type_.kind != "bool":
        yield "", type_


def depth_of(type_: Type) -> int:
    """How many lengths a type needs."""
    if isinstance(type_, Vector | Pointer):
        return 1 + depth_of(type_.element)
    return 0


def arrays_in(type_: Type) -> Iterator[Array]:
    """The arrays of fixed length in a type."""
    if isinstance(type_, Array):
        yield type_
        yield from arrays_in(type_.element)
    elif isinstance(type_, Vector | Pointer):
        yield from arrays_in(type_.element)


def with_parameter(contract: Contract, name: str, parameter: ParameterContract) -> Contract:
    """The contract with another part for one parameter."""
    return contract.model_copy(update={"parameters": {**contract.parameters, name: parameter}})


def as_length(lengths: list[str]) -> str | list[str] | None:
    """Lengths, outermost first, in the form that a contract has."""
    if not lengths:
        return None
    return lengths[0] if len(lengths) == 1 else lengths
