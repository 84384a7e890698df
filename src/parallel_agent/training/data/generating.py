"""Generating a data set: drawing, solving and storing until there are enough pairs."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from parallel_agent.chat.references import RULES
from parallel_agent.report.pairs import Pair
from parallel_agent.settings import Settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.machine import describe
from parallel_agent.toolchain.pool import Pool
from parallel_agent.toolchain.race_detector import RaceDetector, RaceDetectorMissing
from parallel_agent.training.data.drawing import draw
from parallel_agent.training.data.drawn import Drawn
from parallel_agent.training.data.experience import Experience
from parallel_agent.training.data.near import NearSuite
from parallel_agent.training.data.solving import Answer, Solved, Solver
from parallel_agent.training.data.store import DataPair, Made, Store, Tried
from parallel_agent.training.data.tokens import fingerprint
from parallel_agent.versions import versions

LICENCE = "Apache-2.0"
"""Of the bundled kernels and of our templates, and so of what is made of them."""
BARREN = 400
"""Drawings one after the other without a single pair, after which it is no use to go on."""


@dataclass
class Progress:
    """Where the making of a data set stands; ``before`` are pairs that earlier processes made."""

    wanted: int
    before: int
    pairs: int = 0
    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since this process began."""
        return time.monotonic() - self.started

    @property
    def per_hour(self) -> float:
        """Pairs an hour, of this process so far."""
        return 3600.0 * self.pairs / max(self.elapsed, 1e-9)

    @property
    def left(self) -> float:
        """Seconds until there are enough at this rate; infinite before the first."""
        missing = max(0, self.wanted - self.before - self.pairs)
        return missing / self.pairs * self.elapsed if self.pairs else float("inf")


Listener = Callable[[Progress], None]


@dataclass(frozen=True)
class Asked:
    """What a data set is to be: how many pairs, from which seed, how many of one kernel at most.

    ``max_seconds`` is when to begin no more kernels, ``exclude`` names the suites to keep away from.
    """

    count: int
    seed: int = 0
    per_kernel: int = 3
    jobs: int = 2
    max_seconds: float = float("inf")
    exclude: tuple[str, ...] = ()


def generate(
    root: Path, asked: Asked, given: Settings, near: NearSuite | None, listener: Listener
) -> Progress:
    """Add pairs to the folder ``root`` until it has as many as asked for, or the time is up.

    Goes on with a folder that was begun before: no drawing is tried twice. Raises SettingsError for a
    folder that is in use or was made with other settings, CompilerMissing, RaceDetectorMissing,
    and KeyboardInterrupt on Ctrl-C, when the kernels at work are done.
    """
    sandbox.choose(no_sandbox=given.no_sandbox)
    compiler = Compiler.find(given.cxx, given.cxxflags)
    if RaceDetector.find() is None:
        raise RaceDetectorMissing("without a race detector no pair could pass every gate")
    made = Made(
        seed=asked.seed,
        exclude=asked.exclude,
        threads=given.thread_count,
        cxx=given.cxx,
        cxxflags=given.cxxflags,
        compiler=compiler.version(),
        machine=describe(compiler.version()).cpu,
        per_kernel=asked.per_kernel,
        version=versions()["parallel-agent"],
    )
    store = Store.opened(root, made)
    try:
        return _Making(store, asked, given, made, near, listener).run()
    finally:
        store.close()


