"""An account that most of these tests write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.budget.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A fresh one, with a cap of 100 nano-dollars."""
    return Ledger.create(tmp_path / "ledger.sqlite", 100)
