from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from parallel_agent.agent.run_folder import FolderError
from parallel_agent.budget.ledger import Ledger
from parallel_agent.cli import run
from parallel_agent.report.account import audit_json, audit_of, findings, print_audit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that settled one request, lost track of another, and has a third in flight."""
    ledger = Ledger.create(tmp_path / "ledger.sqlite", 10**9)
    scope = ledger.add_scope("branch:loop", cap=5 * 10**8)
    paid = ledger.reserve(scope, 2 * 10**8, what="a candidate")
    ledger.settle(paid.id, 10**8, detail={"tokens": 7})
    lost = ledger.reserve(scope, 10**8, what="a [lost] one")
    ledger.forfeit(lost.id, "the machine went down")
    ledger.reserve("account", 5 * 10**7, what="in flight")
    return tmp_path


def test_every_entry_and_sum_is_shown(folder: Path) -> None:
    console = Console(file=io.StringIO(), width=150, markup=False, record=True)
    print_audit(audit_of(folder), console)
    lines = [line.split() for line in console.export_text().splitlines()]
    kinds = [line[3] for line in lines if line and line[0].isdigit()]
    assert kinds == ["reserved", "settled", "reserved", "forfeited", "reserved"]
    assert ["account", "USD", "0.10", "0.10", "0.05", "1.00"] in lines
    assert ["account/branch:loop", "USD", "0.10", "0.10", "0.00", "0.50"] in lines
    assert lines[-1][:4] == ["The", "account", "was", "kept:"]


def test_the_audit_as_json_has_dollars_as_strings(folder: Path) -> None:
    plain = json.loads(json.dumps(audit_json(audit_of(folder))))
    assert plain["ok"] is True
    assert [entry["amount_usd"] for entry in plain["entries"]] == [
        "0.20",
        "0.10",
        "0.10",
        "0.10",
        "0.05",
    ]
    assert plain["entries"][1]["detail"] == {"tokens": 7}
    root = plain["scopes"][0]
    assert {name: value for name, value in root.items() if name.endswith("_usd")} == {
        "cap_usd": "1.00",
        "settled_usd": "0.10",
        "forfeited_usd": "0.10",
        "reserved_usd": "0.05",
        "spent_usd": "0.20",
        "available_usd": "0.75",
    }
    assert (root["cap_tokens"], root["spent_tokens"], root["cap_seconds"]) == (None, 0, None)


@pytest.fixture
def paid(folder: Path) -> Path:
    """The same run with two answers of a model, resumed after a crash under a higher cap."""
    ledger = Ledger.open(folder / "ledger.sqlite")
    scope = ledger.add_scope("branch:loop", cap=5 * 10**8)
    who = {"model": "openai:m", "node": "coder"}
    usage = {"input_tokens": 1000, "output_tokens": 200, "cache_read_tokens": 600}
    for step in (1, 2):
        key = f"{scope}/coder/{step}/1"
        sent = ledger.reserve(scope, 10**8, what="a candidate", key=key, detail=who)
        if step == 1:
            answered = who | {"usage": usage, "status": "answered"}
            ledger.settle(sent.id, 25 * 10**6, detail=answered, response="{}")
    ledger.forfeit_open("the run stopped while this was in flight")
    ledger.raise_cap("account", 2 * 10**9)
    return folder


def test_what_was_spent_is_shown_by_model_and_node(paid: Path) -> None:
    console = Console(file=io.StringIO(), width=150, markup=False, record=True)
    print_audit(audit_of(paid), console)
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["model", "openai:m", "2", "1000", "200", "0.125", "0.0"] in lines
    assert ["node", "coder", "2", "1000", "200", "0.125", "0.0"] in lines
    assert ["model", "unknown", "3", "0", "0", "0.25", "0.0"] in lines


def test_a_raised_cap_and_what_was_in_flight_are_said(paid: Path) -> None:
    told = findings(audit_of(paid))
    assert told[0].endswith("set that of account from 1.00 to 2.00 USD")
    assert told[1].startswith("in flight when it stopped: entry ")
    assert told[1].endswith("counts in full, 0.05 USD for in flight")
    assert told[2].endswith("in account/branch:loop counts in full, 0.10 USD for a candidate")
    assert len(told) == 4, "a request that timed out was not in flight then"


def test_the_bill_as_json(paid: Path) -> None:
    plain = json.loads(json.dumps(audit_json(audit_of(paid))))
    assert plain["by_model"]["openai:m"] == {
        "spent_usd": "0.125",
        "spent_tokens": 0,
        "spent_seconds": 0.0,
        "forfeited_usd": "0.10",
        "forfeited_tokens": 0,
        "forfeited_seconds": 0.0,
        "calls": 2,
        "input_tokens": 1000,
        "cache_read_tokens": 600,
        "cache_write_tokens": 0,
        "output_tokens": 200,
        "reasoning_tokens": 0,
    }
    assert set(plain["by_node"]) == {"coder", "unknown"}
    (change,) = plain["cap_changes"]
    assert (change["scope"], change["before_usd"], change["after_usd"]) == (
        "account",
        "1.00",
        "2.00",
    )
    assert plain["scopes"][0]["cap_usd"] == "2.00"


def test_a_breach_is_said(folder: Path) -> None:
    ledger = Ledger.open(folder / "ledger.sqlite")
    dear = ledger.reserve("account", 10**7, what="an honest bound")
    ledger.settle(dear.id, 3 * 10**9, detail={})
    audit = audit_of(folder)
    findings = audit_json(audit)["findings"]
    assert findings[0].startswith("breach: ")
    assert "3.00 USD where 0.01 USD were reserved" in findings[0]
    assert audit_json(audit)["over_cap"] == ["account"]
    (breach,) = audit_json(audit)["breaches"]
    assert (breach["reserved_usd"], breach["settled_usd"]) == ("0.01", "3.00")


def test_the_command_is_quick_to_say_where_there_is_no_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(FolderError):
        audit_of(tmp_path)
    assert run(["ledger", str(tmp_path)]) == 2
    assert "there is no account in" in capsys.readouterr().err


def test_the_command_gives_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert run(["ledger", str(folder)]) == 0
    assert "in flight" in capsys.readouterr().out


def test_the_name_of_a_model_is_no_emoji(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger.open(folder / "ledger.sqlite")
    ledger.reserve("account", 0, what="openai:m: coder, step 1")
    assert run(["ledger", str(folder)]) == 0
    assert "openai:m: coder, step 1" in capsys.readouterr().out


def test_a_file_that_is_no_account_is_a_bad_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ledger.sqlite").write_text("nothing of the kind, but long enough " * 9)
    assert run(["ledger", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
