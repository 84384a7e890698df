"""How the best candidate came about, step by step."""

from __future__ import annotations

from typing import Any

from parallel_agent.agent.outcome import ChainStep
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.agent.winning import chain_steps

FUSED = {"strategy": "fuse_passes", "variant": "contract", "tuning": {}}
REDUCED = {"strategy": "reduction", "variant": "dynamic", "tuning": {"chunk": 8}}


def record(chain: list[dict[str, Any]], speedup: float, **fields: Any) -> CandidateRecord:
    given = {"chain": chain, "speedup": speedup, "failed_gate": "", "options": {}, **fields}
    return CandidateRecord(**given)  # type: ignore[typeddict-item]


def test_every_strategy_and_every_choice_at_run_time_is_a_step_with_what_it_reached() -> None:
    options = {"guard": "n >= 99", "isa": "avx2", "if_clause": ""}
    winner = record([FUSED, REDUCED], 9.0, options=options)
    seen = [
        record([FUSED], 1.5),
        record([REDUCED], 7.0),
        record([FUSED, REDUCED], 4.0, options={"guard": "", "isa": ""}),
        winner,
    ]
    assert chain_steps(winner, seen) == (
        ChainStep(name="fuse_passes contract", speedup=1.5),
        ChainStep(name="reduction dynamic (chunk 8)", speedup=4.0),
        ChainStep(name="the original unless n >= 99", speedup=None),
        ChainStep(name="a second build for avx2", speedup=9.0),
    )


def test_what_a_gate_turned_away_reached_nothing() -> None:
    winner = record([FUSED, REDUCED], 4.0)
    seen = [record([FUSED], 3.0, failed_gate="differential"), winner]
    assert chain_steps(winner, seen)[0].speedup is None


def test_what_a_model_wrote_has_no_steps() -> None:
    assert chain_steps(CandidateRecord(id="a", options={}), []) == ()
