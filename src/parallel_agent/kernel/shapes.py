"""Finding lengths and sizes: a contract that holds at all, then each part as short and free as can be.

The search starts where a kernel is most likely to be happy (long containers, small numbers, sizes
that are powers of two) and relaxes one thing after the other, keeping what still holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from parallel_agent.kernel.contract import (
    Contract,
    Dimension,
    ParameterContract,
    Values,
)
from parallel_agent.kernel.domains import domains
from parallel_agent.kernel.expressions import evaluate
from parallel_agent.kernel.leaves import (
    Leaf,
    as_length,
    depth_of,
    leaves_of,
    with_parameter,
)
from parallel_agent.kernel.trials import WIDE_BASES, Trials
from parallel_agent.kernel.types import Pointer, Scalar

_START_BASES = (4, 7, 8)
"""With 7 the last size is the smallest one (see `Contract.sizes`)."""
_FURTHER, _FURTHER_FIXED = 16, 128
"""A length that holds at small sizes by chance is found out here, before anything is built on it;
one that is a number in the source is enough for quite large ones."""
_MOST_COUPLED = 2
_STUCK = 8
"""The largest index that is taken for one that could be larger."""


def start(trials: Trials) -> tuple[Contract, str | None]:
    """The most cautious contract, and what is wrong with it if it does not hold either.

    All containers have one length, the simplest that does. The integers that look like sizes are
    sizes, or, where nothing holds so, all integers are.
    """
    choices = [trials.kernel.dimension_names, trials.hints.integers]
    simplest: tuple[Contract, str] | None = None
    for names in dict.fromkeys(tuple(choice) or ("n",) for choice in choices):
        for lengths in _start_lengths(trials, names):
            contract = _cautious(trials, names, lengths)
            fixed = any(length.isdigit() for length in lengths.values())
            further = (_FURTHER_FIXED,) if fixed else (_FURTHER,)
            problem = trials.problem(contract, (*_START_BASES, *further))
            if problem is None:
                return contract, None
            simplest = simplest or (contract, problem)
    assert simplest is not None
    return simplest


def _start_lengths(trials: Trials, names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """A length for every container by name, the simplest first.

    All the same; or one that the kernel is driven by, and room to spare for what it writes, or for
    all the others; or a product for all.
    """
    containers = [p for p in trials.kernel.signature.parameters if depth_of(p.type)]
    size, roomy = names[0], f"4*{names[0]}+4"

    def all_of(length: str) -> dict[str, str]:
        return {p.name: length for p in containers}

    yield all_of(size)
    if not containers:
        return
    yield {p.name: roomy if p.mutable else size for p in containers}
    for driver in containers:
        yield {**all_of(roomy), driver.name: size}
    products = list(_products(names))
    if len(names) > 1:  # whichever product of two sizes, or of three, the sum of all is enough
        triples = itertools.combinations_with_replacement(names, 3)
        products = ["+".join(p for p in products if p.count("*") == 1)]
        products.append("+".join("*".join(triple) for triple in triples))
    products[:0] = [
        f"({a}+2)*({b}+2)" for a, b in itertools.combinations_with_replacement(names, 2)
    ]
    for length in dict.fromkeys([*map(str, trials.hints.constants), *products]):
        if not length.isdigit() or int(length) > max(_START_BASES):
            yield all_of(length)
            yield {p.name: length if p.mutable else size for p in containers}


def _cautious(trials: Trials, sizes: tuple[str, ...], lengths: dict[str, str]) -> Contract:
    kernel = trials.kernel
    contract = Contract(
        kernel=kernel.name,
        dimensions={n: Dimension(minimum=4, power_of_two=True) for n in sizes},
        parameters={
            p.name: ParameterContract(
                equals=p.name if p.name in sizes else None,
                length=as_length([lengths.get(p.name, "1")] * depth_of(p.type)),
            )
            for p in kernel.signature.parameters
        },
    )
    for leaf in leaves_of(kernel, contract):
        *_, cautious = domains(leaf, contract, kernel, trials.hints)
        contract = leaf.replaced(contract, cautious)
    return contract


# ---- lengths -------------------------------------------------------------------------------------


def lengths(trials: Trials, contract: Contract) -> Contract:
    """Every container as short as it can be, one after the other, until nothing changes."""
    before = None
    while contract != before:
        before = contract
        for parameter in trials.kernel.signature.parameters:
            pointer = isinstance(parameter.type, Pointer)
            candidates = length_candidates(contract, trials.hints.constants, pointer=pointer)
            for level in range(len(contract.parameters[parameter.name].lengths())):
                contract = _shortest(trials, contract, parameter.name, level, candidates)
    return contract


def _shortest(
    trials: Trials, contract: Contract, name: str, level: int, candidates: list[str]
) -> Contract:
    now = contract.parameters[name].lengths()
    end = candidates.index(now[level]) if now[level] in candidates else len(candidates)
    for candidate in candidates[:end]:
        shorter = [*now[:level], candidate, *now[level + 1 :]]
        changed = contract.parameters[name].model_copy(update={"length": as_length(shorter)})
        attempt = with_parameter(contract, name, changed)
        if trials.firmly(attempt):
            return attempt
    return contract


def _products(names: Iterable[str]) -> Iterator[str]:
    names = tuple(names)
    for count in (2, 3):
        for chosen in itertools.combinations_with_replacement(names, count):
            yield "*".join(chosen)
    if len(names) > 3:
        yield from ("*".join(chosen) for chosen in itertools.combinations(names, 4))


def length_candidates(
    contract: Contract, constants: tuple[int, ...], *, pointer: bool = False
) -> list[str]:
    """Lengths to try: the sizes themselves, then what is made of them, the shortest first.

    A pointer may well point to a single element; a vector of one would hide what its size decides.
    """
    names = list(contract.dimensions)
    more = [f"{name}+{extra}" for name in names for extra in (1, 2)]
    more += [f"2*{name}" for name in names] + [f"2*{name}+1" for name in names]
    pairs = list(itertools.combinations(names, 2))
    more += [f"{a}+{b}" for a, b in pairs] + [f"{a}+{b}-1" for a, b in pairs]
    more += _products(names)
    squares = itertools.combinations_with_replacement(names, 2)
    more += [f"({a}+{extra})*({b}+{extra})" for a, b in squares for extra in (1, 2)]
    more += [str(constant) for constant in constants if pointer or constant > 2]
    probe = {name: 100 + place for place, name in enumerate(names)}
    first = ["1"] if pointer else []
    ordered = sorted(dict.fromkeys(more), key=lambda length: evaluate(length, probe))
    if pointer:
        first += [length for length in ordered if length.isdigit() and int(length) <= 16]
    return list(dict.fromkeys([*first, *names, *ordered]))


def coupled(trials: Trials, contract: Contract) -> Contract:
    """Indices that stayed small because the container they point into was made short before.

    ``dense[row * columns + column]`` is an example: neither the length nor the bounds can grow
    alone.
    """
    stuck = [leaf for leaf in leaves_of(trials.kernel, contract) if _is_stuck(leaf, contract)]
    names = list(contract.dimensions)
    if not stuck or len(stuck) > _MOST_COUPLED:
        return contract
    # Products of different sizes first: they tell rows from columns.
    lengths = sorted(
        [*names, *_products(names)],
        key=lambda length: (-len(set(length.split("*"))), length.count("*")),
    )
    for length, container in itertools.product(lengths, contract.parameters):
        given = contract.parameters[container]
        if trials.is_late:
            break
        if len(given.lengths()) != 1 or container in {leaf.parameter for leaf in stuck}:
            continue
        longer = with_parameter(contract, container, given.model_copy(update={"length": length}))
        for bounds in itertools.product(names, repeat=len(stuck)):
            attempt = longer
            for leaf, bound in zip(stuck, bounds, strict=True):
                values = Values(kind="integers", low=0, high=f"{bound}-1")
                attempt = leaf.replaced(attempt, values)
            if trials.firmly(attempt):
                return attempt
    return contract


def _is_stuck(leaf: Leaf, contract: Contract) -> bool:
    values = leaf.of(contract)
    if values is None or not isinstance(leaf.type, Scalar) or not leaf.type.is_integer:
        return False
    return leaf.depth > 0 and isinstance(values.high, int) and values.high <= _STUCK


# ---- sizes ---------------------------------------------------------------------------------------

_CHOICES = (
    *(Dimension(minimum=m) for m in (0, 1, 2, 3, 4)),
    Dimension(minimum=2, multiple_of=2),
    *(Dimension(minimum=m, power_of_two=True) for m in (1, 2)),
)


def dimensions(trials: Trials, contract: Contract, *, least: int = 0) -> Contract:
    """Every size as free as it can be: any, else from 1, 2 …, even, or a power of two.

    None gets a minimum below ``least``.
    """
    for name in contract.dimensions:
        for choice in _CHOICES:
            if choice.minimum < least:
                continue
            attempt = contract.model_copy(
                update={"dimensions": {**contract.dimensions, name: choice}}
            )
            if trials.problem(attempt, WIDE_BASES) is None and trials.firmly(attempt):
                contract = attempt
                break
    return contract
