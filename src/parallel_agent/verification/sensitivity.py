"""How far an original's own results move where nothing but rounding errors differ.

Four things are done to the original, one at a time, and none of them to a candidate:

- *noise*: every floating-point input moves to the next number, up or down by chance;
- *rounding*: every operation rounds up, or every one down. The results move by the sum of all
  rounding errors on the way to them as if all had the same sign, which is Higham's running error
  bound (Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.3 and 4.2), found
  without knowing what the kernel computes;
- *rebuilt*, reassociated: the compiler may add in another order, as threads and SIMD do;
- *rebuilt*, in extended precision where the processor has it, at a lower optimization level and
  without contraction: the distance to it is about the original's own error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parallel_agent.kernel.codec import Decoder, decode_calls, encode_calls
from parallel_agent.kernel.source import Kernel
from parallel_agent.toolchain.adapter import adapter_sources, prelude
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.memory import Payload
from parallel_agent.toolchain.pool import Pool
from parallel_agent.toolchain.runner import Worker, WorkerError
from parallel_agent.verification.build import adapter_spec
from parallel_agent.verification.compare import magnitude, wide
from parallel_agent.verification.noise import with_noise
from parallel_agent.verification.reference import Case, Reference
from parallel_agent.verification.results import floating_inputs, floating_results

NOISY_COPIES = 3
"""Draws of last-bit noise for every input."""
MOST_ELEMENTS = 1 << 20
"""Of a result, that are looked at; of longer ones every third, fifth …"""

_REBUILDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "reassociated": (("-O3", "-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math"),),
    "extended": (
        ("-O1", "-ffp-contract=off", "-mfpmath=387", "-fexcess-precision=fast"),
        ("-O0", "-ffp-contract=off"),
    ),
}
"""Flags behind the user's own, the first that the compiler takes."""
_ROUNDINGS = ("up", "down")


def rebuild(compiler: Compiler, kernel: Kernel, directory: Path) -> dict[str, Path]:
    """The original built in ways that round otherwise, by name; without those that do not build."""

    def built(name: str) -> Path | None:
        place = directory / name
        place.mkdir(parents=True, exist_ok=True)
        sources = adapter_sources(adapter_spec(kernel.signature), kernel.source)
        for flags in _REBUILDS[name]:
            done = compiler.compile(
                sources,
                directory=place,
                output=name,
                extra_flags=flags,
                prelude=prelude(kernel.source),
            )
            if done.binary is not None:
                return done.binary
        return None

    with Pool() as pool:
        binaries = dict(zip(_REBUILDS, pool.map(built, _REBUILDS), strict=True))
    return {name: binary for name, binary in binaries.items() if binary is not None}


@dataclass(frozen=True)
class Movement:
    """How far each element of one floating-point result moved.

    Arrays of one length, an element each: ``values`` as the original returned them, and the
    largest distance from them under noise, other rounding and other builds; infinite where one of
    the two is not finite and the other is something else, or has another length.
    """

    values: np.ndarray[Any, Any]
    noise: np.ndarray[Any, Any]
    rounding: np.ndarray[Any, Any]
    rebuilt: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Observation:
    """The movements of all floating-point results on one input, and that input's numbers."""

    movements: dict[str, Movement]
    inputs: np.ndarray[Any, Any]


@dataclass
class Sensors:
    """The original in all its ways of being run.

    Another build that fails is not asked again; where rounding otherwise makes the original fail,
    everything counts as moved without bounds.
    """

    reference: Reference
    _original: Worker
    _rounding: dict[str, Worker]
    _rebuilt: dict[str, Worker]

    def observe(self, case: Case) -> Observation:
        """Run the original on one input in every way. WorkerError if it fails on plain inputs."""
        signature = self.reference.signature
        decoder = Decoder(case.payload)
        arguments = [decoder.value(parameter.type) for parameter in signature.parameters]
        results = self._results(self._original, case.payload)

        def noisy(copy: int) -> dict[str, Any]:
            rng = np.random.default_rng([*case.seed, copy])
            payload = encode_calls(signature, [with_noise(signature, arguments, rng)])
            return self._results(self._original, payload)

        # One answer after the other, because each may be large.
        noise = _farthest(results, (noisy(copy) for copy in range(NOISY_COPIES)))
        asked = (self._asked(self._rounding, way, case) or {} for way in _ROUNDINGS)
        rounding = _farthest(results, asked)
        answers = (self._asked(self._rebuilt, way, case) for way in _REBUILDS)
        rebuilt = _farthest(results, (answer for answer in answers if answer is not None))
        movements = {
            name: Movement(values, noise[name], rounding[name], rebuilt[name])
            for name, values in results.items()
        }
        return Observation(movements, floating_inputs(signature, arguments))

    @property
    def missing(self) -> list[str]:
        """The other builds that failed, when they were built or while they ran."""
        return [name for name in _REBUILDS if name not in self._rebuilt]

    def _asked(self, workers: dict[str, Worker], way: str, case: Case) -> dict[str, Any] | None:
        """The results of one worker; None where there is none, or no longer."""
        try:
            return self._results(workers[way], case.payload) if way in workers else None
        except WorkerError:
            workers.pop(way).close()
            return None

    def _results(self, worker: Worker, payload: Payload) -> dict[str, Any]:
        (outputs,) = decode_calls(self.reference.signature, worker.answered(payload), 1)
        comparison = self.reference.contract.comparison
        results = floating_results(self.reference.signature, comparison, outputs)
        return {name: _sample(values) for name, values in results.items()}


@contextmanager
def sensors(reference: Reference, rebuilt: Mapping[str, Path]) -> Iterator[Sensors]:
    """Processes of the original, ended with the context."""
    with ExitStack() as stack:

        def started(binary: Path, rounding: str | None = None) -> Worker:
            env = {} if rounding is None else {"PARALLEL_AGENT_ROUNDING": rounding}
            return stack.enter_context(reference.worker(binary, 1, env=env))

        yield Sensors(
            reference,
            started(reference.binary),
            {way: started(reference.binary, way) for way in _ROUNDINGS},
            {name: started(binary) for name, binary in rebuilt.items()},
        )


_NOTHING = np.empty(0)


def _sample(values: Any) -> Any:
    """Some million elements of a longer array, from all columns of a matrix: the step is odd."""
    return values[:: len(values) // MOST_ELEMENTS | 1].copy()


def _farthest(
    results: Mapping[str, Any], answers: Iterable[Mapping[str, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """The largest distance of each value of the results from its counterparts in the answers."""
    farthest = {n: np.zeros(len(of), wide(of[:0]).real.dtype) for n, of in results.items()}
    for answer in answers:
        for name, values in results.items():
            apart = _distance(values, answer.get(name, _NOTHING))
            np.maximum(farthest[name], apart, out=farthest[name])
    return farthest


def _distance(values: Any, others: Any) -> Any:
    if len(values) != len(others):
        return np.inf
    finite = np.isfinite(values) & np.isfinite(others)
    apart = wide(np.where(finite, others, 0)) - wide(np.where(finite, values, 0))
    same = (values == others) | (np.isnan(values) & np.isnan(others))
    return np.where(finite, magnitude(apart), np.where(same, 0.0, np.inf))
