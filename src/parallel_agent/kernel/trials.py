"""Asking the original: does it run clean under a contract, is its answer sound, what is reached."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from parallel_agent.kernel.codec import decode_calls, encode_calls
from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.kernel.evidence import Place, Reach
from parallel_agent.kernel.expressions import evaluate
from parallel_agent.kernel.hints import Hints
from parallel_agent.kernel.pinned import Pinned
from parallel_agent.kernel.source import Kernel
from parallel_agent.kernel.workload import Workload

MAX_PAYLOAD = 1 << 22
"""Bytes of inputs of one call tried under sanitizers."""
PATIENCE = 0.4
"""Seconds of every clean run at one size after which no larger sizes are tried any more."""
ENOUGH = 250
"""Failed trials, which are what takes time, after which what is merely better is not looked for."""
BASES = (0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17)
WIDE_BASES = (*BASES, 22, 26, 31, 33, 48, 63, 64, 100)
"""For the sizes themselves: some kernels fail only at sizes of an odd make."""
_SMALL = 8
"""Sizes near this must fit into `MAX_PAYLOAD`."""
_MORE_RUNS = 30
_MORE_SIZES = 24
_SOUND_BASES = (5, 17, 64)
REPETITIONS = 2
"""Different inputs for each size."""
TOO_LARGE = f"more than {MAX_PAYLOAD} bytes of input"
_MOSTLY = 0.25
"""Share of the results of one run that may be NaN or infinite and not count against a domain."""
_UNSTABLE = 1e-11
"""Relative change of results, for a change of the inputs in the last bit, that does so too."""


class Trial(Protocol):
    """Runs the original under sanitizers on encoded inputs."""

    def __call__(self, payload: memoryview) -> str | None:
        """None if the run was clean, else what went wrong (one line)."""
        ...


class Observer(Protocol):
    """Runs the original on inputs that are known to be clean, and looks closely."""

    def answer(self, payload: memoryview) -> memoryview | None:
        """The encoded results; None where it fails."""
        ...

    def counts(self, payloads: Sequence[memoryview]) -> Mapping[Place, int] | None:
        """How often every place in the code is passed by these calls; None if unknown."""
        ...


class Trials:
    """Everything that the search for a contract asks of the original, and how often it did."""

    def __init__(
        self,
        kernel: Kernel,
        trial: Trial,
        observer: Observer | None,
        hints: Hints,
        seed: int,
        given: Pinned | None = None,
    ) -> None:
        self.kernel = kernel
        self.hints = hints
        self.count = 0
        self._trial = trial
        self._observer = observer
        self._given = given
        self._seed = seed
        self._largest = MAX_PAYLOAD
        self._failed = 0
        self._known: dict[tuple[str, tuple[tuple[int, ...], ...]], str | None] = {}

    def pinned(self, contract: Contract) -> Contract:
        """The contract with all that a person has given: this is what is tried."""
        return contract if self._given is None else self._given.applied(contract)

    @property
    def is_late(self) -> bool:
        """True if what is left to try is not worth the wait."""
        return self._failed > ENOUGH

    def problem(
        self,
        contract: Contract,
        bases: Sequence[int] = BASES,
        sizes: Sequence[Mapping[str, int]] | None = None,
    ) -> str | None:
        """What goes wrong under the contract, its variants among it, at any size; None: it holds.

        A kernel that is slow at some size is never tried at larger ones, so that the whole search
        ends in time for kernels of any complexity.
        """
        contract = self.pinned(contract)
        wanted = [(max(s.values(), default=0), s) for s in sizes or ()]
        if sizes is None:
            unequal: dict[tuple[int, ...], tuple[int, Mapping[str, int]]] = {}
            for base in bases:
                unequal.setdefault(tuple((s := contract.sizes(base)).values()), (base, s))
            wanted = list(unequal.values())
        tried = tuple(tuple(sizes.values()) for _, sizes in wanted)
        key = (contract.model_dump_json(), tried)
        if key not in self._known:
            self._known[key] = self._first_problem(contract, wanted)
        return self._known[key]

    def holds(self, contract: Contract) -> bool:
        """True if every run at the usual sizes is clean."""
        return self.problem(contract) is None

    def firmly(self, contract: Contract) -> bool:
        """True if it holds at many more sizes as well, each drawn by itself, with other inputs.

        What goes wrong only when two rare things meet is not seen in a few runs.
        """
        if not self.holds(contract):
            return False
        contract = self.pinned(contract)
        rng = np.random.default_rng([self._seed, 77])
        most = min(_MORE_SIZES, self._largest)
        drawn = [
            {
                name: dimension.fit(int(rng.integers(1, most, endpoint=True)))
                for name, dimension in contract.dimensions.items()
            }
            for _ in range(_MORE_RUNS)
        ]
        smallest = [contract.sizes(base) for base in range(4) for _ in range(3)]
        large = [contract.sizes(max(WIDE_BASES))] * 2  # a shift by an index, say, goes wrong there
        sizes = [*smallest, *drawn, *large]
        return self.problem(contract, sizes=sizes) is None

    def tried_sizes(self, contract: Contract) -> tuple[dict[str, int], ...]:
        """The sizes of the widest trial of a contract, as far as it went."""
        sizes = [contract.sizes(base) for base in WIDE_BASES if base <= self._largest]
        return tuple({tuple(s.values()): s for s in sizes}.values())

    def _first_problem(
        self, contract: Contract, wanted: Sequence[tuple[int, Mapping[str, int]]]
    ) -> str | None:
        for number, (base, sizes) in enumerate(wanted):
            if base > self._largest:
                continue
            problem, seconds = self._problem_at(contract, sizes, [base, number])
            if problem == TOO_LARGE and base > _SMALL:
                continue  # as far as it goes
            if problem is not None:
                self._failed += 1
                return f"{problem} (sizes {dict(sizes)})"
            if seconds > PATIENCE:
                self._largest = base
        return None

    def _problem_at(
        self, contract: Contract, sizes: Mapping[str, int], seed: list[int]
    ) -> tuple[str | None, float]:
        """What goes wrong at one size, and the seconds of the quickest run."""
        quickest = math.inf
        for number, kind in enumerate(contract.every_kind()):
            for repetition in range(REPETITIONS):
                try:
                    if _is_too_large(kind, sizes):
                        return TOO_LARGE, 0.0
                    payload = self._payload(kind, sizes, [self._seed, *seed, repetition, number])
                except ContractError as error:
                    return str(error), 0.0
                if len(payload) > MAX_PAYLOAD:
                    return TOO_LARGE, 0.0
                self.count += 1
                started = time.monotonic()
                if (problem := self._trial(payload)) is not None:
                    return problem, 0.0
                quickest = min(quickest, time.monotonic() - started)
        return None, quickest

    def _payload(
        self, contract: Contract, sizes: Mapping[str, int], seed: Sequence[int]
    ) -> memoryview:
        workload = Workload(self.kernel.signature, contract)
        return workload.payload(sizes, np.random.default_rng(list(seed)))

    # -- a closer look ------------------------------------------------------------------------

    def reach(self, contract: Contract) -> Reach | None:
        """What the inputs of a contract that holds reach; None where it cannot be measured."""
        if self._observer is None:
            return None
        contract = self.pinned(contract)
        payloads = [
            self._payload(kind, contract.sizes(base), [self._seed, base, repetition, number])
            for base in WIDE_BASES
            if base <= min(self._largest, max(BASES) + 5)
            for number, kind in enumerate(contract.every_kind())
            for repetition in range(REPETITIONS)
        ]
        counts = self._observer.counts(payloads)
        return None if counts is None else Reach.of(counts, self.hints.lines)

    def unsound(self, contract: Contract) -> str | None:
        """Why results under a contract that holds are no good to compare with; None: they are.

        Either most are NaN or infinite, or they hang on the last bits of the inputs.
        """
        if self._observer is None:
            return None
        contract = self.pinned(contract)
        strange: list[float] = []
        moved: list[float] = []
        for base in _SOUND_BASES:
            if base <= self._largest:
                strange.extend(self._strange(contract, base))
                moved.extend(self._moved(contract, base))
        if strange and max(strange) > _MOSTLY:
            return "gives NaN or infinities"
        if moved and float(np.median(moved)) > _UNSTABLE:
            return f"amplifies rounding errors to {float(np.median(moved)):.0e}"
        return None

    def _strange(self, contract: Contract, base: int) -> Iterator[float]:
        """The share of results that are not finite, of one run."""
        numbers = self._numbers(self._arguments(contract, base))
        if numbers is not None and len(numbers):
            yield 1.0 - float(np.isfinite(numbers).mean())

    def _moved(self, contract: Contract, base: int) -> Iterator[float]:
        """How far results move, in terms of their rms, when inputs change in the last bit."""
        arguments = self._arguments(contract, base)
        rng = np.random.default_rng([self._seed, base])
        before = self._numbers(arguments)
        after = self._numbers([_nudged(argument, rng) for argument in arguments])
        if before is None or after is None or before.shape != after.shape or not len(before):
            return
        finite = np.isfinite(before) & np.isfinite(after)
        with np.errstate(over="ignore"):
            scale = float(np.sqrt(np.mean(np.abs(before[finite]) ** 2))) if finite.any() else 0.0
            if scale:
                yield float(np.max(np.abs(after[finite] - before[finite]))) / scale

    def _arguments(self, contract: Contract, base: int) -> list[Any]:
        rng = np.random.default_rng([self._seed, base, 0, 0])
        return Workload(self.kernel.signature, contract).draw(contract.sizes(base), rng)

    def _numbers(self, arguments: list[Any]) -> np.ndarray[Any, Any] | None:
        """All real results of one run, one after another."""
        assert self._observer is not None
        signature = self.kernel.signature
        answer = self._observer.answer(encode_calls(signature, [arguments]))
        if answer is None:
            return None
        [outputs] = decode_calls(signature, answer, 1)
        mutable = [outputs.parameters[p.name] for p in signature.parameters if p.mutable]
        found = [number for value in (outputs.returned, *mutable) for number in _reals(value)]
        return np.concatenate(found) if found else np.zeros(0)


def _is_too_large(contract: Contract, sizes: Mapping[str, int]) -> bool:
    """True for inputs that are not worth the time to draw them."""
    lengths = [given.lengths() for given in contract.parameters.values()]
    counts = [math.prod(evaluate(length, sizes) for length in several) for several in lengths]
    return max(counts, default=0) > MAX_PAYLOAD // 4


def _reals(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """The real and complex numbers in a value, flat."""
    if isinstance(value, list):
        for element in value:
            yield from _reals(element)
    elif isinstance(value, np.ndarray | np.generic):
        array: np.ndarray[Any, Any] = np.asarray(value)
        for name in array.dtype.names or ():
            yield from _reals(array[name])
        if array.dtype.kind in "fc":
            yield np.ravel(array)


def _nudged(value: Any, rng: np.random.Generator) -> Any:
    """The value with its doubles changed by one unit in the last place at most.

    Single precision stays as it is: it would move by more than `_UNSTABLE` in any kernel.
    """
    if isinstance(value, list):
        return [_nudged(element, rng) for element in value]
    if not isinstance(value, np.ndarray | np.generic):
        return value
    array: np.ndarray[Any, Any] = np.array(value)
    for name in array.dtype.names or ():
        array[name] = _nudged(array[name], rng)
    if array.dtype in (np.float64, np.complex128):
        array *= 1.0 + rng.integers(-1, 2, array.shape) * np.finfo(np.float64).eps
    return array if array.ndim else array[()]
