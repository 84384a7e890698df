"""The two copies of a project: one with the original, one in which candidates are built in turn.

A build may hold the path of its folder, so candidates are built in one and the same folder, which is
made what it was after the original's build before each of them: nothing that a candidate leaves
behind, in a file that a test reads or a benchmark runs, is there for the next step.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.project.benchmark import BenchRun, NoNumber, difference, read_run
from parallel_agent.agent.project.commands import Command, failure_of, run_command
from parallel_agent.agent.project.flattening import Line
from parallel_agent.agent.project.putting_back import put_back
from parallel_agent.agent.project.spec import FOLDER, SPEC, ProjectSpec
from parallel_agent.agent.project.tree import clone, remove
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.measurement.plan import TimingPlan
from parallel_agent.measurement.process_timing import ProcessPair, ProcessSamples, time_processes
from parallel_agent.measurement.statistics import Interval, ratio_interval
from parallel_agent.measurement.timing import MismatchError

ORIGINAL, REWRITTEN = "tree-0", "tree-1"
"""The copies that are run; their paths are of the same length."""
ORIGINAL_BUILT, CLEAN, BUILT = "original", "clean", "built"
"""What they are made anew from: the original as built, for either, and a candidate as built."""
STATE = "state.json"


class CommandFailed(Exception):
    """One of the user's commands failed; ``command`` is its flag's name."""

    def __init__(self, command: str, why: str) -> None:
        super().__init__(f"the project's {command} fails: {why}")
        self.command = command
        self.why = why


class WorkshopState(BaseModel):
    """What is known of a project once its original was built, tested and timed.

    ``slice_origins`` says of each line of the kernel's slice its file and line. ``isolated`` is false
    where the function could not be checked by itself, for the reason ``why``.
    """

    model_config = ConfigDict(frozen=True)

    kernel: str
    files: dict[str, str]
    """The texts of the files that the slice is from."""
    slice_origins: tuple[tuple[str, int | None, str], ...]
    seconds: dict[str, float]
    """How long the original's build, test and benchmark take."""
    writes: dict[str, bool]
    """Which of test and benchmark need a tree that they can write to."""
    value: float
    """The median of the original's benchmark, in its own unit."""
    noise: float
    isolated: bool = True
    why: str = ""

    @property
    def slice(self) -> list[Line]:
        """The lines of the slice with their origins."""
        return [Line(text, file, number) for file, number, text in self.slice_origins]


class BenchTiming(BaseModel):
    """The user's benchmark with the original and a candidate, in turns.

    ``original`` and ``candidate`` are medians in the benchmark's unit, those in seconds are of the
    whole command on the clock, and ``wall`` is their ratio.
    """

    model_config = ConfigDict(frozen=True)

    unit: str
    original: float
    candidate: float
    original_seconds: float
    candidate_seconds: float
    noise: float
    samples: ProcessSamples
    wall: Interval

    @property
    def interval(self) -> Interval:
        """The speedup with its bounds."""
        return self.samples.interval

    @property
    def faster(self) -> bool:
        """Beyond the noise: the whole interval is."""
        return self.interval.low > 1.0 + self.noise


