"""The original kernel as the judge of candidates: its builds, and what it answers."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from parallel_agent.kernel.codec import decode_calls
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.types import Signature
from parallel_agent.kernel.workload import Workload
from parallel_agent.toolchain.memory import MemoryPool, Payload, Snapshot, copied
from parallel_agent.toolchain.runner import SharedMemory, Worker, WorkerDied, WorkerError
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.build import Purpose
from parallel_agent.verification.compare import difference, same_bytes

CHECK_BASES = (0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 64, 100)
"""Sizes for checking: none, one, few, primes, powers of two and their neighbours."""
DRAWS = 2
"""Different inputs for each size."""
PERTURBED = {"MALLOC_PERTURB_": "165"}
"""The C library fills memory that it gives out or takes back: nobody reads zeros by luck."""
MAX_CHECK_BYTES = 8 << 20
MOST_KEPT_BYTES = 256 << 20
"""Of the inputs of the timed sizes, and of the original's answers to them: every gate asks for these."""


@dataclass(frozen=True)
class Case:
    """One concrete input for checking, and how to draw it again.

    ``variant`` is the number of the contract's variant that it was drawn from, and ``calls`` how many
    calls it is for, each with arguments of its own, that are handed over together.
    """

    sizes: Mapping[str, int]
    seed: tuple[int, ...]
    payload: Payload
    variant: int = 0
    calls: int = 1

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={size}" for name, size in self.sizes.items())
        batch = f", {self.calls} calls in a batch" if self.calls > 1 else ""
        return f"{shown or 'no sizes'}, seed {list(self.seed)}{batch}"


@dataclass(frozen=True)
class Failure:
    """A run of a candidate that condemns it.

    ``difference`` is what it did: where it differs, how it died, which race was seen. ``before``
    are the inputs that the same process had run on before, in order. ``expected`` and ``got`` are
    the encoded outputs, ``got`` None where there are none; ``printed`` is the last that the
    process printed.
    """

    difference: str
    purpose: Purpose
    threads: int
    contract: Contract
    case: Case
    before: tuple[Case, ...]
    expected: bytes
    got: bytes | None = None
    printed: str = ""

    def __str__(self) -> str:
        return f"{self.difference} ({self.case}, {self.threads} threads)"


