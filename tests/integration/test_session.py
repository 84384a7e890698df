"""The inverse of a run: whoever writes the candidates outside gets our gates, times and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import SUM_OF_ROOTS
from parallel_agent import Event, Session, load_settings
from parallel_agent.agent.run import Interrupted
from parallel_agent.budget.ledger import Ledger
from parallel_agent.kernel.source import SourceError
from parallel_agent.settings import SettingsError

LOOP = "    for (std::size_t i"
FASTER = SUM_OF_ROOTS.replace(LOOP, f"#pragma omp parallel for simd reduction(+ : sum)\n{LOOP}")
RACY = SUM_OF_ROOTS.replace(LOOP, f"#pragma omp parallel for\n{LOOP}")
WRONG = FASTER.replace("return sum;", "return x.size() == 61 ? 0.0 : sum;")
BROKEN = FASTER.replace("return sum;", "return total;")
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
def test_an_outside_agent_proposes_and_the_best_comes_back(
    sum_of_roots: Path, tmp_path: Path
) -> None:
    events: list[Event] = []
    given = load_settings(out=tmp_path / "run", effort="quick", threads=2, size=("61", "60000"))
    session = Session(sum_of_roots, given=given, listener=events.append)

    task = session.task()
    assert task.kernel.name == "sumOfRoots"
    assert task.kernel.source == SUM_OF_ROOTS
    assert task.kernel.platform.threads == 2
    assert [time.sizes for time in task.kernel.times][-1] == {"n": 60000}
    assert task.tried  # what the built-in proposer reached
    assert all(tried.proposer == "rules" for tried in task.tried)

    assert gate_of(session, BROKEN) == "compile"
    assert gate_of(session, WRONG) in ("differential", "timing")
    assert gate_of(session, RACY) in RUNNING  # which of them sees it first is chance
    with pytest.raises(SourceError, match="no candidate 'none'"):
        session.submit(FASTER, parent="none")

    faster = session.submit(FASTER, strategy="reduction", why="the terms are independent")
    assert not faster.duplicate
    assert faster.tried[0].accepted
    assert faster.tried[0].strategy == "reduction"
    assert faster.tried[0].result is not None
    assert faster.tried[0].critique
    again = session.submit(f"// another comment\n{FASTER}")
    assert again.duplicate
    assert again.tried[0].candidate == faster.tried[0].candidate

    # Left and opened again, and interrupted in the middle of a step.
    drained = Session(sum_of_roots, given=given, listener=lambda event: stop(event))

    def stop(event: Event) -> None:
        if event.kind == "candidate":
            drained.drain()

    with pytest.raises(Interrupted):
        drained.submit(FASTER.replace("sum += ", "sum = sum + "))
    outcome = Session(sum_of_roots, given=given).finish()

    for event in events:
        assert event.v == 1
        assert set(event.data) <= documented(event.kind), event.kind

    assert outcome.run == str(tmp_path / "run")
    assert outcome.spent_usd == "0.00"
    assert outcome.answers == ()
    assert outcome.bill.models == ()
    assert outcome.rejected["compile"] >= 1
    assert outcome.status == "improved"
    assert Path(outcome.best_source).read_text() != SUM_OF_ROOTS
    confirmations = list((tmp_path / "run").glob("candidates/*/confirmation.json"))
    assert confirmations
    ledger = Ledger.open(tmp_path / "run" / "ledger.sqlite")
    assert ledger.audit().ok
    whats = [entry.what for entry in ledger.audit().entries if entry.kind == "reserved"]
    assert whats.count("candidate by an outside agent") == 6


def test_a_session_asks_no_model(sum_of_roots: Path) -> None:
    with pytest.raises(SettingsError, match="no chat model"):
        Session(sum_of_roots, model=("http://127.0.0.1:9/v1#m",), price=("free",))
