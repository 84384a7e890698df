"""The subject of a run whose kernel cannot be checked by itself: its text, and the benchmark."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.agent.project.workshop import WorkshopState
from parallel_agent.agent.subject import OriginalAtSize, Study, Subject, reference_of
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.declared import parsed_or_declared
from parallel_agent.kernel.parsing import look_in
from parallel_agent.settings import Settings
from parallel_agent.toolchain import machine


def project_study(state: WorkshopState, given: Settings, compiler: str) -> Study:
    """The original by its benchmark, which is its only size."""
    size = OriginalAtSize(
        sizes={}, seconds=state.seconds["bench"], bytes=0, instances=1, noise=state.noise
    )
    return Study(
        kernel=state.kernel,
        sizes=(size,),
        threads=given.thread_count,
        machine=machine.describe(compiler),
        busy=machine.load().others,
    )


def project_subject(source: str, study: Study, given: Settings) -> Subject:
    """The kernel with an empty contract: nothing is known of its inputs."""
    look_in(given.cxxflags)
    parsed = parsed_or_declared(source, study.kernel)
    contract = Contract(kernel=study.kernel)
    return Subject(parsed, contract, study, reference_of(parsed, contract, Path(), given.seed))
