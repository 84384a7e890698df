"""What a run spent, by model, node and branch, and what each answer of a model came to."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agent.agent.context import Context
from parallel_agent.agent.outcome import Answer, RunBill, Spending
from parallel_agent.agent.outside import AGENT
from parallel_agent.agent.state import CandidateRecord, TrialRecord
from parallel_agent.budget.bill import Item, bill_of
from parallel_agent.budget.money import format_usd
from parallel_agent.chat.references import RULES


def bill_of_run(context: Context) -> RunBill:
    """The bill of the run's own scope, without what was free."""
    entries = [
        entry
        for entry in context.ledger.audit().entries
        if f"{entry.scope}/".startswith(f"{context.scope}/")
    ]
    free = (RULES, AGENT)
    paid = {e.id for e in entries if e.kind == "reserved" and e.detail.get("model") not in free}
    bill = bill_of(e for e in entries if e.id in paid or e.reservation in paid)
    branches = {scope.rpartition("/branch:")[2]: item for scope, item in bill.by_scope.items()}
    return RunBill(
        models=_spending(bill.by_model),
        nodes=_spending(bill.by_node),
        branches=_spending({n: i for n, i in branches.items() if n != context.scope}),
    )


def answers(
    trials: list[TrialRecord], candidates: Mapping[str, CandidateRecord]
) -> tuple[Answer, ...]:
    """The answers of chat models in the order in which they came to an end."""
    return tuple(
        Answer(
            branch=trial["branch"],
            step=trial["step"],
            model=trial["model"],
            candidate=trial["candidate"],
            result=_result(trial, candidates),
            cost_usd=format_usd(trial["cost"]),
            tokens=trial.get("tokens", 0),
            seconds=trial.get("milliseconds", 0) / 1000,
        )
        for trial in trials
    )


def _result(trial: TrialRecord, candidates: Mapping[str, CandidateRecord]) -> str:
    record = candidates.get(trial["candidate"])
    if trial["failure"] or record is None:
        return _FAILURES.get(trial["failure"], "no candidate")
    if not record["accepted"]:
        return f"rejected by the gate '{record['failed_gate']}'"
    return f"{record.get('speedup', 1.0):.2f} times as fast"


_FAILURES = {
    "duplicate": "the same as another",
    "format": "could not be read",
    "refused": "the model refused",
    "no_answer": "no answer",
    "no_money": "not asked: too little was left",
    "no_server": "not asked, its server was gone",
}


def _spending(items: Mapping[str, Item]) -> tuple[Spending, ...]:
    return tuple(
        Spending(
            name=name,
            requests=item.calls,
            spent_usd=format_usd(item.amount.nano_usd),
            forfeited_usd=format_usd(item.forfeited.nano_usd),
            input_tokens=item.input_tokens,
            output_tokens=item.output_tokens,
            counted_tokens=item.amount.tokens,
            seconds=item.amount.milliseconds / 1000,
        )
        for name, item in items.items()
    )
