"""Finding a contract by oneself: from the most cautious one that runs clean to a general one.

The original runs under sanitizers on inputs drawn from a contract; a contract *holds* when every
run is clean. The search starts where a kernel is most likely to be happy (long containers, small
indices, sizes that are powers of two) and then relaxes one thing after the other, keeping what
still holds: sizes as free as possible, containers as short as possible, values as general as
possible. What fails already at the start cannot be inferred and is asked for.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from parallel_agent.kernel.contract import (
    Comparison,
    Contract,
    Dimension,
    ParameterContract,
    Values,
)
from parallel_agent.kernel.source import Kernel
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Parameter,
    Pointer,
    Scalar,
    String,
    Struct,
    Type,
    Vector,
    members,
)
from parallel_agent.kernel.workload import Workload, default_integers

MAX_PAYLOAD = 1 << 22
"""Bytes of inputs of one call tried under sanitizers."""
PATIENCE = 2.0
"""Seconds of clean trials of one contract after which no larger sizes are tried any more."""
_BASES = (0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17)
_TOO_LARGE = f"more than {MAX_PAYLOAD} bytes of input"
_WIDE_BASES = (*_BASES, 22, 26, 31, 33, 48, 63, 64, 100)
"""For the sizes themselves: some kernels fail only at sizes of an odd make."""


class Trial(Protocol):
    """Runs the original under sanitizers on encoded inputs."""

    def __call__(self, payload: bytearray) -> str | None:
        """None if the run was clean, else what went wrong (one line)."""
        ...


class ContractNeeded(ValueError):
    """No contract could be found: ``template`` is TOML for the user to complete."""

    def __init__(self, message: str, template: str) -> None:
        super().__init__(message)
        self.template = template


def infer(kernel: Kernel, trial: Trial, *, seed: int = 0) -> Contract:
    """The most general contract of those tried under which the original runs clean.

    Raises ContractNeeded, naming the parameters in question, when not even the most cautious
    contract holds.
    """
    search = _Search(kernel, trial, seed)
    contract, problem = search.start()
    if problem is not None:
        parameters = kernel.signature.parameters
        unknown = [p.name for p in parameters if not _is_dimension(contract, p)]
        names = unknown or [p.name for p in parameters]
        message = f"no contract found for parameter{'s' * (len(names) > 1)} "
        message += f"{', '.join(repr(name) for name in names)}: {problem}"
        raise ContractNeeded(message, template(contract, problem))
    # Sizes first, because only free ones tell lengths apart, and again, because indices into
    # containers of one element must be known for what they are before there can be such containers.
    for relax in (search.dimensions, search.lengths, search.values, search.dimensions):
        contract = relax(contract)
    return contract


def check(kernel: Kernel, contract: Contract, trial: Trial, *, seed: int = 0) -> str | None:
    """What goes wrong when the original runs on inputs of a given contract; None: it holds."""
    return _Search(kernel, trial, seed).problem(contract, _WIDE_BASES)


def template(contract: Contract, problem: str) -> str:
    """A contract to complete by hand, with the reason why it is not good enough."""
    notes = [
        f"A contract for {contract.kernel}: correct it, then pass it with --contract.",
        f"With the values below the original fails: {problem}",
        "length: an expression of dimensions, such as N*N. values: kind = uniform (reals),",
        "integers or text, with low and high; an index below N is { low = 0, high = 'N-1' }.",
    ]
    return contract.to_toml(notes)


class _Search:
    def __init__(self, kernel: Kernel, trial: Trial, seed: int) -> None:
        self._kernel = kernel
        self._trial = trial
        self._seed = seed
        self._largest = max(_WIDE_BASES)
        self._index_bounds = self._bounds_of_indices()

    # -- the question -------------------------------------------------------------------------

    def problem(self, contract: Contract, bases: Sequence[int] = _BASES) -> str | None:
        """What goes wrong under the contract at any of the sizes; None: it holds.

        A kernel that is slow at some size is never tried at larger ones, so that the whole search
        ends in time for kernels of any complexity.
        """
        started = time.monotonic()
        tried: set[tuple[int, ...]] = set()
        for base in bases:
            if base > self._largest:
                break
            sizes = contract.sizes(base)
            if (key := tuple(sizes.values())) in tried:
                continue
            tried.add(key)
            for repetition in range(2):
                problem = self._problem_at(contract, sizes, [self._seed, base, repetition])
                if problem == _TOO_LARGE and base > max(_BASES):
                    return None  # as far as it goes
                if problem is not None:
                    return f"{problem} (sizes {sizes})"
            if time.monotonic() - started > PATIENCE:
                self._largest = base
        return None

    def _problem_at(self, contract: Contract, sizes: dict[str, int], seed: list[int]) -> str | None:
        workload = Workload(self._kernel.signature, contract)
        payload = workload.payload(sizes, np.random.default_rng(seed))
        if len(payload) > MAX_PAYLOAD:
            return _TOO_LARGE
        return self._trial(payload)

    def _holds(self, contract: Contract) -> bool:
        return self.problem(contract) is None

    # -- where it starts ----------------------------------------------------------------------

    def start(self) -> tuple[Contract, str | None]:
        """The most cautious contract, and what is wrong with it if it does not hold either.

        Small indices, sizes 4, 8, 16 …, and all containers of one length: the shortest that does,
        or the simplest where none does.
        """
        lengths = _length_candidates(self._kernel.dimension_names or ("n",))
        simplest = self._cautious(lengths[0])
        problem = self.problem(simplest)
        if problem is None:
            return simplest, None
        for length in lengths[1:]:
            contract = self._cautious(length)
            if self._holds(contract):
                return contract, None
        return simplest, problem

    def _cautious(self, length: str) -> Contract:
        names = self._kernel.dimension_names or ("n",)
        parameters: dict[str, ParameterContract] = {}
        for parameter in self._kernel.signature.parameters:
            if parameter.name in self._kernel.dimension_names:
                parameters[parameter.name] = ParameterContract(equals=parameter.name)
                continue
            given = ParameterContract(length=_length([length] * _depth(parameter.type)))
            for leaf, type_ in _leaves(parameter.type):
                given = _with_values(given, leaf, list(self._domains(type_))[-1])
            parameters[parameter.name] = given
        return Contract(
            kernel=self._kernel.name,
            dimensions={n: Dimension(minimum=4, power_of_two=True) for n in names},
            parameters=parameters,
            comparison=_comparison(self._kernel),
        )

    def _bounds_of_indices(self) -> list[str]:
        """Exclusive upper bounds that indices may have, the larger first (see Contract.sizes)."""
        names = reversed(self._kernel.dimension_names or ("n",))
        fixed = sorted(
            {str(t.length) for p in self._kernel.signature.parameters for t in _arrays(p.type)},
            key=int,
            reverse=True,
        )
        return [*names, *fixed]

    def _domains(self, type_: Scalar | String) -> Iterator[Values]:
        """Domains for one kind of number, the most general first, the most cautious last."""
        if isinstance(type_, String):
            yield Values(kind="text", low=0, high=12)
            yield Values(kind="text", low=1, high=12)
        elif type_.kind in ("float", "complex"):
            yield Values(kind="uniform", low=-10.0, high=10.0)
            yield Values(kind="uniform", low=0.0, high=1.0)
            yield Values(kind="uniform", low=0.1, high=10.0)
        else:
            yield default_integers(type_)
            if type_.kind == "int":
                yield Values(kind="integers", low=0, high=default_integers(type_).high)
            for bound in self._index_bounds:
                yield Values(kind="integers", low=0, high=_below(bound))
            yield Values(kind="integers", low=0, high=1)

    # -- one thing after the other ------------------------------------------------------------

    def lengths(self, contract: Contract) -> Contract:
        """Every container as short as it can be, one after the other, until nothing changes."""
        candidates = _length_candidates(tuple(contract.dimensions))
        before = None
        while contract != before:
            before = contract
            for name, parameter in contract.parameters.items():
                for level in range(len(parameter.lengths())):
                    contract = self._shortest(contract, name, level, candidates)
        return contract

    def _shortest(
        self, contract: Contract, name: str, level: int, candidates: list[str]
    ) -> Contract:
        lengths = contract.parameters[name].lengths()
        for candidate in candidates[: candidates.index(lengths[level])]:
            shorter = [*lengths[:level], candidate, *lengths[level + 1 :]]
            changed = contract.parameters[name].model_copy(update={"length": _length(shorter)})
            trial = _replace(contract, name, changed)
            if self._holds(trial):
                return trial
        return contract

    def dimensions(self, contract: Contract) -> Contract:
        """Every size as free as it can be: any, else from 1, 2 …, even, or a power of two."""
        choices = [
            *(Dimension(minimum=m) for m in (0, 1, 2, 3, 4)),
            Dimension(minimum=2, multiple_of=2),
            *(Dimension(minimum=m, power_of_two=True) for m in (1, 2)),
        ]
        for name in contract.dimensions:
            for choice in choices:
                trial = contract.model_copy(
                    update={"dimensions": {**contract.dimensions, name: choice}}
                )
                if self.problem(trial, _WIDE_BASES) is None:
                    contract = trial
                    break
        return contract

    def values(self, contract: Contract) -> Contract:
        """Every kind of number as general as it can be."""
        for parameter in self._kernel.signature.parameters:
            if _is_dimension(contract, parameter):
                continue
            for leaf, type_ in _leaves(parameter.type):
                for domain in self._domains(type_):
                    changed = _with_values(contract.parameters[parameter.name], leaf, domain)
                    trial = _replace(contract, parameter.name, changed)
                    if self._holds(trial):
                        contract = trial
                        break
        return contract


def _comparison(kernel: Kernel) -> Comparison:
    """1e-9 relative where all floating point is double, 1e-4 where there is single precision."""
    types: list[Type] = [p.type for p in kernel.signature.parameters]
    if kernel.signature.returns is not None:
        types.append(kernel.signature.returns)
    leaves = [leaf for type_ in types for _, leaf in _leaves(type_)]
    single = any(
        isinstance(leaf, Scalar) and (leaf.kind, leaf.size) in (("float", 4), ("complex", 8))
        for leaf in leaves
    )
    return Comparison(relative=1e-4 if single else 1e-9)


def _is_dimension(contract: Contract, parameter: Parameter) -> bool:
    return contract.parameters[parameter.name].equals is not None


def _length_candidates(names: tuple[str, ...]) -> list[str]:
    """Lengths to try, shortest first: one size, products of two, of three, with room to spare."""
    products = [
        "*".join(chosen)
        for count in (1, 2, 3)
        for chosen in itertools.combinations_with_replacement(names, count)
    ]
    offsets = [f"{name}+1" for name in names]
    plain = products[: len(names)]
    return [*plain, *offsets, *(f"2*{name}" for name in names), *products[len(names) :]]


def _length(lengths: list[str]) -> str | list[str] | None:
    if not lengths:
        return None
    return lengths[0] if len(lengths) == 1 else lengths


def _below(bound: str) -> int | str:
    return int(bound) - 1 if bound.isdigit() else f"{bound}-1"


def _depth(type_: Type) -> int:
    if isinstance(type_, Vector | Pointer):
        return 1 + _depth(type_.element)
    return 0


def _arrays(type_: Type) -> Iterator[Array]:
    if isinstance(type_, Array):
        yield type_
        yield from _arrays(type_.element)
    elif isinstance(type_, Vector | Pointer):
        yield from _arrays(type_.element)


def _leaves(type_: Type) -> Iterator[tuple[str, Scalar | String]]:
    """The numbers and strings a type is made of; those in structs with the member's name."""
    if isinstance(type_, Vector | Pointer | Array):
        yield from _leaves(type_.element)
    elif isinstance(type_, Struct | Pair):
        for name, member in members(type_):
            for _, leaf in _leaves(member):
                yield name, leaf
    elif isinstance(type_, String) or type_.kind != "bool":
        yield "", type_


def _with_values(given: ParameterContract, leaf: str, values: Values) -> ParameterContract:
    if leaf:
        return given.model_copy(update={"fields": {**given.fields, leaf: values}})
    return given.model_copy(update={"values": values})


def _replace(contract: Contract, name: str, parameter: ParameterContract) -> Contract:
    return contract.model_copy(update={"parameters": {**contract.parameters, name: parameter}})
