"""A contract in words: what a kernel is called with, and when two results are the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from parallel_agent.kernel.comparison import Bound, Comparison, Tolerance
from parallel_agent.kernel.contract import Contract, Dimension, ParameterContract, Values
from parallel_agent.kernel.drawing import default_integers
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Parameter,
    Pointer,
    Scalar,
    Signature,
    String,
    Struct,
    Type,
    Vector,
    members,
)
from parallel_agent.proposers.wording import sizes

_RETURN = "return"
_MOST_VARIANTS = 4


def in_words(signature: Signature, contract: Contract) -> str:
    """The contract as lines for a model to read."""
    return "\n".join(
        (
            *_dimensions(contract.dimensions),
            "Arguments:",
            *(f"- {_argument(p, contract.parameters.get(p.name))}" for p in signature.parameters),
            *_pointers(signature),
            *_variants(signature, contract),
            "Results, and how they are compared with the original's:",
            *(f"- {line}" for line in _results(signature, contract.comparison)),
        )
    )


def _dimensions(dimensions: Mapping[str, Dimension]) -> Iterator[str]:
    for name, dimension in dimensions.items():
        kind = "any number"
        if dimension.power_of_two:
            kind = "any power of two"
        elif dimension.multiple_of > 1:
            kind = f"any multiple of {dimension.multiple_of}"
        least = max(dimension.minimum, 1 if dimension.power_of_two else 0)
        yield f"Size {name}: {kind} from {least} up."


def _argument(parameter: Parameter, given: ParameterContract | None) -> str:
    given = given or ParameterContract()
    use = "read and written" if parameter.mutable else "read only"
    shown = f"`{parameter.name}` ({parameter.type.spelling}, {parameter.passing}, {use})"
    if given.equals is not None:
        return f"{shown}: equals {given.equals}"
    if given.length == "0":
        return f"{shown}: empty"
    parts = [*_lengths(parameter.type, given), *_domains(parameter.type, given)]
    return f"{shown}: {'; '.join(parts)}"


def _lengths(type_: Type, given: ParameterContract) -> Iterator[str]:
    lengths = given.lengths()
    if len(lengths) == 1:
        yield f"{lengths[0]} elements"
    elif lengths:
        yield f"{' vectors of '.join(lengths)} elements"


def _domains(type_: Type, given: ParameterContract) -> Iterator[str]:
    element = type_
    while isinstance(element, Vector | Pointer | Array):
        element = element.element
    if isinstance(element, Struct | Pair):
        for name, member in members(element):
            yield f"{name}: {_domain(member, given.fields.get(name))}"
    else:
        yield _domain(element, given.values)


def _domain(type_: Type, values: Values | None) -> str:
    """The numbers that are drawn, in a few words; without any said, those drawn by default."""
    if values is None:
        values = _default(type_)
    if values is None:
        return "any"
    low, high = values.low, values.high
    words = {
        "uniform": f"reals in [{low}, {high})",
        "integers": f"whole numbers from {low} to {high}",
        "offsets": f"whole numbers that ascend from {low} to {high}",
        "text": f"texts of {low} to {high} letters",
    }[values.kind]
    properties = ("sorted", "distinct", "symmetric", "normalized")
    extra = [name for name in properties if getattr(values, name)]
    if values.dominant:
        extra.append("diagonally dominant")
    if values.letters:
        extra.append(f"of the letters {values.letters!r}")
    if values.hits:
        extra.append(f"half of them elements of {values.hits}")
    return ", ".join((words, *extra))


def _default(type_: Type) -> Values | None:
    if isinstance(type_, String):
        return Values(kind="text", low=0, high=12)
    if not isinstance(type_, Scalar) or type_.kind == "bool":
        return None
    if type_.kind in ("float", "complex"):
        return Values(kind="uniform", low=-10.0, high=10.0)
    return default_integers(type_)


def _pointers(signature: Signature) -> Iterator[str]:
    if sum(isinstance(p.type, Pointer) for p in signature.parameters) > 1:
        yield "What pointers point to never overlaps."


def _variants(signature: Signature, contract: Contract) -> Iterator[str]:
    """What is checked beside the ordinary inputs, and never timed."""
    for variant in contract.variants[:_MOST_VARIANTS]:
        changed = (_argument(p, variant[p.name]) for p in signature.parameters if p.name in variant)
        yield f"Checked as well, never timed: {'; '.join(changed)}"


def _results(signature: Signature, comparison: Comparison) -> Iterator[str]:
    found = [(p.name, p.type) for p in signature.parameters if p.mutable]
    if signature.returns is not None:
        found.append((_RETURN, signature.returns))
    for name, type_ in found:
        shown = "the returned value" if name == _RETURN else f"`{name}`"
        for result, leaf in _leaves(name, type_):
            part = result.removeprefix(name)
            yield f"{shown}{part}: {_rule(result, leaf, comparison)}"
        if name in comparison.any_order:
            yield f"{shown}: its elements may be in any order"
        if name in comparison.ties:
            keys = ", ".join(comparison.ties[name])
            yield f"{shown}: sorted; elements equal in {keys} may be in any order"


def _leaves(name: str, type_: Type) -> Iterator[tuple[str, Type]]:
    """What is compared by a rule of its own: results, and members of structs, by their names."""
    while isinstance(type_, Vector | Pointer | Array):
        type_ = type_.element
    if isinstance(type_, Struct | Pair):
        for member, kind in members(type_):
            yield from _leaves(f"{name}.{member}", kind)
    else:
        yield name, type_


def _rule(result: str, type_: Type, comparison: Comparison) -> str:
    if not isinstance(type_, Scalar) or type_.kind not in ("float", "complex"):
        return "exactly"
    if comparison.same_bits:
        return "the same bits"
    if comparison.given or not comparison.results:
        return _within(comparison.bound(result, {}))
    tolerance = comparison.results.get(result, Tolerance())
    if not tolerance.steps:
        return "the same numbers (nothing is rounded on the way to them, or it must be done alike)"
    first, last = tolerance.steps[0], tolerance.steps[-1]
    ends = [f"{_within(first.bound)} up to {sizes(first.upto)}"]
    if last is not first:
        ends.append(f"{_within(last.bound)} at {sizes(last.upto)}")
    return ", ".join(ends)


def _within(bound: Bound) -> str:
    if bound.exact:
        return "the same numbers"
    parts = [f"{bound.absolute:.1e}"] if bound.absolute else []
    if bound.relative:
        parts.append(f"{bound.relative:.1e} * min(|a|, |b|)")
    return f"|a - b| <= {' + '.join(parts)}"
