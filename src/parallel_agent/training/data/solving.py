"""Solving a drawn kernel with the free proposer: what passes every gate and is faster becomes a pair."""

from __future__ import annotations

import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.contracting import MOVED, build_original, find_contract
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.nodes.coder import candidate_id
from parallel_agent.agent.profiling import Profile
from parallel_agent.agent.subject import OriginalAtSize, reference_of
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.measurement.lane import Lane
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.proposers.rules.chain import Chain, openings
from parallel_agent.proposers.rules.strategy import NotApplicable
from parallel_agent.settings import Settings
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.toolchain.objectcode import object_hash
from parallel_agent.training.data.drawn import Drawn
from parallel_agent.training.data.guarding import written
from parallel_agent.training.data.timing import (
    looks_faster,
    measure_original,
    profile,
    timed_sizes,
)
from parallel_agent.verification.compilation import CompilationGate
from parallel_agent.verification.duplicate import DuplicateGate
from parallel_agent.verification.gate import Examination, Verdict
from parallel_agent.verification.pipeline import examine, quick_gates, thorough_gates
from parallel_agent.verification.reference import Reference
from parallel_agent.verification.tolerance import calibrate

CANDIDATES = 8
"""Candidates of one kernel that are written, at most."""
BARREN = 4
"""Candidates one after the other without an answer, after which a kernel is left."""


Worth = Callable[[str], bool]
"""Whether a strategy, as pairs name it, is worth a candidate."""


class Answer(BaseModel):
    """A version of a kernel that passed every gate and was faster."""

    model_config = ConfigDict(frozen=True)

    source: str
    strategy: str
    speedup: float
    interval: tuple[float, float]
    gates: tuple[str, ...]
    threads: int


class Solved(BaseModel):
    """What became of a kernel: its text and contract as they were used, its answers, what it took.

    ``rejected`` counts candidates by what turned them away, ``lost`` are their strategies, ``seconds`` is wall time by what it went
    to; ``failure`` is why there was nothing to hold candidates against.
    """

    model_config = ConfigDict(frozen=True)

    source: str = ""
    contract: str = ""
    answers: tuple[Answer, ...] = ()
    candidates: int = 0
    rejected: dict[str, int] = {}
    lost: tuple[str, ...] = ()
    seconds: dict[str, float] = {}
    failure: str = ""


@dataclass(frozen=True)
class _Bench:
    """An original that was built, calibrated and timed."""

    parsed: ParsedSource
    reference: Reference
    sizes: list[OriginalAtSize]
    chains: list[Chain]


