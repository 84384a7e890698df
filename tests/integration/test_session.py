"""The inverse of a run: whoever writes the candidates outside gets our gates, times and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parallel_agent import Event, Session, load_settings
from parallel_agent.agent.run import Interrupted
from parallel_agent.budget.ledger import Ledger
from parallel_agent.kernel.source import SourceError
from parallel_agent.settings import SettingsError
from running_sums import BROKEN, GOOD, HEAD, KERNEL

WRONG = GOOD.replace("sums[i] = sum;", "sums[i] = sum - (i == 40);")
RACY = f"""{HEAD}    sums.assign(x.size(), 0);
    #pragma omp parallel for
    for (std::size_t i = 0; i < x.size(); ++i) {{
        for (std::size_t j = i; j < x.size(); ++j) sums[j] += x[i];
    }}
}}
"""
OTHER = GOOD.replace(
    "sum += x[i];\n        sums[i] = sum;", "sums[i] = (sum += x[i] + 0);"
).replace("std::size_t i = 0; i <", "std::ptrdiff_t i = 0; i < (std::ptrdiff_t)")
RUNNING = ("differential", "sanitizers", "races", "history", "timing")


def documented(kind: str) -> set[str]:
    """The keys of an event's data, as the reference has them."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "events.md"
    (row,) = re.findall(rf"^\| `{kind}` \|[^|]*\|(.*)\|$", page.read_text(), re.MULTILINE)
    return set(re.findall(r"`(\w+)`", row))


def gate_of(session: Session, source: str) -> str:
    """The gate that a submission failed, as its diagnosis says."""
    (tried,) = session.submit(source).tried
    assert tried.diagnosis is not None
    assert not tried.accepted
    assert not tried.better
    return tried.diagnosis.gate


@pytest.mark.slow
def test_an_outside_agent_proposes_and_the_best_comes_back(tmp_path: Path) -> None:
    kernel = tmp_path / "running_sums.cpp"
    kernel.write_text(KERNEL, encoding="utf-8")
    events: list[Event] = []
    given = load_settings(out=tmp_path / "run", effort="quick", threads=2, size=("64", "3000"))
    session = Session(kernel, given=given, listener=events.append)

    task = session.task()
    assert task.kernel.name == "runningSums"
    assert task.kernel.source == KERNEL
    assert task.kernel.platform.threads == 2
    assert [set(time.sizes.values()) for time in task.kernel.times] == [{64}, {3000}]
    assert all(tried.proposer == "rules" for tried in task.tried)

    assert gate_of(session, BROKEN) == "compile"
    assert gate_of(session, WRONG) in RUNNING
    assert gate_of(session, RACY) in RUNNING  # which of them sees it first is chance
    with pytest.raises(SourceError, match="no candidate 'none'"):
        session.submit(GOOD, parent="none")

    faster = session.submit(GOOD, strategy="better algorithm", why="one pass")
    assert not faster.duplicate
    assert faster.tried[0].accepted
    assert faster.tried[0].strategy == "better algorithm"
    assert faster.tried[0].result is not None
    assert faster.tried[0].critique
    again = session.submit(f"// another comment\n{GOOD}")
    assert again.duplicate
    assert again.tried[0].candidate == faster.tried[0].candidate

    # Left and opened again, and interrupted in the middle of a step.
    drained = Session(kernel, given=given, listener=lambda event: stop(event))

    def stop(event: Event) -> None:
        if event.kind == "candidate":
            drained.drain()

    with pytest.raises(Interrupted):
        drained.submit(OTHER)
    outcome = Session(kernel, given=given).finish()

    for event in events:
        assert event.v == 1
        assert set(event.data) <= documented(event.kind), event.kind

    assert outcome.run == str(tmp_path / "run")
    assert outcome.spent_usd == "0.00"
    assert outcome.answers == ()
    assert outcome.bill.models == ()
    assert outcome.rejected["compile"] >= 1
    assert outcome.status == "improved"
    assert outcome.proposer == "agent"
    assert Path(outcome.best_source).read_text() in (GOOD, OTHER)
    confirmations = list((tmp_path / "run").glob("candidates/*/confirmation.json"))
    assert confirmations
    ledger = Ledger.open(tmp_path / "run" / "ledger.sqlite")
    assert ledger.audit().ok
    whats = [entry.what for entry in ledger.audit().entries if entry.kind == "reserved"]
    assert whats.count("candidate by an outside agent") == 6


def test_a_session_asks_no_model(sum_of_roots: Path) -> None:
    with pytest.raises(SettingsError, match="no chat model"):
        Session(sum_of_roots, model=("http://127.0.0.1:9/v1#m",), price=("free",))
