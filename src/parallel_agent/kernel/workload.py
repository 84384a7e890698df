"""Concrete inputs drawn from a contract."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from parallel_agent.kernel.batches import batch, regions
from parallel_agent.kernel.codec import Encoder
from parallel_agent.kernel.contract import (
    Contract,
    ContractError,
    ParameterContract,
    Values,
    evaluate,
)
from parallel_agent.kernel.drawing import elements, fill, fill_vector, strings
from parallel_agent.kernel.shaping import is_matrix, with_hits
from parallel_agent.kernel.types import (
    Parameter,
    Pointer,
    Signature,
    String,
    Type,
    Vector,
    dtype,
    is_flat,
)


class Workload:
    """Draws the arguments of calls of a kernel, at any sizes, from a seeded generator."""

    def __init__(self, signature: Signature, contract: Contract) -> None:
        self.signature = signature
        self.contract = contract

    def draw(self, sizes: Mapping[str, int], rng: np.random.Generator) -> list[Any]:
        """The arguments of one call, in the order of the parameters.

        Raises ContractError where the contract's expressions cannot be drawn from.
        """
        drawn = {p.name: self._argument(p, sizes, rng) for p in self.signature.parameters}
        for name, member, values in self._hits():
            _hit(drawn, name, member, values, rng)
        return list(drawn.values())

    def payload(
        self, sizes: Mapping[str, int], rng: np.random.Generator, instances: int = 1
    ) -> memoryview:
        """The encoded arguments of ``instances`` calls, each with inputs of its own."""
        encoder = Encoder()
        self._encode(encoder, sizes, rng, instances)
        return encoder.payload()

    def write(
        self, room: memoryview, sizes: Mapping[str, int], rng: np.random.Generator, instances: int
    ) -> int:
        """Write what `payload` returns where it is needed, and return how many bytes it takes.

        Large vectors are drawn right there. Raises ValueError where there is not room enough.
        """
        encoder = Encoder(room)
        self._encode(encoder, sizes, rng, instances)
        return len(encoder.payload())

    def _encode(
        self, encoder: Encoder, sizes: Mapping[str, int], rng: np.random.Generator, instances: int
    ) -> None:
        if instances == 1:
            self._encode_one(encoder, sizes, rng)
            return
        first = self.draw(sizes, rng)
        places = regions(self.signature, self.contract, first)
        if places is None:
            encoder.arguments(self.signature, first)
            for _ in range(instances - 1):
                self._encode_one(encoder, sizes, rng)
            return
        drawn = {}
        for place in places:
            given = self._given(place.parameter)
            numbers = elements(place.element, instances * place.count)
            fill(numbers, place.element, given.values, given.fields, sizes, rng)
            drawn[place.parameter] = numbers
        batch(self.signature, first, instances, drawn, places, encoder)

    def _encode_one(
        self, encoder: Encoder, sizes: Mapping[str, int], rng: np.random.Generator
    ) -> None:
        """Append one call: as if its arguments were drawn first, and then encoded."""
        if any(self._hits()):  # which take from what was drawn
            encoder.arguments(self.signature, self.draw(sizes, rng))
            return
        for parameter in self.signature.parameters:
            type_, given = parameter.type, self._given(parameter.name)
            if isinstance(type_, Vector | Pointer) and is_flat(type_.element):
                with _told(parameter, sizes):
                    count = _lengths(type_, given, sizes)[0]
                numbers = encoder.numbers(type_.element, count)
                with _told(parameter, sizes):
                    fill_vector(numbers, type_.element, given, sizes, rng)
            else:
                encoder.value(type_, self._argument(parameter, sizes, rng))

    def _argument(
        self, parameter: Parameter, sizes: Mapping[str, int], rng: np.random.Generator
    ) -> Any:
        given = self._given(parameter.name)
        with _told(parameter, sizes):
            if given.equals is not None:
                return dtype(parameter.type).type(evaluate(given.equals, sizes))
            lengths = _lengths(parameter.type, given, sizes)
            return _draw(parameter.type, lengths, given, sizes, rng)

    def _given(self, parameter: str) -> ParameterContract:
        return self.contract.parameters.get(parameter, ParameterContract())

    def _hits(self) -> Iterator[tuple[str, str, Values]]:
        """Parameters and members of them that partly repeat others, with their domains."""
        for name, given in self.contract.parameters.items():
            for member, values in (("", given.values), *given.fields.items()):
                if values is not None and values.hits is not None:
                    yield name, member, values


@contextmanager
def _told(parameter: Parameter, sizes: Mapping[str, int]) -> Iterator[None]:
    """Errors with the name of the parameter and the sizes."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        shown = f" (sizes {dict(sizes)})"
        raise ContractError(f"parameter '{parameter.name}': {error}{shown}") from None


def _lengths(type_: Type, given: ParameterContract, sizes: Mapping[str, int]) -> list[int]:
    lengths = [evaluate(length, sizes) for length in given.lengths()]
    if any(length < 0 for length in lengths):
        raise ContractError(f"a negative length: {given.length}")
    if isinstance(type_, Vector | Pointer) and not lengths:
        raise ContractError("a length is missing")
    return lengths


def _hit(
    drawn: dict[str, Any], name: str, member: str, values: Values, rng: np.random.Generator
) -> None:
    """Replace some of a parameter's values, or of one of its members, by those of another one."""
    assert values.hits is not None
    hit, _, field = values.hits.partition(".")
    source = drawn[hit][field] if field else drawn[hit]
    if not isinstance(source, bytes | list):
        source = np.ravel(source)
    if member:
        drawn[name][member] = with_hits(drawn[name][member], source, rng)
    else:
        found = with_hits(drawn[name], source, rng)
        drawn[name] = np.sort(found) if values.sorted and np.ndim(found) else found


def _draw(
    type_: Type,
    lengths: list[int],
    given: ParameterContract,
    sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> Any:
    if isinstance(type_, String):
        return strings(1, given.values, sizes, rng)[0]
    if is_flat(type_):
        one = elements(type_, 1)
        fill(one, type_, given.values, given.fields, sizes, rng)
        return one[0]
    if not lengths:
        raise ContractError("a length is missing")
    assert isinstance(type_, Vector | Pointer)
    if is_flat(type_.element):
        numbers = elements(type_.element, lengths[0])
        fill_vector(numbers, type_.element, given, sizes, rng)
        return numbers
    if isinstance(type_.element, String):
        return strings(lengths[0], given.values, sizes, rng)
    if is_matrix(given.values):
        assert isinstance(type_.element, Vector)
        numbers = elements(type_.element.element, math.prod(lengths))
        fill_vector(numbers, type_.element.element, given, sizes, rng)
        return list(numbers.reshape(lengths[0], -1)) if len(numbers) else [numbers] * lengths[0]
    return [_draw(type_.element, lengths[1:], given, sizes, rng) for _ in range(lengths[0])]
