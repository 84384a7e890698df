"""What a run folder holds of a candidate that was examined or timed before."""

from __future__ import annotations

from parallel_agent.agent.context import Context
from parallel_agent.agent.profiling import Profile
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.verification.gate import Verdict

VERDICT, SCREENING = "verdict.json", "screening.json"


def stored_record(context: Context, candidate: str) -> CandidateRecord:
    """The record as the last step that was done left it."""
    record: CandidateRecord = context.folder.read_json("candidates", candidate, "record.json")
    return record


def store_record(context: Context, record: CandidateRecord) -> None:
    """Put the record of a candidate into the run folder."""
    context.folder.write_json(record, "candidates", record["id"], "record.json")


def stored_verdict(context: Context, candidate: str, name: str = VERDICT) -> Verdict | None:
    """The verdict, if the candidate was examined before; `SCREENING` for that of the first look."""
    if not context.folder.exists("candidates", candidate, name):
        return None
    return Verdict.model_validate_json(context.folder.read("candidates", candidate, name))


def stored_profile(context: Context, candidate: str) -> Profile | None:
    """The profile, if the candidate was timed before."""
    if not context.folder.exists("candidates", candidate, "profile.json"):
        return None
    return Profile.model_validate_json(context.folder.read("candidates", candidate, "profile.json"))
