from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from parallel_agent.agent.run_folder import FolderError
from parallel_agent.budget.ledger import Ledger
from parallel_agent.cli import run
from parallel_agent.report.account import audit_json, audit_of, print_audit


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
    assert ["account", "0.10", "0.10", "0.05", "1.00"] in lines
    assert ["account/branch:loop", "0.10", "0.10", "0.00", "0.50"] in lines
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
    assert plain["scopes"][0] == {
        "scope": "account",
        "cap_usd": "1.00",
        "settled_usd": "0.10",
        "forfeited_usd": "0.10",
        "reserved_usd": "0.05",
        "spent_usd": "0.20",
        "available_usd": "0.75",
    }


def test_a_breach_is_said(folder: Path) -> None:
    ledger = Ledger.open(folder / "ledger.sqlite")
    dear = ledger.reserve("account", 10**7, what="an honest bound")
    ledger.settle(dear.id, 3 * 10**9, detail={})
    audit = audit_of(folder)
    findings = audit_json(audit)["findings"]
    assert findings[0].startswith("breach: ")
    assert "3.00 USD where 0.01 USD were reserved" in findings[0]
    assert audit_json(audit)["over_cap"] == ["account"]


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


def test_a_file_that_is_no_account_is_a_bad_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ledger.sqlite").write_text("nothing of the kind, but long enough " * 9)
    assert run(["ledger", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
