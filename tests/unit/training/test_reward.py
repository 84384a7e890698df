"""The reward's formula, and its shape; what takes a compiler is tested elsewhere."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, get_args

import pytest

from parallel_agent.settings import SettingsError
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.training.judging import Judged, Outcome, outcome_of_gate
from parallel_agent.training.reward import MOST, STEPS, Reward, text_of, value_of
from parallel_agent.verification.pipeline import all_gates

SOURCE = "void scale(double* x, int n) { for (int i = 0; i < n; ++i) x[i] *= 2; }\n"


def faster(speedup: float) -> float:
    return value_of(Judged(outcome="faster", speedup=speedup, interval=(speedup, speedup)))


def test_the_formula() -> None:
    assert faster(2.0) == pytest.approx(math.log(2.0))
    assert faster(8.0) == pytest.approx(3 * faster(2.0))
    assert faster(1e9) == MOST
    assert set(STEPS) == set(get_args(Outcome)) - {"faster"}
    for outcome, step in STEPS.items():
        assert value_of(Judged(outcome=outcome, speedup=100.0)) == step
        assert -1.0 <= step <= 0.0 < faster(1.05)


def test_steps_go_up_as_an_answer_comes_nearer_to_one_that_counts() -> None:
    order: list[Outcome] = ["no answer", "does not compile", "wrong", "racy", "slower", "unchanged"]
    values = [STEPS[outcome] for outcome in order]
    assert values == sorted(set(values)) and values[-1] == 0.0
    assert STEPS["forbidden"] == STEPS["no answer"]


def test_what_any_gate_turns_away_is_below_zero() -> None:
    names = [gate.name for gate in all_gates()]
    assert {outcome_of_gate(name) for name in names} == {
        "forbidden",
        "does not compile",
        "wrong",
        "racy",
    }
    assert all(STEPS[outcome_of_gate(name)] < 0 for name in (*names, "timing", "project_test"))
    assert outcome_of_gate("forbidden", diagnosed=True) == "does not compile"


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        ("plain", "plain"),
        ([{"role": "assistant", "content": "said"}], "said"),
        ([{"content": "said"}], "said"),
        ([{"role": "assistant", "content": "one"}, {"role": "tool", "content": "x"}], "one"),
        ([{"role": "assistant", "content": None}], ""),
        ([], ""),
    ],
)
def test_the_text_of_a_completion(completion: Any, text: str) -> None:
    assert text_of(completion) == text


def lenient(**more: Any) -> Reward:
    return Reward(require_race_check=RaceDetector.find() is not None, **more)


def test_data_without_kernels_is_refused() -> None:
    with lenient() as reward, pytest.raises(SettingsError, match="no column src_code"):
        reward(["p"], ["c"])


def test_answers_that_cannot_be_read_open_no_kernel(tmp_path: Path) -> None:
    told: dict[str, Any] = {}
    log = tmp_path / "verdicts.jsonl"
    with lenient(log=log) as reward:
        values = reward(
            prompts=[[]] * 2,
            completions=[[{"role": "assistant", "content": "no"}], "```cpp\nint other();\n```"],
            completion_ids=[[1], [2]],
            src_code=[SOURCE] * 2,
            kernel=["scale"] * 2,
            trainer_state=None,
            log_extra=told.__setitem__,
            log_metric=told.__setitem__,
        )
    assert values == [STEPS["no answer"]] * 2
    assert told == {"outcome": ["no answer"] * 2, "faster": 0.0, "verified": 0.0}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {line["text"] for line in lines} == {"no", "```cpp\nint other();\n```"}
    assert all(line["reward"] == -1.0 and line["kernel"] == "scale" for line in lines)


def test_a_copy_is_worth_nothing_and_opens_no_kernel() -> None:
    with lenient() as reward:
        assert reward.score(SOURCE, f"Kept.\n```cpp\n{SOURCE}```\n", kernel="scale") == 0.0


@pytest.mark.parametrize(
    "settings",
    [{"seconds": 0}, {"threads": 0}, {"seconds": math.nan}, {"log": "/nowhere/verdicts.jsonl"}],
)
def test_settings_are_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        lenient(**settings)
