"""What is offered to the policy, and what a run remembers of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agent.agent.billing import answers
from parallel_agent.agent.costs import cost_of_record, expected_answer
from parallel_agent.agent.known import known_of, parents, trial_of
from parallel_agent.agent.models import fitting_output, pays_for_itself
from parallel_agent.agent.state import CandidateRecord, Move
from parallel_agent.budget.amount import NOTHING, Amount, Cap
from parallel_agent.budget.prices import given_price
from parallel_agent.chat.messages import ChatRequest, Message

PRICE = given_price("m", "1,4")
REQUEST = ChatRequest(messages=(Message(role="user", content="x" * 1000),), max_output_tokens=1024)


def move(parent: str = "original") -> Move:
    return Move(
        branch="simd-1", strategy="simd", variant="", proposer="m", parent=parent, options={}
    )


def record(name: str, **known: Any) -> CandidateRecord:
    plain = CandidateRecord(
        id=name, branch="simd-1", step=1, strategy="simd", variant="", proposer="m",
        parent="original", accepted=True, better=False, failed_gate="", detail="",
    )  # fmt: skip
    return {**plain, **known}  # type: ignore[typeddict-item]


def bound(tokens: int) -> int:
    return PRICE.upper_bound(REQUEST.prompt_bytes, 1, tokens)


@pytest.mark.parametrize(
    ("available", "tokens"),
    [(bound(1024), 1024), (bound(1024) - 1, 512), (bound(256), 256), (bound(64) - 1, 0), (0, 0)],
)
def test_the_output_cap_is_halved_until_it_fits(available: int, tokens: int) -> None:
    assert fitting_output(PRICE, REQUEST, Cap(available), least=64) == tokens


def test_a_free_model_has_all_of_its_output_without_money() -> None:
    assert fitting_output(given_price("m", "free"), REQUEST, Cap(0), least=64) == 1024


def test_advice_pays_for_itself_up_to_its_share() -> None:
    assert pays_for_itself(15, 100)
    assert not pays_for_itself(16, 100)
    assert pays_for_itself(0, 0)


def test_a_longer_source_is_expected_to_cost_more() -> None:
    longer, shorter = (expected_answer(PRICE, 5000, source) for source in (2000, 1000))
    assert len(longer.above(shorter)) == len(shorter.above(NOTHING)) == 3


def test_a_trial_counts_as_faster_only_if_it_is_better_at_every_size() -> None:
    slower_somewhere = record("a", speedup=3.0, better=False)
    better = record("b", speedup=3.0, better=True)
    rejected = record("c", speedup=3.0, accepted=False)

    speedups = [
        trial_of(move(), each, step=1, cost=Amount(7))["speedup"]
        for each in (slower_somewhere, better, rejected)
    ]

    assert speedups == [1.0, 3.0, 1.0]


def test_a_step_from_a_candidate_is_a_refinement() -> None:
    assert trial_of(move(), None, step=1, cost=NOTHING)["action"] == "new"
    assert trial_of(move(), None, step=2, cost=NOTHING)["action"] == "refine"
    assert trial_of(move("a"), None, step=1, cost=NOTHING)["action"] == "refine"


def test_the_best_and_the_last_rejected_may_be_worked_on() -> None:
    records = [
        record("slow", speedup=1.2, better=True),
        record("fast", speedup=2.0, better=True),
        record("wrong", accepted=False, failed_gate="differential"),
        record("same", accepted=False, failed_gate="duplicate"),
        record("by-rule", accepted=False, failed_gate="races", proposer="rules"),
    ]

    assert [each["id"] for each in parents(records)] == ["fast", "slow", "wrong"]


def test_a_branch_is_told_of_the_best_and_of_what_went_wrong() -> None:
    candidates = {
        "a": record("a", speedup=2.0, better=True),
        "b": record("b", accepted=False, failed_gate="races", detail="a race in line 7"),
    }

    known = known_of(candidates, [])

    assert (known["best"], known["best_speedup"]) == ("a", 2.0)
    assert known["lessons"][1].endswith("rejected by the gate 'races': a race in line 7")


def test_every_answer_says_what_became_of_it_and_what_it_cost() -> None:
    candidates = {"a": record("a", speedup=2.0, better=True)}
    trials = [
        trial_of(move(), candidates["a"], step=1, cost=Amount(1_500_000, 2100, 3400)),
        trial_of(move(), None, step=1, cost=NOTHING, failure="refused"),
    ]

    told = answers(trials, candidates)

    assert [(answer.result, answer.cost_usd) for answer in told] == [
        ("2.00 times as fast", "0.0015"),
        ("the model refused", "0.00"),
    ]
    assert (told[0].tokens, told[0].seconds) == (2100, 3.4)
    assert cost_of_record(trials[0]) == Amount(1_500_000, 2100, 3400)


def test_what_is_capped_decides_how_long_an_answer_may_be() -> None:
    prompt = 1000 + 16 + 256
    free = given_price("m", "free")
    assert fitting_output(free, REQUEST, Cap(0, prompt + 600), least=64) == 512
    assert fitting_output(free, REQUEST, Cap(0, prompt + 63), least=64) == 0
    assert fitting_output(free, REQUEST, Cap(0, None, 1999), least=64) == 0, "no time to answer"


def test_a_trial_of_an_older_run_cost_money_alone() -> None:
    old = trial_of(move(), None, step=1, cost=Amount(5, 6, 7))
    del old["tokens"], old["milliseconds"]
    assert cost_of_record(old) == Amount(5)
