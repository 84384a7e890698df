"""Which functions of a project are worth it: its benchmark sampled, the hottest first.

Amdahl's law (AFIPS 1967) says before any money is spent what each could bring at most: a function
with the share s of the time can make the whole no more than 1 / (1 - s) times as fast.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.events import Event
from parallel_agent.agent.project.commands import Command, failure_of, run_command
from parallel_agent.agent.project.spec import ProjectError, ProjectSpec
from parallel_agent.agent.project.tree import copy_files, files_of, repository_of
from parallel_agent.agent.run import Listener, ignore
from parallel_agent.measurement.lane import Lane
from parallel_agent.measurement.sampling import (
    FOLDER_VARIABLE,
    Place,
    Stack,
    build_sampler,
    places_of,
    stacks_in,
    tallied,
)
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain import sandbox

_SAMPLES = ".samples"
_LEAST_SHARE = 0.01
_MOST = 15
_FEW = 100
_NOT_THEIRS = re.compile(r"^(std::|__|_start|_init|_fini|operator (new|delete)|GOMP_|omp_)")
NO_LINES = (
    "the benchmark has no debug information: functions that the compiler inlined are counted to their "
    "callers, and no file is known; build with -g to see them"
)
FEW = "only {samples} samples of a millisecond were taken: give a benchmark that runs for longer"


class HotFunction(BaseModel):
    """A function, with its shares of the benchmark's processor time (0 to 1).

    ``own`` is without what it calls in the tree, ``total`` with all that it calls. ``bound`` is the
    speedup of the whole if the function took no time at all; infinite for a share of 1.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    name: str
    file: str
    line: int
    own: float
    total: float

    @property
    def bound(self) -> float:
        """Amdahl's: 1 / (1 - ``total``)."""
        return 1.0 / (1.0 - self.total) if self.total < 1.0 else math.inf


class Hot(BaseModel):
    """What a benchmark's samples say, the hottest function first."""

    model_config = ConfigDict(frozen=True)

    root: str
    samples: int
    seconds: float
    """Processor time of the benchmark that was sampled."""
    functions: tuple[HotFunction, ...]
    notes: tuple[str, ...] = ()


def hottest(
    *,
    build: str,
    bench: str,
    file: str | Path | None = None,
    root: str | Path | None = None,
    readable: Sequence[str | Path] = (),
    tree_mib: int = 1024,
    given: Settings | None = None,
    listener: Listener = ignore,
) -> Hot:
    """Build a copy of a tree, run its benchmark, and sample what it does.

    Without ``root`` the tree is the git repository of ``file``, or of the working directory, else the
    working directory. Raises ProjectError for what is wrong with the tree or a command, WorkerError
    where the sampler cannot be built, and SandboxUnavailable.
    """
    chosen = given if given is not None else load_settings()
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    here = Path.cwd().resolve()
    near = here if file is None else Path(file).resolve().parent
    top = (Path(root) if root is not None else repository_of(near) or here).resolve()
    with tempfile.TemporaryDirectory(prefix="parallel-agent-hot-") as scratch:
        tree, sampler = Path(scratch, "tree").resolve(), Path(scratch, "sampler").resolve()
        spec = ProjectSpec(
            root=top,
            file="",
            where=str(here.relative_to(top)) if here.is_relative_to(top) else ".",
            build=build,
            test="",
            bench=bench,
            readable=(*(Path(folder).resolve() for folder in readable), sampler),
            tree_mib=tree_mib,
        )
        listener(Event(kind="stage", message="copying and building the tree"))
        copy_files(top, files_of(top), tree, spec.tree_mib)
        sampler.mkdir()
        with Lane().work():
            library = build_sampler(chosen.cxx, sampler)
            _run(Command("build", build), spec, tree, chosen.thread_count)
        listener(Event(kind="stage", message="sampling the benchmark"))
        with Lane().timing():
            stacks = _sampled(spec, tree, library, chosen.thread_count)
        listener(Event(kind="stage", message="looking up the functions"))
        return _hot(top, tree, stacks)


def _sampled(spec: ProjectSpec, tree: Path, library: Path, threads: int) -> Counter[Stack]:
    folder = tree / _SAMPLES
    folder.mkdir()
    _run(
        Command("bench", spec.bench), spec, tree, threads,
        {"LD_PRELOAD": str(library), FOLDER_VARIABLE: str(folder)},
    )  # fmt: skip
    stacks: Counter[Stack] = Counter()
    for written in sorted(folder.iterdir()):
        stacks.update(stacks_in(written.read_text(encoding="utf-8", errors="replace")))
    return stacks


def _run(
    command: Command,
    spec: ProjectSpec,
    tree: Path,
    threads: int,
    environment: dict[str, str] | None = None,
) -> None:
    if not command.text.strip():
        raise ProjectError(f"--{command.name} is missing", "--hot needs --build and --bench")
    done = run_command(command, spec, tree, threads, environment)
    why = failure_of(done, command)
    if why:
        raise ProjectError(
            f"the project's {command.name} fails: {why}",
            f"Correct --{command.name} until it ends with status 0 on a copy of the tree",
        )


def _hot(top: Path, tree: Path, stacks: Counter[Stack]) -> Hot:
    wanted: dict[str, set[int]] = {}
    for stack in stacks:
        for path, address in stack:
            if Path(path).is_relative_to(tree):
                wanted.setdefault(path, set()).add(address)
    found = places_of(wanted, tree)
    places = {frame: tuple(_theirs(known, tree)) for frame, known in found.items()}
    own, total, shown = tallied(stacks, places)
    samples = sum(stacks.values())
    functions = [
        HotFunction(
            name=name,
            file=shown[name].file,
            line=shown[name].line,
            own=count / samples,
            total=total[name] / samples,
        )
        for name, count in own.most_common(_MOST)
        if count >= _LEAST_SHARE * samples
    ]
    notes = [FEW.format(samples=samples)] if samples < _FEW else []
    notes += [NO_LINES] if functions and not any(f.file for f in functions) else []
    return Hot(
        root=str(top),
        samples=samples,
        seconds=samples * 1e-3,
        functions=tuple(functions),
        notes=tuple(notes),
    )


def _theirs(places: Sequence[Place], tree: Path) -> Iterator[Place]:
    """The functions of the tree, without those of libraries that were compiled into it."""
    for place in places:
        name = _name(place.function)
        if place.file:
            path = Path(place.file)
            path = path if path.is_absolute() else tree / path
            if path.is_relative_to(tree):
                yield Place(name, path.relative_to(tree).as_posix(), place.line)
        elif not _NOT_THEIRS.match(name):
            yield Place(name, "", 0)


def _name(function: str) -> str:
    """Without parameters, and without what the compiler calls a part of it."""
    plain = re.sub(r" \[clone [^\]]*\]|\.(_omp_fn|constprop|part|cold|isra)\.?\d*", "", function)
    return plain if plain.startswith("operator") else plain.partition("(")[0] or plain