class _Making:
    """The threads that draw and solve, and what they share."""

    def __init__(
        self,
        store: Store,
        asked: Asked,
        given: Settings,
        made: Made,
        near: NearSuite | None,
        listener: Listener,
    ) -> None:
        self._store = store
        self._asked = asked
        self._given = given
        self._made = made
        self._near = near
        self._tell = listener
        self._halt = threading.Event()
        self._turn = threading.Lock()
        self._numbers = itertools.count()
        self._seen = {tried.fingerprint for tried in store.tried.values()}
        self._since_pair = 0
        self._experience = Experience()
        for tried in store.tried.values():
            self._experience.add(tried)
        self.progress = Progress(asked.count, store.pairs)

    def run(self) -> Progress:
        """Until there are enough, or the time is up."""
        scratch = Path(tempfile.mkdtemp(prefix="parallel-agent-data-"))
        try:
            with Pool(self._asked.jobs, "kernel") as pool:
                at_work = [
                    pool.submit(self._work, scratch / str(k)) for k in range(self._asked.jobs)
                ]
                try:
                    for work in at_work:
                        work.result()
                except BaseException:
                    self._halt.set()  # the kernels at work are finished, and kept
                    raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return self.progress

    def _work(self, scratch: Path) -> None:
        solver = Solver(self._given, scratch, self._asked.per_kernel)
        while not self._over():
            drawn, early = self._next()
            started = time.monotonic()
            if early:
                solved = Solved(source=drawn.source)
            else:
                solved = solver.solve(drawn, partial(self._worth, drawn.origin))
            self._note(drawn, self._kept_apart(solved), early, time.monotonic() - started)

    def _kept_apart(self, solved: Solved) -> Solved:
        """Without the answers that are near to an excluded kernel, which their original is not."""
        if self._near is None:
            return solved
        far = tuple(a for a in solved.answers if self._near.of(a.source) is None)
        return solved.model_copy(update={"answers": far})

    def _worth(self, origin: str, strategy: str) -> bool:
        with self._turn:
            return self._experience.worth_trying(origin, strategy)

    def _over(self) -> bool:
        enough = self._store.pairs >= self._asked.count
        late = self.progress.elapsed >= self._asked.max_seconds
        return self._halt.is_set() or enough or late or self._since_pair >= BARREN

    def _next(self) -> tuple[Drawn, str]:
        """The next kernel that was not tried, and why it need not be solved, if so."""
        with self._turn:
            while (index := next(self._numbers)) in self._store.tried:
                pass
            drawn = draw(self._asked.seed, index)
            mark = fingerprint(drawn.source)
            if mark in self._seen:
                return drawn, "drawn before"
            self._seen.add(mark)
            if not self._experience.worth_solving(drawn.origin):
                return drawn, "of a barren source"
        if self._near is not None and self._near.of(drawn.source) is not None:
            return drawn, "near an excluded kernel"
        return drawn, ""

    def _note(self, drawn: Drawn, solved: Solved, early: str, wall: float) -> None:
        outcome = early or (
            "failed" if solved.failure else "pairs" if solved.answers else "no answer"
        )
        tried = Tried(
            index=drawn.index,
            family=drawn.family,
            fingerprint=fingerprint(drawn.source),
            outcome=outcome,
            origin=drawn.origin,
            won=tuple(answer.strategy for answer in solved.answers),
            lost=solved.lost,
            pairs=len(solved.answers),
            candidates=solved.candidates,
            rejected=solved.rejected,
            seconds={what: round(spent, 3) for what, spent in solved.seconds.items()},
            failure=solved.failure,
            wall=round(wall, 3),
        )
        with self._turn:
            self._store.add(tried, self._pairs(drawn, solved))
            self._count(tried)
            self._tell(self.progress)

    def _count(self, tried: Tried) -> None:
        progress = self.progress
        self._experience.add(tried)
        progress.tried += 1
        progress.pairs += tried.pairs
        progress.outcomes[tried.outcome] += 1
        progress.rejected.update(tried.rejected)
        for what, spent in tried.seconds.items():
            progress.seconds[what] += spent
        self._since_pair = 0 if tried.pairs else self._since_pair + tried.worked_on

    def _pairs(self, drawn: Drawn, solved: Solved) -> Sequence[DataPair]:
        return [self._pair(drawn, solved, answer) for answer in solved.answers]

    def _pair(self, drawn: Drawn, solved: Solved, answer: Answer) -> DataPair:
        plain = Pair(
            src_code=solved.source,
            tgt_code=answer.source,
            kernel=drawn.name,
            category=drawn.kind,
            speedup=answer.speedup,
            interval=answer.interval,
            confirmed=True,
            threads=answer.threads,
            compiler=self._made.compiler,
            flags=self._made.cxxflags,
            proposer=RULES,
            strategy=answer.strategy,
            contract=solved.contract,
            gates=answer.gates,
            licence=LICENCE,
        )
        return DataPair(
            **plain.model_dump(),
            family=drawn.family,
            origin=drawn.origin,
            mutations=drawn.mutations,
            seed=self._asked.seed,
            index=drawn.index,
        )
