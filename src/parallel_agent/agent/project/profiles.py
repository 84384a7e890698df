"""The profile of a candidate: by its function at every size, or by the project's benchmark."""

from __future__ import annotations

from parallel_agent.agent.context import Context
from parallel_agent.agent.profiling import Profile, ProfileAtSize, profile_candidate
from parallel_agent.agent.project.timing import time_project
from parallel_agent.agent.project.workshop import BenchTiming
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.measurement.plan import TimingPlan, plan_for
from parallel_agent.measurement.timing import PairedSamples

BENCHMARK = "benchmark.json"


def profile_of(
    context: Context,
    candidate: str,
    plan: TimingPlan,
    *,
    salt: int = 0,
    longer: TimingPlan | None = None,
) -> Profile:
    """`profile_candidate`, or by the benchmark where the function cannot be run by itself."""
    workshop = context.project
    if workshop is None or context.isolated:
        return profile_candidate(context, candidate, plan, salt=salt, longer=longer)
    source = context.folder.read("candidates", candidate, "candidate.cpp")
    timing = time_project(workshop, source, plan)
    if salt:
        context.folder.write(timing.model_dump_json(indent=2), "candidates", candidate, BENCHMARK)
    return _profile(timing, context.settings.thread_count)


def stored_benchmark(context: Context, candidate: str) -> BenchTiming | None:
    """How the benchmark went with a candidate, if it was timed by it to be handed back."""
    if not context.folder.exists("candidates", candidate, BENCHMARK):
        return None
    return BenchTiming.model_validate_json(context.folder.read("candidates", candidate, BENCHMARK))


def held_by_benchmark(context: Context, record: CandidateRecord) -> bool:
    """Whether the project's benchmark finds a candidate faster, too; True without a project.

    Raises MismatchError where it fails with the candidate.
    """
    workshop = context.project
    if workshop is None:
        return True
    timing = stored_benchmark(context, record["id"])
    if timing is None:
        context.emit("stage", "running the project's benchmark", candidate=record["id"])
        source = context.folder.read("candidates", record["id"], "candidate.cpp")
        timing = time_project(workshop, source, plan_for(context.settings.effort))
        context.folder.write(
            timing.model_dump_json(indent=2), "candidates", record["id"], BENCHMARK
        )
    context.emit(
        "confirmed",
        f"the benchmark {'agrees' if timing.faster else 'does not agree'}: "
        f"{timing.interval.ratio:.2f} times as fast",
        candidate=record["id"],
        branch=record["branch"],
        passed=timing.faster,
    )
    return timing.faster


def _profile(timing: BenchTiming, threads: int) -> Profile:
    samples, bounds = timing.samples, (timing.interval.low, timing.interval.high)
    paired = PairedSamples(
        instances=1,
        original=samples.original,
        candidate=samples.candidate,
        original_child=(),
        candidate_child=(),
        interval=samples.interval,
        stopped=samples.stopped,
        findings=samples.findings,
    )
    size = ProfileAtSize(
        sizes={},
        original_seconds=timing.original_seconds,
        candidate_seconds=timing.candidate_seconds,
        speedup=timing.interval.ratio,
        interval=bounds,
        noise=timing.noise,
        samples=paired,
    )
    return Profile(
        sizes=(size,), speedup=size.speedup, interval=bounds, threads=threads, complete=True
    )
