"""The end of a run about a project: the outcome by its benchmark, the patch, the branch."""

from __future__ import annotations

from parallel_agent.agent.context import Context
from parallel_agent.agent.outcome import Outcome, ProjectOutcome
from parallel_agent.agent.project.patch import make_branch, patch_of
from parallel_agent.agent.project.profiles import stored_benchmark
from parallel_agent.agent.project.spec import ProjectError
from parallel_agent.agent.project.tree import remove
from parallel_agent.agent.project.workshop import (
    BUILT,
    CLEAN,
    ORIGINAL,
    ORIGINAL_BUILT,
    REWRITTEN,
    BenchTiming,
    Workshop,
)
from parallel_agent.agent.state import CandidateRecord

TEST_ONLY = (
    "checked by your test only: the function could not be run by itself ({why}), so that no inputs "
    "but those of your test were tried, and neither sanitizers nor a race detector looked at it"
)
BY_BENCHMARK = "by your benchmark, {original:.4g} before and {candidate:.4g} now ({unit})"


def of_project(context: Context, outcome: Outcome, chosen: CandidateRecord | None) -> Outcome:
    """The outcome in the words of the project, with its patch; as it is for a run about a file."""
    workshop = context.project
    if workshop is None:
        return outcome
    known = workshop.known()
    timing = None if chosen is None else stored_benchmark(context, chosen["id"])
    changed = {}
    if chosen is not None:
        changed = workshop.files_with(context.folder.read("best.cpp"))
    patch = context.folder.write(patch_of(known.files, changed), "best.diff")
    commit, notes = _branch(workshop, outcome, bool(changed))
    if not known.isolated:
        notes.insert(0, TEST_ONLY.format(why=known.why))
    for tree in (ORIGINAL, REWRITTEN, ORIGINAL_BUILT, CLEAN, BUILT):
        remove(workshop.tree(tree))
    told = outcome.model_copy(
        update={
            "noise_floor": known.noise,
            "diff": str(patch),
            "notes": [*notes, *outcome.notes],
            "project": ProjectOutcome(
                root=str(workshop.spec.root),
                files=sorted(changed),
                unit=workshop.spec.unit,
                original=known.value if timing is None else timing.original,
                candidate=known.value if timing is None else timing.candidate,
                checked_by="gates and test" if known.isolated else "test only",
                branch=workshop.spec.branch if commit else "",
                commit=commit,
            ),
        }
    )
    return told if timing is None else _by_benchmark(told, timing)


def _by_benchmark(outcome: Outcome, timing: BenchTiming) -> Outcome:
    said = BY_BENCHMARK.format(**timing.model_dump(include={"original", "candidate", "unit"}))
    return outcome.model_copy(
        update={
            "speedup": timing.interval.ratio,
            "interval": (timing.interval.low, timing.interval.high),
            "noise_floor": timing.noise,
            "reasons": [said, *outcome.reasons],
        }
    )


def _branch(workshop: Workshop, outcome: Outcome, improved: bool) -> tuple[str, list[str]]:
    """The commit that was made, empty if none was, and what to say of it."""
    spec = workshop.spec
    if not spec.branch:
        return "", []
    if not improved:
        return "", [f"no branch {spec.branch} was made: there is nothing to commit"]
    message = f"perf: {outcome.kernel} with {outcome.threads} threads, by {outcome.strategy}"
    try:
        return make_branch(spec, workshop.folder.parent / "best.diff", message), []
    except ProjectError as error:
        return "", [f"no branch {spec.branch} was made: {error}. {error.hint}"]
