"""profiler: times the candidate against the original at every size.

A first look is shorter: it ranks the free proposer's candidates. What is handed back is timed once more
in full when the run ends.
"""

from __future__ import annotations

from langgraph.runtime import Runtime

from parallel_agent.agent.context import Context, context_of
from parallel_agent.agent.free_moves import SCREEN
from parallel_agent.agent.project.profiles import profile_of
from parallel_agent.agent.state import BranchState, CandidateRecord
from parallel_agent.agent.stored import stored_profile
from parallel_agent.measurement.plan import plan_for, screening_plan
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.toolchain.runner import WorkerError


def profiler(state: BranchState, runtime: Runtime[Context]) -> BranchState:
    """Measure the candidate, once; one that turns out wrong while it is timed is rejected."""
    context, candidate, branch = context_of(runtime), state["candidate"], state["move"]["branch"]
    screening = state["move"].get("stage") == SCREEN
    record: CandidateRecord = {**state["record"]}
    try:
        profile = stored_profile(context, candidate)
        if profile is None:
            context.emit("stage", "timing", branch=branch, candidate=candidate)
            effort = context.settings.effort
            full = plan_for(effort)
            plan = screening_plan(effort) if screening else full
            longer = full if screening else None
            profile = profile_of(context, candidate, plan, longer=longer)
            context.folder.write(
                profile.model_dump_json(indent=2), "candidates", candidate, "profile.json"
            )
    except (MismatchError, WorkerError) as error:
        record |= {"accepted": False, "failed_gate": "timing", "detail": str(error)}
        context.emit("gate", f"timing: rejected, {error}", branch=branch, candidate=candidate,
                     name="timing", passed=False, detail=str(error))  # fmt: skip
        return BranchState(record=record, candidates={candidate: record})
    record |= {
        "speedup": profile.speedup,
        "at_largest": profile.sizes[-1].speedup,
        "interval": list(profile.interval),
        "promising": profile.better,
        "better": record["accepted"] and profile.better,
    }
    context.emit(
        "profile",
        f"{profile.speedup:.2f} times as fast on the whole{' at first sight' * screening}",
        branch=branch,
        candidate=candidate,
        **profile.model_dump(mode="json", exclude={"sizes": {"__all__": {"samples"}}}),
        better=record["better"],
        findings=profile.findings,
    )
    return BranchState(record=record, candidates={candidate: record})
