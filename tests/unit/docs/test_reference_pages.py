"""The pages written by hand name everything that the code has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from parallel_agent.agent.events import Kind
from parallel_agent.kernel.contract import (
    Comparison,
    Contract,
    Dimension,
    ParameterContract,
    Values,
)
from parallel_agent.verification.duplicate import DuplicateGate
from parallel_agent.verification.pipeline import all_gates

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_event(kind: str) -> None:
    assert f"`{kind}`" in text("reference/events.md")


@pytest.mark.parametrize("model", [Contract, Dimension, ParameterContract, Values, Comparison])
def test_every_key_of_a_contract(model: type[BaseModel]) -> None:
    page = text("reference/contract.md")
    names = [name for name in model.model_fields if not re.search(rf"\b{name}\b", page)]
    assert names == []


def test_every_gate() -> None:
    rows = re.findall(r"^\| ([a-z ]+?) \|", text("explanation/gates.md"), re.MULTILINE)
    gates = all_gates(built=(DuplicateGate(lambda key: "", ""),))
    assert rows == ["gate", *(gate.name for gate in gates), "timing"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    found = re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link for link in found if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_contracts_shown_in_the_docs_are_contracts() -> None:
    shown = re.findall(r"```toml\n(kernel.*?)```", text("how-to/contract.md"), re.DOTALL)
    assert [Contract.from_toml(example).kernel for example in shown] == ["scatter", "rankHits"]
