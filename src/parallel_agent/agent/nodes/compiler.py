"""compiler: builds the candidate and puts it through the correctness gates.

What a chat model wrote goes through all of them at once. The free proposer's candidates, of which there
are many, go through the cheap ones first; the others are for those that lead when they were timed.
"""

from __future__ import annotations

from langgraph.runtime import Runtime

from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.free_moves import SCREEN
from parallel_agent.agent.project.gate import with_project
from parallel_agent.agent.state import BranchState, CandidateRecord
from parallel_agent.agent.stored import SCREENING, VERDICT, stored_verdict
from parallel_agent.verification.duplicate import DuplicateGate
from parallel_agent.verification.gate import Examination, GateResult, Verdict
from parallel_agent.verification.pipeline import examine, quick_gates, thorough_gates


def compiler(state: BranchState, runtime: Runtime[Context]) -> BranchState:
    """Examine the candidate, once: a verdict that lies in the run folder is final."""
    context, candidate = context_of(runtime), state["candidate"]
    screening = state["move"].get("stage") == SCREEN
    name = SCREENING if screening else VERDICT
    verdict = stored_verdict(context, candidate, name) or _examine(context, state, name)
    failed = verdict.failed
    record: CandidateRecord = {
        **state["record"],
        "accepted": verdict.accepted and not screening,
        "failed_gate": "" if failed is None else failed.name,
        "detail": "" if failed is None else failed.detail,
    }
    return BranchState(record=record, candidates={candidate: record})


def _examine(context: Context, state: BranchState, name: str) -> Verdict:
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
    cheap, dear = with_project(
        context.project,
        quick_gates(built=(duplicate,)),
        thorough_gates(require_race_check=context.settings.require_race_check),
    )
    examination = Examination(
        kernel=subject.parsed.kernel,
        source=(directory / "candidate.cpp").read_text(encoding="utf-8"),
        reference=subject.reference,
        compiler=context.compiler,
        directory=directory,
        threads=context.settings.thread_count,
    )
    with context.examining, context.lane.work():
        before = stored_verdict(context, candidate, SCREENING)
        if before is None:
            gates = cheap if name == SCREENING else (*cheap, *dear)
            verdict = examine(examination, gates, report=report)
        else:
            examination.code_hash, examination.optimized = (
                before.code_hash,
                directory / before.binary,
            )
            verdict = before.followed_by(examine(examination, dear, report=report))
    context.folder.write(verdict.model_dump_json(indent=2), "candidates", candidate, name)
    return verdict
