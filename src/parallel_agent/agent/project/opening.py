"""The start of a project: copied, built, tested and timed before any candidate or any money.

What is wrong with the tree or the commands is found here, with the original's own source.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from parallel_agent.agent.project.commands import LIMITS, Command, failure_of, run_command
from parallel_agent.agent.project.cutting import Cut, cut_out, sources_of
from parallel_agent.agent.project.spec import ProjectError, ProjectSpec
from parallel_agent.agent.project.tree import clone, copy_files, files_of
from parallel_agent.agent.project.workshop import (
    CLEAN,
    ORIGINAL,
    ORIGINAL_BUILT,
    REWRITTEN,
    STATE,
    CommandFailed,
    Workshop,
    WorkshopState,
)
from parallel_agent.measurement.lane import Lane
from parallel_agent.measurement.plan import noise_plan
from parallel_agent.measurement.statistics import noise_floor
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import Settings
from parallel_agent.toolchain import sandbox

Tell = Callable[[str], None]
_PROBE = "#error parallel-agent looks whether this file is built\n"
_OPENMP_PROBE = "#ifndef _OPENMP\n#error parallel-agent looks for OpenMP\n#endif\n"
_HINTS = {
    "build": "Correct --build until it builds the tree from a fresh checkout, without a network; "
    "what it needs outside of /usr is shown to it with --readable DIR",
    "test": "Correct --test until it passes on the tree as it is: it must end with status 0",
    "bench": "Correct --bench until it ends with status 0, and --metric until it matches once",
}


def open_project(workshop: Workshop, names: list[str], given: Settings, tell: Tell) -> Cut:
    """Copy the files ``names`` of the user's tree twice, build, test and time them, cut out the kernel.

    What is known then is the workshop's state. Raises ProjectError for all that is wrong with the
    tree or the commands, SourceError where the kernel is not found in its file.
    """
    spec, lane = workshop.spec, Lane()
    sources_of(spec, names)  # a file that cannot be read is told before the work
    with lane.work():
        seconds = {"build": build_copy(workshop, names, ORIGINAL, tell)}
        cut = cut_out(spec, names, workshop.tree(ORIGINAL), given)
        more, writes = _built_and_tested(workshop, names, tell)
        seconds |= more
        _probe(workshop, tell)
    tell("timing the benchmark against itself")
    plan = noise_plan(given.effort)
    state = WorkshopState(
        kernel=cut.kernel,
        files=cut.origins,
        slice_origins=tuple((line.file, line.number, line.text) for line in cut.lines),
        isolated=not cut.why,
        why=cut.why,
        seconds=seconds,
        writes=writes,
        value=0.0,
        noise=0.0,
    )
    workshop.state = state
    try:
        with lane.timing():
            times = workshop.time(plan)
    except (MismatchError, CommandFailed) as error:
        raise ProjectError(
            f"the benchmark does not do the same twice: {error}",
            "Correct it, or leave --same-output out if what it prints changes from run to run",
        ) from None
    workshop.state = state.model_copy(
        update={
            "value": statistics.median(run.value for run in times.original),
            "noise": noise_floor(times.samples.original, times.samples.candidate),
        }
    )
    save(workshop, workshop.state)
    return cut


def save(workshop: Workshop, state: WorkshopState) -> None:
    """Keep the state in the run folder."""
    workshop.state = state
    path = workshop.folder / STATE
    path.write_text(state.model_dump_json(indent=2), encoding="utf-8")


def project_files(spec: ProjectSpec) -> list[str]:
    """The files of the user's tree; ProjectError where the kernel's is not among them."""
    names = files_of(spec.root)
    for file in (spec.file, *spec.others):
        if file not in names:
            raise ProjectError(
                f"{file} is not one of the files of {spec.root}",
                "Give a file of the tree that git does not ignore, or another tree with --root",
            )
    if not (spec.root / spec.where).is_dir():
        raise ProjectError(f"there is no folder {spec.root / spec.where}", "Run from within it")
    return names


def build_copy(workshop: Workshop, names: list[str], tree: str, tell: Tell) -> float:
    """Make one of the copies of the user's tree and build it; seconds. Raises ProjectError."""
    again = tree == REWRITTEN
    tell("copying the tree" + (" again" if again else ""))
    copy_files(workshop.spec.root, names, workshop.tree(tree), workshop.spec.tree_mib)
    tell(f"building the project ({'again' if again else 'as it is'})")
    try:
        return workshop.run(workshop.command("build"), tree)
    except CommandFailed as failed:
        raise ProjectError(str(failed), _HINTS[failed.command]) from None


def _built_and_tested(
    workshop: Workshop, names: list[str], tell: Tell
) -> tuple[dict[str, float], dict[str, bool]]:
    """Build the other copy, test and run the original; what each takes, and what writes to the tree."""
    seconds, writes = {"build": build_copy(workshop, names, REWRITTEN, tell)}, {}
    clone(workshop.tree(REWRITTEN), workshop.tree(CLEAN))
    clone(workshop.tree(ORIGINAL), workshop.tree(ORIGINAL_BUILT))
    try:
        for name in ("test", "bench"):
            tell(f"running the project's {name}")
            seconds[name], writes[name] = _tried(workshop, name)
    except CommandFailed as failed:
        raise ProjectError(str(failed), _HINTS[failed.command]) from None
    return seconds, writes


def _tried(workshop: Workshop, name: str) -> tuple[float, bool]:
    """Seconds of a command, and whether it needs to write to the tree."""
    command = workshop.command(name)
    if not sandbox.notes():  # without a sandbox nothing keeps it from writing
        with suppress(CommandFailed):
            return _ran(workshop, replace(command, writes=False)), False
    seconds = _ran(workshop, command)
    clone(workshop.tree(ORIGINAL_BUILT), workshop.tree(ORIGINAL))
    return seconds, True


def _ran(workshop: Workshop, command: Command) -> float:
    if command.name == "bench":
        return workshop.bench(command, ORIGINAL).wall
    return workshop.run(command, ORIGINAL)


def _probe(workshop: Workshop, tell: Tell) -> None:
    """See that the build compiles the kernel's file, and with OpenMP: by errors put into it."""
    tell("looking whether the build compiles the kernel's file, and with OpenMP")
    spec = workshop.spec
    if not _breaks(workshop, _PROBE):
        raise ProjectError(
            f"--build does not compile {spec.file}: with an error in it, it builds all the same",
            "Give the command that builds what --test and --bench run from this file",
        )
    if _breaks(workshop, _OPENMP_PROBE):
        raise ProjectError(
            f"--build compiles {spec.file} without OpenMP, so that no thread would ever start",
            'Add -fopenmp to the flags of compiler and linker, as in --build "make '
            "CXXFLAGS='-O3 -fopenmp'\"",
        )
    clone(workshop.tree(CLEAN), workshop.tree(REWRITTEN))


def _breaks(workshop: Workshop, probe: str) -> bool:
    spec, tree = workshop.spec, workshop.tree(REWRITTEN)
    clone(workshop.tree(CLEAN), tree)
    path = tree / spec.file
    text = path.read_bytes()
    path.unlink()
    path.write_bytes(probe.encode() + text)
    command = Command("build", spec.build, limits=LIMITS)
    return bool(failure_of(run_command(command, spec, tree, workshop.threads), command))
