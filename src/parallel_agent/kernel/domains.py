"""Domains to try for one kind of number: the most general first, the most cautious last."""

from __future__ import annotations

from collections.abc import Iterator

from parallel_agent.kernel.contract import Contract, Values, evaluate
from parallel_agent.kernel.drawing import default_integers
from parallel_agent.kernel.hints import Hints
from parallel_agent.kernel.leaves import Leaf, arrays_in
from parallel_agent.kernel.source import Kernel
from parallel_agent.kernel.types import Scalar, String

WIDE = 1 << 30
"""Integers up to here rarely repeat, so that a search does not end before it begins."""


def domains(leaf: Leaf, contract: Contract, kernel: Kernel, hints: Hints) -> Iterator[Values]:
    """Domains for a leaf under the lengths of a contract."""
    found: Iterator[Values]
    if isinstance(leaf.type, String):
        found = _texts(leaf, contract)
    elif leaf.type.kind in ("float", "complex"):
        found = _reals(leaf, contract)
    elif leaf.type.kind == "char":
        found = iter([_integers(32, 126), _integers(ord("a"), ord("z"))])
    else:
        found = _whole_numbers(leaf, leaf.type, contract, kernel, hints)
    if str(leaf) in hints.ordered and leaf.depth == 1:
        found = (values.model_copy(update={"sorted": True}) for values in found)
    return found


def _integers(low: int | str, high: int | str) -> Values:
    return Values(kind="integers", low=low, high=high)


def _texts(leaf: Leaf, contract: Contract) -> Iterator[Values]:
    if leaf.depth == 0:  # a long text, as long as the size says
        name = next(iter(contract.dimensions))
        yield Values(kind="text", low=name, high=name)
        return
    yield Values(kind="text", low=0, high=12)
    yield Values(kind="text", low=1, high=12)


def _reals(leaf: Leaf, contract: Contract) -> Iterator[Values]:
    yield Values(kind="uniform", low=-10.0, high=10.0)
    yield Values(kind="uniform", low=0.0, high=10.0)
    yield Values(kind="uniform", low=-1.0, high=1.0)
    yield Values(kind="uniform", low=0.0, high=1.0)
    if is_square(leaf, contract):
        yield Values(kind="uniform", low=-10.0, high=10.0, dominant=True)
        yield Values(kind="uniform", low=-10.0, high=10.0, dominant=True, symmetric=True)
    yield Values(kind="uniform", low=0.1, high=10.0)


def _whole_numbers(
    leaf: Leaf, type_: Scalar, contract: Contract, kernel: Kernel, hints: Hints
) -> Iterator[Values]:
    bounds = bounds_of(contract, kernel)
    default = default_integers(type_)
    if str(leaf) in hints.offsets:
        yield from (Values(kind="offsets", low=0, high=bound) for bound in bounds)
    if leaf.depth and type_.size >= 4:
        yield _integers(-WIDE if type_.kind == "int" else 0, WIDE)
    yield default
    if type_.kind == "int":
        yield Values(kind="integers", low=0, high=default.high)
    yield Values(kind="integers", low=1, high=default.high)
    for bound in bounds:
        if leaf.depth == 0:
            yield _integers(0, int(bound) if bound.isdigit() else bound)
        yield _integers(0, int(bound) - 1 if bound.isdigit() else f"{bound}-1")
    yield _integers(0, 30)
    yield _integers(1, 8)
    yield _integers(0, 1)


def bounds_of(contract: Contract, kernel: Kernel) -> list[str]:
    """Exclusive upper bounds that indices may have, the largest first."""
    fixed = {str(t.length) for p in kernel.signature.parameters for t in arrays_in(p.type)}
    lengths = {length for given in contract.parameters.values() for length in given.lengths()}
    probe = {name: 100 + place for place, name in enumerate(contract.dimensions)}
    found = sorted({*contract.dimensions, *lengths, *fixed})
    return sorted(found, key=lambda bound: evaluate(bound, probe), reverse=True)


def is_square(leaf: Leaf, contract: Contract) -> bool:
    """True for the elements of what can be a square matrix."""
    lengths = contract.parameters[leaf.parameter].lengths()
    if leaf.member or len(lengths) not in (1, 2):
        return False
    rows = lengths if len(lengths) == 2 else lengths[0].split("*")
    return len(rows) == 2 and rows[0] == rows[1]


def special(leaf: Leaf, contract: Contract, kernel: Kernel) -> Iterator[Values]:
    """Domains that make conditions come true which seldom do: repeats, zeros, order, structure."""
    if isinstance(leaf.type, String):
        given = leaf.of(contract) or Values(kind="text", low=0, high=12)
        low, high = given.low, given.high
        for letters in ("ab", " aA0.,-_z9Z(){}[]+*/=", "a"):
            yield Values(kind="text", low=low, high=high, letters=letters)
        yield Values(kind="text", low=0, high=2, letters="ab")
        return
    yield _integers(0, 1)
    if leaf.type.kind == "char":
        yield from (_integers(ord("a"), ord("b")), _integers(ord("0"), ord("9")))
        return
    if leaf.type.kind != "uint":
        yield _integers(-2, 2)
    yield _integers(0, 3)
    if leaf.type.is_integer:
        yield default_integers(leaf.type)
        yield from (_integers(0, f"{bound}-1") for bound in bounds_of(contract, kernel))
        yield _integers(1, 8)
        yield _integers(0, 300 if leaf.type.size > 1 else 100)
        if leaf.type.kind == "int":
            yield _integers(-100000 if leaf.type.size > 2 else -100, -1)
    else:
        yield Values(kind="uniform", low=0.0, high=1.0)
        yield Values(kind="uniform", low=-1000.0, high=1000.0)
        yield Values(kind="uniform", low=-10.0, high=0.0)
        yield Values(kind="uniform", low=0.1, high=10.0)
    if is_square(leaf, contract):
        yield Values(kind="uniform", low=-10.0, high=10.0, dominant=True, symmetric=True)
        yield Values(kind="uniform", low=-10.0, high=10.0, symmetric=True)
        yield Values(kind="integers", low=0, high=1, symmetric=True)
    elif leaf.depth == 1:
        if leaf.type.kind == "float":
            yield Values(kind="uniform", low=0.0, high=1.0, normalized=True)
        yield Values(kind="integers", low=0, high=100, sorted=True)
