"""What a chat model is told of a run, gathered from the run folder as plain data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from parallel_agent.agent.context import Context
from parallel_agent.agent.profiling import Profile
from parallel_agent.agent.shown import inputs_shown
from parallel_agent.agent.state import CandidateRecord, Known
from parallel_agent.agent.stored import stored_profile, stored_record, stored_verdict
from parallel_agent.agent.subject import Study
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.measurement.remarks import loop_remarks
from parallel_agent.proposers.contract_words import in_words
from parallel_agent.proposers.tasks import (
    CompilerError,
    Diagnosis,
    KernelFacts,
    OriginalTime,
    Platform,
    Result,
    TimeAtSize,
    Version,
)
from parallel_agent.settings import Settings
from parallel_agent.toolchain import machine
from parallel_agent.toolchain.adapter import KERNEL_FILE
from parallel_agent.verification.gate import Verdict
from parallel_agent.verification.replay import Replay, ReplayError, stored_inputs

_MOST_LOOPS = 4
"""Scalar loops that a model is told of: every line of a request is paid for."""


def kernel_facts(context: Context) -> KernelFacts:
    """The kernel, its contract in words, the machine, and how long the original takes."""
    if context.facts is None:
        context.facts = _gathered(context)
    return context.facts


def _gathered(context: Context) -> KernelFacts:
    subject = context.subject
    study = subject.study
    times = original_times(study)
    return facts_of(subject.parsed, subject.contract, context.settings, study.machine, times)


def original_times(study: Study) -> tuple[OriginalTime, ...]:
    """How long the original takes at each size that was studied."""
    return tuple(
        OriginalTime(sizes=size.sizes, seconds=size.seconds, bound_seconds=size.bound_seconds)
        for size in study.sizes
    )


def platform_of(
    described: machine.Machine,
    threads: int,
    flags: tuple[str, ...],
    instruction_sets: tuple[str, ...],
) -> Platform:
    """A machine as far as a model is told of it."""
    return Platform(
        cpu=described.cpu,
        cores=described.physical_cores,
        threads=threads,
        caches=described.data_caches,
        instruction_sets=instruction_sets,
        compiler=described.compiler,
        flags=flags,
    )


def facts_of(
    parsed: ParsedSource,
    contract: Contract,
    given: Settings,
    described: machine.Machine,
    times: tuple[OriginalTime, ...] = (),
) -> KernelFacts:
    """What every request about a kernel begins with."""
    kernel = parsed.kernel
    return KernelFacts(
        name=kernel.name,
        source=kernel.source,
        contract=in_words(kernel.signature, contract),
        platform=platform_of(
            described, given.thread_count, given.cxxflags, machine.instruction_sets()
        ),
        times=times,
    )


def version_of(context: Context, record: CandidateRecord, advice: str = "") -> Version:
    """A candidate that passed the gates, with how it fared and what is to be done about it."""
    source = context.folder.read("candidates", record["id"], "candidate.cpp")
    profile = stored_profile(context, record["id"])
    findings = [advice] if advice else []
    if profile is not None:
        findings += profile.findings
        findings += [
            f"slower than the original at {size.sizes}"
            for size in profile.sizes
            if size.result == "slower"
        ]
    findings += _scalar_loops(context, record["id"], source)
    return Version(
        source=source,
        result=None if profile is None else result_of(record["strategy"], profile),
        findings=tuple(findings),
    )


def _scalar_loops(context: Context, candidate: str, source: str) -> list[str]:
    """The first innermost loops that the compiler did not vectorize, and why."""
    directory = context.folder.path("candidates", candidate, "remarks", "kernel.cpp").parent
    try:
        with context.lane.work():
            loops = loop_remarks(context.compiler, source, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return [str(loop) for loop in loops if loop.vectorized is False][:_MOST_LOOPS]


def result_of(strategy: str, profile: Profile) -> Result:
    """How a candidate fared, by its profile."""
    return Result(
        strategy=strategy,
        speedup=profile.speedup,
        times=tuple(
            TimeAtSize(
                sizes=size.sizes,
                original_seconds=size.original_seconds,
                candidate_seconds=size.candidate_seconds,
                speedup=size.speedup,
                result=size.result,
            )
            for size in profile.sizes
        ),
    )


def best_of(context: Context, known: Known) -> Result | None:
    """How the best candidate so far fared; None where there is none."""
    profile = stored_profile(context, known["best"]) if known["best"] else None
    if profile is None:
        return None
    return result_of(stored_record(context, known["best"])["strategy"], profile)


def diagnosis_of(context: Context, record: CandidateRecord) -> Diagnosis:
    """Why a gate turned a candidate away, with the compiler's errors or the inputs that broke it."""
    verdict = stored_verdict(context, record["id"])
    return Diagnosis(
        gate=record["failed_gate"],
        detail=record["detail"],
        errors=() if verdict is None else tuple(_errors(verdict)),
        inputs="" if verdict is None else _inputs(context, record["id"], verdict),
    )


def _errors(verdict: Verdict) -> Iterator[CompilerError]:
    """The compiler's errors; a line counts in the candidate's own file only."""
    for error in verdict.diagnostics:
        if error.is_error:
            own = Path(error.file).name == KERNEL_FILE
            line, column = (error.line, error.column) if own else (0, 0)
            yield CompilerError(message=error.message, line=line, column=column)


def _inputs(context: Context, candidate: str, verdict: Verdict) -> str:
    """The arguments of the call that broke it, a line for each; empty where they are too many."""
    failed = verdict.failed
    if failed is None or not failed.replay:
        return ""
    try:
        kept = Replay.load(context.folder.path("candidates", candidate, failed.replay))
        payload = stored_inputs(kept)
    except ReplayError:
        return ""
    if not payload:
        return ""
    shown = inputs_shown(context.subject.parsed.kernel.signature, payload, kept.case.calls)
    return "\n".join(f"{name} = {value}" for name, value in shown.items())
