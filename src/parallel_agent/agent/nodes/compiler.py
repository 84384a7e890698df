"""compiler: builds the candidate and puts it through the correctness gates."""

from __future__ import annotations

from langgraph.runtime import Runtime

from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.state import BranchState, CandidateRecord
from parallel_agent.agent.stored import stored_verdict
from parallel_agent.verification.duplicate import DuplicateGate
from parallel_agent.verification.gate import Examination, GateResult, Verdict
from parallel_agent.verification.pipeline import all_gates, examine


def compiler(state: BranchState, runtime: Runtime[Context]) -> BranchState:
    """Examine the candidate, once: a verdict that lies in the run folder is final."""
    context, candidate = context_of(runtime), state["candidate"]
    verdict = stored_verdict(context, candidate) or _examine(context, state)
    failed = verdict.failed
    record: CandidateRecord = {
        **state["record"],
        "accepted": verdict.accepted,
        "failed_gate": "" if failed is None else failed.name,
        "detail": "" if failed is None else failed.detail,
    }
    return BranchState(record=record, candidates={candidate: record})


def _examine(context: Context, state: BranchState) -> Verdict:
    candidate, branch, subject = state["candidate"], state["move"]["branch"], context.subject
    directory = context.folder.path("candidates", candidate, "candidate.cpp").parent

    def report(result: GateResult) -> None:
        context.emit(
            "gate",
            f"{result.name}: {'passed' if result.passed else 'rejected'}, {result.detail}",
            branch=branch,
            candidate=candidate,
            **result.model_dump(mode="json"),
        )

    duplicate = DuplicateGate(lambda key: context.folder.claim("code", key, candidate), candidate)
    with context.examining, context.lane.work():
        verdict = examine(
            Examination(
                kernel=subject.parsed.kernel,
                source=(directory / "candidate.cpp").read_text(encoding="utf-8"),
                reference=subject.reference,
                compiler=context.compiler,
                directory=directory,
                threads=context.settings.thread_count,
            ),
            gates=all_gates(
                require_race_check=context.settings.require_race_check, built=(duplicate,)
            ),
            report=report,
        )
    context.folder.write(verdict.model_dump_json(indent=2), "candidates", candidate, "verdict.json")
    return verdict
