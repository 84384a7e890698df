"""Each kind of answer gets its step of the reward, from real gates and a real clock."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

import reward_answers as answers
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.training.reward import MOST, STEPS, Reward, score

pytestmark = [
    pytest.mark.skipif(RaceDetector.find() is None, reason="no race detector"),
    pytest.mark.timeout(600),
]
EXPECTED = {
    "RIGHT": "faster",
    "RENAMED_RIGHT": "faster",
    "COPY": "unchanged",
    "RENAMED_COPY": "unchanged",
    "SLOWER": "slower",
    "RACY": "racy",
    "WRONG": "wrong",
    "BROKEN": "does not compile",
    "FORBIDDEN": "forbidden",
    "NO_CODE": "no answer",
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The line of the log for each answer, all of them asked for at once."""
    log = tmp_path_factory.mktemp("reward") / "verdicts.jsonl"
    texts = {name: getattr(answers, name) for name in EXPECTED}
    count = len(texts)
    with Reward(log=log, threads=2) as reward:
        values = reward(
            prompts=[""] * count,
            completions=[[{"role": "assistant", "content": text}] for text in texts.values()],
            src_code=[answers.KERNEL] * count,
            contract=[answers.CONTRACT] * count,
            kernel=[answers.NAME] * count,
        )
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    told = {line["text"]: line for line in lines}
    assert len(told) == count
    assert values == [told[text]["reward"] for text in texts.values()]
    return {name: told[text] for name, text in texts.items()}


@pytest.mark.parametrize(("name", "outcome"), EXPECTED.items())
def test_each_answer_gets_its_step(
    name: str, outcome: str, judged: dict[str, dict[str, Any]]
) -> None:
    line = judged[name]
    assert line["outcome"] == outcome, line
    if outcome == "faster":
        assert line["reward"] == min(MOST, math.log(line["speedup"])) > 1.0
        assert line["interval"][0] > 1.0
    else:
        assert line["reward"] == STEPS[outcome]


def test_another_text_with_the_same_machine_code_is_not_timed_again(
    judged: dict[str, dict[str, Any]],
) -> None:
    first, second = judged["RIGHT"], judged["RENAMED_RIGHT"]
    assert first["answer"] != second["answer"]
    for what in ("reward", "speedup", "interval"):
        assert first[what] == second[what]


def test_an_answer_that_never_ends_costs_its_time_and_no_more() -> None:
    with Reward(threads=2, seconds=15.0) as reward:
        found = reward.judge(
            answers.KERNEL, answers.ENDLESS, contract=answers.CONTRACT, kernel=answers.NAME
        )
    assert (found.outcome, found.detail) == ("timeout", "not judged within 15 s")


def test_without_a_trainer() -> None:
    value = score(
        answers.KERNEL, answers.RIGHT, contract=answers.CONTRACT, kernel=answers.NAME, threads=2
    )
    assert value > 1.0
