"""One kernel as the judge of many answers: all gates, then the clock, as in a run."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.context import Context
from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import HEADERS_NOTE
from parallel_agent.agent.profile_one import Profiler
from parallel_agent.agent.profiling import Profile, profile_candidate
from parallel_agent.kernel.source import Kernel, with_standard_headers
from parallel_agent.measurement.plan import plan_for
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import Settings
from parallel_agent.toolchain import deadline, sandbox
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.verification.duplicate import DuplicateGate
from parallel_agent.verification.gate import Examination, Verdict
from parallel_agent.verification.pipeline import examine, quick_gates, thorough_gates

Outcome = Literal[
    "no answer",
    "forbidden",
    "does not compile",
    "wrong",
    "racy",
    "timeout",
    "slower",
    "unchanged",
    "faster",
]
"""What can become of an answer. ``timeout``: what there was no time to check counts as wrong."""
TIMING = "timing"
"""The gate that rejects what turns out wrong while it is timed."""
_ORIGINAL = "the original"
_BY_GATE: dict[str, Outcome] = {
    "forbidden": "forbidden",
    "signature": "does not compile",
    "compile": "does not compile",
    "linkage": "forbidden",
    "races": "racy",
}


class Judged(BaseModel):
    """What became of an answer. ``gate`` and ``detail`` say which gate rejected it, and why.

    ``speedup`` is the geometric mean over the timed sizes with its 95 % interval, None where nothing
    was timed. ``seconds`` went into judging it, those not counted in which it waited for its turn.
    """

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    speedup: float | None = None
    interval: tuple[float, float] | None = None
    gate: str = ""
    detail: str = ""
    seconds: float = 0.0


class SameCode(Exception):
    """An answer compiles to the very machine code of another one, whose name is ``first``."""

    def __init__(self, first: str) -> None:
        super().__init__(first)
        self.first = first


def outcome_of_gate(gate: str, diagnosed: bool = False) -> Outcome:
    """What an answer is that a gate turned away; ``diagnosed`` if the compiler said why."""
    if diagnosed and gate == "forbidden":  # it could not even be read
        return "does not compile"
    return _BY_GATE.get(gate, "wrong")


def outcome_of_profile(profile: Profile) -> Outcome:
    """What an answer is that passed all gates, by its times: beyond the noise, or unchanged."""
    if profile.better:
        return "faster"
    slower = any(size.result == "slower" for size in profile.sizes)
    return "slower" if slower else "unchanged"


def name_of(source: str) -> str:
    """The same for the same text alone: a verdict may not be that of a text that only looks alike."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Judge:
    """A kernel that was measured, with its contract; to be closed.

    ``root`` becomes a folder like that of a run. Several threads may ask for verdicts at once:
    gates run side by side, timings one at a time on the machine.
    """

    def __init__(
        self,
        source: str,
        given: Settings,
        root: Path,
        tell: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """Find or check the contract, and time the original. Raises what `Profiler` raises."""
        self._profiler = Profiler(source, given, root, tell)

    def close(self) -> None:
        """Remove the folder."""
        self._profiler.folder.discard()

    @property
    def kernel(self) -> Kernel:
        """The kernel as it is judged: with the standard headers where it lacks includes."""
        return self._context.subject.parsed.kernel

    def judge(self, source: str, seconds: float) -> Judged:
        """The verdict on a version of the kernel's file, within so many seconds of work.

        It gets the standard headers where the original does. Raises SameCode for the machine code of a version that was judged, or is being judged.
        Nothing of the version stays on disk.
        """
        sandbox.choose(no_sandbox=self._context.settings.no_sandbox)
        name = name_of(source)
        if HEADERS_NOTE in self.kernel.notes:
            source = with_standard_headers(source)
        directory = self._context.folder.path("candidates", name, "candidate.cpp").parent
        try:
            return self._judged(source, name, directory, seconds)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @property
    def _context(self) -> Context:
        return self._profiler.context

    def _judged(self, source: str, name: str, directory: Path, seconds: float) -> Judged:
        with self._context.examining, self._context.lane.work(), deadline.within(seconds):
            started = time.perf_counter()
            verdict = self._examined(source, name, directory)
            used = time.perf_counter() - started
        failed = verdict.failed
        if failed is not None:
            outcome = outcome_of_gate(failed.name, bool(verdict.diagnostics))
            if failed.name == DuplicateGate.name:
                first = self._context.folder.claim("code", verdict.code_hash, name)
                if first != _ORIGINAL:
                    raise SameCode(first)
                outcome = "unchanged"
            elif used >= seconds:
                return _out_of_time(failed.name, seconds, used)
            return Judged(outcome=outcome, gate=failed.name, detail=failed.detail, seconds=used)
        return self._timed(name, used, seconds)

    def _examined(self, source: str, name: str, directory: Path) -> Verdict:
        context, subject = self._context, self._context.subject
        examination = Examination(
            kernel=subject.parsed.kernel,
            source=source,
            reference=subject.reference,
            compiler=context.compiler,
            directory=directory,
            threads=context.settings.thread_count,
        )
        own = DuplicateGate(lambda key: context.folder.claim("code", key, name), name)
        required = context.settings.require_race_check
        gates = (*quick_gates(built=(own,)), *thorough_gates(require_race_check=required))
        return examine(examination, gates)

    def _timed(self, name: str, used: float, seconds: float) -> Judged:
        """The verdict of the clock; what waits for the lane is not held against the answer."""
        plan = plan_for(self._context.settings.effort)
        with self._context.lane.timing(), deadline.within(seconds - used):
            started = time.perf_counter()
            try:
                profile = profile_candidate(self._context, name, plan)
            except (MismatchError, WorkerError) as error:
                used += time.perf_counter() - started
                if used >= seconds:
                    return _out_of_time(TIMING, seconds, used)
                return Judged(outcome="wrong", gate=TIMING, detail=str(error), seconds=used)
            used += time.perf_counter() - started
        return Judged(
            outcome=outcome_of_profile(profile),
            speedup=profile.speedup,
            interval=profile.interval,
            seconds=used,
        )


def _out_of_time(gate: str, seconds: float, used: float) -> Judged:
    detail = f"not judged within {seconds:g} s"
    return Judged(outcome="timeout", gate=gate, detail=detail, seconds=used)
