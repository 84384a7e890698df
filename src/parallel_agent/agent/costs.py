"""What an answer took, as it stands in the records of a run; those of older runs know money alone."""

from __future__ import annotations

from parallel_agent.agent.state import CandidateRecord, TrialRecord
from parallel_agent.budget.amount import Amount


def write_cost(record: CandidateRecord | TrialRecord, cost: Amount) -> None:
    """Keep it with a candidate or a trial."""
    record["cost"] = cost.nano_usd
    record["tokens"], record["milliseconds"] = cost.tokens, cost.milliseconds


def cost_of_record(record: CandidateRecord | TrialRecord) -> Amount:
    """What is kept with one."""
    return Amount(record.get("cost", 0), record.get("tokens", 0), record.get("milliseconds", 0))