@dataclass
class Reference:
    """An original kernel with its contract, its optimized binary, and its answers so far.

    ``timing_sizes`` are the sizes that candidates are timed at, smallest first; ``near_ends`` has
    the seeds of inputs whose results nearly leave their range, by the position of their size.
    """

    signature: Signature
    contract: Contract
    binary: Path
    limits: Limits
    seed: int = 0
    timing_sizes: tuple[Mapping[str, int], ...] = ()
    near_ends: dict[int, list[tuple[int, ...]]] = field(default_factory=dict, init=False)
    # Not passed on to a reference with another contract: there the same seeds draw other inputs.
    _answers: dict[tuple[int, ...], memoryview] = field(default_factory=dict, init=False)
    _large: dict[tuple[int, ...], Case] = field(default_factory=dict, init=False)
    _inputs: MemoryPool = field(default_factory=MemoryPool, init=False)
    _outputs: MemoryPool = field(default_factory=lambda: MemoryPool(child_writes=True), init=False)

    @property
    def workload(self) -> Workload:
        """Draws inputs as the contract says."""
        return Workload(self.signature, self.contract)

    def check_cases(self) -> Iterator[Case]:
        """Edge-case and random inputs at small sizes."""
        seen = set()
        for base in CHECK_BASES:
            sizes = self.contract.sizes(base)
            if (key := tuple(sizes.values())) in seen:
                continue
            seen.add(key)
            kinds = range(1 + len(self.contract.variants))
            for variant, draw in itertools.product(kinds, range(DRAWS)):
                seed = (self.seed, base, draw) if variant == 0 else (self.seed, base, draw, variant)
                case = self.case(sizes, seed, variant)
                if len(case.payload) <= MAX_CHECK_BYTES:
                    yield case

    def timing_cases(self) -> Iterator[Case]:
        """One input for every size that is timed, smallest first."""
        for position, sizes in enumerate(self.timing_sizes):
            seed = (self.seed, 1000, position)
            case = self._large.get(seed)
            if case is None or case.sizes != sizes:
                case = self.case(sizes, seed)
                if len(case.payload) <= _left(kept.payload for kept in self._large.values()):
                    self._large[seed] = case
            yield case

    def case(
        self, sizes: Mapping[str, int], seed: tuple[int, ...], variant: int = 0, calls: int = 1
    ) -> Case:
        """The input that belongs to these sizes and this seed, of a variant of the contract."""
        workload = Workload(self.signature, self.contract.every_kind()[variant])
        payload = workload.payload(sizes, np.random.default_rng(list(seed)), calls)
        return Case(sizes, seed, payload.toreadonly(), variant, calls)

    def answers(self, cases: Iterable[Case]) -> Generator[memoryview, None, None]:
        """What the original answers to each case, encoded; remembered for small inputs and timed sizes.

        An answer is valid until the next one is asked for.

        One process runs all that are new; it ends with the generator.
        """
        with ExitStack() as stack:
            worker = None
            for case in cases:
                answer = self._answers.get(case.seed)
                if answer is None:
                    worker = worker or stack.enter_context(self.worker(self.binary, 1))
                    answer = worker.answered(case.payload, case.calls)
                    if len(answer) <= self._room_for(case):
                        answer = self._answers[case.seed] = copied(answer)
                yield answer

    def _room_for(self, case: Case) -> int:
        """How large an answer to a case may be to be remembered."""
        if self._large.get(case.seed) is not case:
            return MAX_CHECK_BYTES
        large = (self._answers.get(seed, b"") for seed in self._large)
        return max(MAX_CHECK_BYTES, _left(large))

    def compare(
        self,
        expected: Payload,
        got: Payload,
        calls: int = 1,
        *,
        sizes: Mapping[str, int] | None = None,
    ) -> str | None:
        """Where a candidate's encoded outputs differ from the original's; None if they agree.

        The tolerance is that of ``sizes``, or of the smallest ones without them.
        """
        if same_bytes(expected, got):
            return None
        try:
            outputs = decode_calls(self.signature, got, calls)
        except ValueError as error:
            return str(error)
        originals = decode_calls(self.signature, expected, calls)
        rule = self.contract.comparison
        for original, output in zip(originals, outputs, strict=True):
            found = difference(self.signature, rule, original, output, sizes)
            if found:
                return found
        return None

    @contextmanager
    def worker(
        self,
        binary: Path,
        threads: int,
        inputs: SharedMemory | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Iterator[Worker]:
        """A process that runs ``binary``, ended with the context."""
        with ExitStack() as stack:
            outputs = None
            if binary == self.binary:  # which no candidate ever sees
                outputs = stack.enter_context(self._outputs.lent())
            yield stack.enter_context(
                Worker(
                    binary,
                    threads=threads,
                    limits=self.limits,
                    directory=binary.parent,
                    inputs=inputs or stack.enter_context(self.inputs()),
                    outputs=outputs,
                    env=env,
                )
            )

    def inputs(self) -> AbstractContextManager[SharedMemory]:
        """Memory for inputs that several workers share, for the time of the context."""
        return self._inputs.lent()

    def run_cases(
        self,
        binary: Path,
        threads: int,
        cases: Iterable[Case],
        *,
        env: Mapping[str, str] | None = None,
        describe: Callable[[WorkerError], str] = str,
        purpose: Purpose = "optimized",
    ) -> Failure | None:
        """Run a candidate's binary over the cases; the first difference or crash, or None."""
        chosen, answer = list(cases), Snapshot()
        with (
            self.worker(binary, threads, env={**PERTURBED, **(env or {})}) as worker,
            closing(self.answers(chosen)) as answers,
        ):
            for position, expected in enumerate(answers):
                case, got, printed = chosen[position], None, ""
                try:
                    got = answer.take(worker.answered(case.payload, case.calls))
                    found = self.compare(expected, got, case.calls, sizes=case.sizes)
                except WorkerError as error:
                    found = describe(error)
                    printed = error.output if isinstance(error, WorkerDied) else ""
                if found:
                    before = tuple(chosen[:position])
                    answered = None if got is None else bytes(got)
                    return Failure(found, purpose, threads, self.contract, case, before,
                                   bytes(expected), answered, printed)  # fmt: skip
        return None


def _left(kept: Iterable[Payload]) -> int:
    """The bytes that may be kept beside these."""
    return MOST_KEPT_BYTES - sum(map(len, kept))


def thread_counts(maximum: int | None = None) -> tuple[int, ...]:
    """1, 2, all and twice as many threads as there are cores to run on."""
    cores = maximum or len(os.sched_getaffinity(0))
    return tuple(sorted({1, 2, cores, 2 * cores}))