@dataclass
class Workshop:
    """The copies of a tree in ``folder``, and the commands that are run in them."""

    folder: Path
    spec: ProjectSpec
    threads: int

    def __post_init__(self) -> None:
        self._busy = threading.RLock()
        self.state: WorkshopState | None = None

    def tree(self, name: str) -> Path:
        """The path of a copy."""
        return self.folder / name

    def known(self) -> WorkshopState:
        """The state, which is there once the project was opened."""
        if self.state is None:
            text = (self.folder / STATE).read_text(encoding="utf-8")
            self.state = WorkshopState.model_validate_json(text)
        return self.state

    def command(self, name: str) -> Command:
        """A command as candidates get it: limited by what the original takes."""
        texts = {"build": self.spec.build, "test": self.spec.test, "bench": self.spec.bench}
        command = Command(name, texts[name])
        if self.state is None and not (self.folder / STATE).exists():
            return command
        known = self.known()
        writes = known.writes.get(name, True)
        return replace(command, writes=writes).limited_by(known.seconds[name])

    def run(self, command: Command, tree: str, threads: int | None = None) -> float:
        """Run a command in a copy; seconds. Raises CommandFailed."""
        done = run_command(command, self.spec, self.tree(tree), threads or self.threads)
        why = failure_of(done, command)
        if why:
            raise CommandFailed(command.name, why)
        return done.seconds

    def bench(self, command: Command, tree: str) -> BenchRun:
        """One run of the benchmark. Raises CommandFailed."""
        done = run_command(command, self.spec, self.tree(tree), self.threads)
        why = failure_of(done, command)
        try:
            if not why:
                return read_run(done, self.spec)
        except NoNumber as error:
            why = str(error)
        raise CommandFailed(command.name, why)

    def files_with(self, candidate: str) -> dict[str, str]:
        """The texts of the files that a candidate changes. Raises CannotPutBack."""
        known = self.known()
        return put_back(known.slice, candidate, known.files, self.spec.file)

    @contextmanager
    def built(self, files: Mapping[str, str]) -> Iterator[None]:
        """The copy for candidates, built with these texts; nobody else has it meanwhile.

        Raises CommandFailed where it does not build.
        """
        with self._busy:
            clone(self.tree(CLEAN), self.tree(REWRITTEN))
            for name, text in files.items():
                path = self.tree(REWRITTEN) / name
                path.unlink()
                path.write_text(text, encoding="utf-8", newline="")
            self.run(self.command("build"), REWRITTEN)
            try:
                yield
            finally:
                remove(self.tree(BUILT))

    def test(self, threads: int | None = None) -> None:
        """The user's test on what is built, which it leaves as it was. Raises CommandFailed."""
        command = self.command("test")
        if command.writes:
            clone(self.tree(REWRITTEN), self.tree(BUILT))
        self.run(command, REWRITTEN, threads)
        if command.writes:
            clone(self.tree(BUILT), self.tree(REWRITTEN))

    def time(self, plan: TimingPlan, noise: float | None = None) -> ProcessTimes:
        """The benchmark with the original and with what is built, in turns; for who has the lane.

        A benchmark that writes to its tree finds it as the build left it, every time. Raises
        MismatchError where the candidate's fails, CommandFailed where the original's does.
        """
        command = self.command("bench")
        if command.writes:
            clone(self.tree(REWRITTEN), self.tree(BUILT))
        runs: tuple[list[BenchRun], list[BenchRun]] = ([], [])

        def original() -> _Timed:
            if command.writes:
                clone(self.tree(ORIGINAL_BUILT), self.tree(ORIGINAL))
            runs[0].append(self.bench(command, ORIGINAL))
            return _Timed(runs[0][-1])

        def candidate() -> _Timed:
            if command.writes:
                clone(self.tree(BUILT), self.tree(REWRITTEN))
            try:
                runs[1].append(self.bench(command, REWRITTEN))
            except CommandFailed as failed:
                raise MismatchError(str(failed)) from None
            return _Timed(runs[1][-1])

        pair = ProcessPair(
            original, candidate, lambda one, other: difference(one.run, other.run, self.spec)
        )
        given = {} if noise is None else {"noise": noise}
        samples = time_processes(pair, plan, **given)
        counted = slice(plan.warmup, None)
        return ProcessTimes(samples, runs[0][counted], runs[1][counted])


@dataclass(frozen=True)
class _Timed:
    """A run with the seconds that are compared."""

    run: BenchRun

    @property
    def seconds(self) -> float:
        return self.run.seconds


@dataclass(frozen=True)
class ProcessTimes:
    """The samples of a pair, and the runs that they are of."""

    samples: ProcessSamples
    original: list[BenchRun]
    candidate: list[BenchRun]

    @property
    def wall(self) -> Interval:
        """The ratio of the times on the clock."""
        return ratio_interval([r.wall for r in self.original], [r.wall for r in self.candidate])


def workshop_of(folder: RunFolder, threads: int) -> Workshop | None:
    """The project that a run is about; None for a run about a file."""
    if not folder.exists(FOLDER, STATE):
        return None
    spec = ProjectSpec.model_validate_json(folder.read(FOLDER, SPEC))
    return Workshop(folder.path(FOLDER, SPEC).parent, spec, threads)