class Solver:
    """Solves one kernel after the other in a scratch folder; one for each thread.

    ``answers`` is how many of a kernel are kept at most. Nothing that is a check in a run is left out
    here: the same gates, on the same kinds of input, in the same order.
    """

    def __init__(self, given: Settings, scratch: Path, answers: int) -> None:
        """Raises CompilerMissing."""
        self._given = given
        self._scratch = scratch
        self._most = answers
        self._compiler = Compiler.find(given.cxx, given.cxxflags)
        self._lane = Lane()
        self._spent: defaultdict[str, float] = defaultdict(float)

    def solve(self, drawn: Drawn, worth: Worth = lambda strategy: True) -> Solved:
        """All answers of the first candidates that are ``worth`` it; a kernel that fails has a ``failure`` and none."""
        self._spent = defaultdict(float)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        try:
            return self._searched(self._opened(drawn), worth)
        except Exception as error:  # whatever it is, this kernel is not for us; the next may be
            failure = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            return Solved(source=drawn.source, seconds=dict(self._spent), failure=failure)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _opened(self, drawn: Drawn) -> _Bench:
        # In one go: where others are timing, too, every entry into the lane is another wait.
        with self._work():
            with self._clock("contract"):
                parsed = take_in(drawn.source, drawn.name, self._compiler)
                contract = find_contract(
                    parsed, self._compiler, self._with_contract(drawn)
                ).contract
            with self._clock("original"):
                built = self._scratch / "original"
                binary = build_original(self._compiler, parsed, built, "optimized")
                moved = self._scratch / "moved"
                twin = build_original(self._compiler, parsed, moved, "optimized", above=MOVED)
            with self._clock("calibration"):
                reference = self._calibrated(parsed, contract, binary)
            with self._clock("writing"):
                chains = openings(parsed)
        with self._timing("timing of the original"):
            sizes = measure_original(reference, twin, self._given.thread_count)
        return _Bench(parsed, reference, sizes, chains)

    def _calibrated(self, parsed: ParsedSource, contract: Contract, binary: Path) -> Reference:
        """The original as the judge, at the sizes that are timed, with its tolerance."""
        reference = reference_of(parsed, contract, binary, self._given.seed)
        reference = replace(reference, timing_sizes=timed_sizes(reference, contract))
        rebuilt = self._scratch / "rebuilt"
        comparison = calibrate(reference, parsed.kernel, self._compiler, rebuilt)
        shutil.rmtree(rebuilt, ignore_errors=True)
        return replace(reference, contract=contract.model_copy(update={"comparison": comparison}))

    def _with_contract(self, drawn: Drawn) -> Settings:
        """The settings with the kernel's own contract, which is checked; or with none, to infer one."""
        if not drawn.contract:
            return self._given
        given = self._scratch / "contract.toml"
        given.write_text(drawn.contract, encoding="utf-8")
        return self._given.model_copy(update={"contract": given})

    def _searched(self, bench: _Bench, worth: Worth) -> Solved:
        claims = {object_hash(bench.reference.binary): "the original"}
        answers: list[Answer] = []
        rejected: Counter[str] = Counter()
        lost: list[str] = []
        tried = since = 0
        chains = [chain for chain in bench.chains if worth(_shown(chain))]
        for chain in chains[:CANDIDATES]:
            if len(answers) == self._most or since == BARREN:
                break
            tried += 1
            since += 1
            found = self._examined(bench, chain, claims)
            if isinstance(found, str):
                rejected[found] += 1
                lost.append(_shown(chain))
            else:
                answers.append(found)
                since = 0
        return Solved(
            source=bench.parsed.kernel.source,
            contract=bench.reference.contract.to_toml(),
            answers=tuple(answers),
            candidates=tried,
            rejected=dict(rejected),
            lost=tuple(lost),
            seconds=dict(self._spent),
        )

    def _examined(self, bench: _Bench, chain: Chain, claims: dict[str, str]) -> Answer | str:
        """The answer that a chain of strategies gives, or what turned it away."""
        try:
            with self._work():
                with self._clock("writing"):
                    forms = written(bench.parsed, bench.reference.contract, bench.sizes, chain)
                for source in forms:
                    examination = self._examination(bench, source)
                    with self._clock("quick gates"):
                        quick = examine(examination, quick_gates(built=_once(claims, source)))
                    if _failed(quick) != CompilationGate.name:
                        break
            if not quick.accepted or examination.optimized is None:
                return _failed(quick)
            binary, threads = examination.optimized, self._given.thread_count
            with self._timing("timing of candidates"):
                if not looks_faster(bench.reference, binary, bench.sizes[-1], threads):
                    return "not faster"
            with self._work(), self._clock("thorough gates"):
                gates = thorough_gates(require_race_check=True)
                verdict = quick.followed_by(examine(examination, gates))
            if not verdict.accepted:
                return _failed(verdict)
            with self._timing("timing of candidates"):
                timed = profile(bench.reference, binary, bench.sizes, threads)
        except NotApplicable:
            return "not applicable"
        except (MismatchError, WorkerError):
            return "timing"
        return _answer(source, chain, verdict, timed) if timed.better else "not faster"

    def _examination(self, bench: _Bench, source: str) -> Examination:
        return Examination(
            kernel=bench.parsed.kernel,
            source=source,
            reference=bench.reference,
            compiler=self._compiler,
            directory=self._scratch / candidate_id(source),
            threads=self._given.thread_count,
        )

    @contextmanager
    def _work(self) -> Iterator[None]:
        with self._lane.work() as waited:
            self._spent["waiting"] += waited
            yield

    @contextmanager
    def _timing(self, what: str) -> Iterator[None]:
        with self._lane.timing() as waited, self._clock(what):
            self._spent["waiting"] += waited
            yield

    @contextmanager
    def _clock(self, what: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self._spent[what] += time.monotonic() - started


def _once(claims: dict[str, str], source: str) -> tuple[DuplicateGate]:
    """The gate that no program passes twice, nor the original's."""
    name = candidate_id(source)
    return (DuplicateGate(lambda key: claims.setdefault(key, name), name),)


def _shown(chain: Chain) -> str:
    """A chain as the pairs of runs name it."""
    return f"{' + '.join(step.strategy for step in chain)} {chain[-1].variant}".strip()


def _failed(verdict: Verdict) -> str:
    """The gate that turned a candidate away."""
    return "no binary" if verdict.failed is None else verdict.failed.name


def _answer(source: str, chain: Chain, verdict: Verdict, timed: Profile) -> Answer:
    return Answer(
        source=source,
        strategy=_shown(chain),
        speedup=timed.speedup,
        interval=timed.interval,
        gates=tuple(gate.name for gate in verdict.gates),
        threads=timed.threads,
    )
