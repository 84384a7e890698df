"""Which of two versions is preferred, and the rows that trainers read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from parallel_agent.chat.messages import ChatReply
from parallel_agent.proposers.reply import read_answer
from parallel_agent.report.pairs import Pair
from parallel_agent.settings import SettingsError
from parallel_agent.training.exporting import exported
from parallel_agent.training.preference import preferences, read_rows, reason_against
from parallel_agent.training.standings import RankedKernel, Standing, as_it_was
from report_samples import BEST, CONTRACT, ORIGINAL, outcome, write_run

PAIR = Pair(
    src_code=ORIGINAL,
    tgt_code=ORIGINAL,
    kernel="damp",
    category="",
    speedup=1.0,
    interval=(1.0, 1.0),
    confirmed=False,
    threads=2,
    compiler="g++ 14.2",
    flags=("-O3",),
    proposer="rules",
    strategy="parallel_loop",
    contract=CONTRACT,
    gates=(),
    licence="",
)


def standing(outcome: Any, low: float = 0.0, high: float = 0.0, noise: float = 0.02) -> Standing:
    """A version with a text of its own; the speedup is in the middle of the interval."""
    text = f"{ORIGINAL}int {outcome.replace(' ', '_')}_{low * 1000:.0f};\n"
    pair = PAIR.model_copy(update={"tgt_code": text})
    if not high:
        return Standing(pair, outcome, noise=noise, gate="a gate", detail="what it said")
    return Standing(pair, outcome, (low * high) ** 0.5, (low, high), noise)


FAST = standing("faster", 3.0, 3.2)


@pytest.mark.parametrize(
    ("rejected", "reason"),
    [
        (standing("wrong"), "wrong"),
        (standing("racy"), "racy"),
        (standing("forbidden"), "forbidden"),
        (standing("does not compile"), "does not compile"),
        (standing("slower", 5.0, 6.0), "slower"),
        (standing("slower"), "slower"),
        (standing("faster", 2.0, 2.2), "less fast"),
        (standing("unproved", 2.0, 2.2), "less fast"),
        (standing("unchanged", 0.99, 1.01), "unchanged"),
        (as_it_was(PAIR), "unchanged"),
        (standing("faster", 2.5, 3.1), None),
        (standing("faster", 2.5, 2.95), None),  # apart, by less than the noise
        (standing("faster", 2.0, 2.2, noise=0.5), None),
        (standing("unproved", 4.0, 4.2), None),
        (standing("unchanged"), None),
    ],
    ids=lambda value: value.outcome if isinstance(value, Standing) else str(value),
)
def test_the_reason_against(rejected: Standing, reason: str | None) -> None:
    assert reason_against(FAST, rejected) == reason


@pytest.mark.parametrize("outcome", ["unproved", "unchanged", "slower", "wrong"])
def test_nothing_but_a_verified_faster_version_is_chosen(outcome: str) -> None:
    assert reason_against(standing(outcome, 8.0, 9.0), as_it_was(PAIR)) is None


def test_all_reasons_have_their_turn_and_margins_are_positive() -> None:
    fast = [standing("faster", 2.0 + n, 2.1 + n) for n in range(6)]
    rest = [standing("wrong"), standing("slower", 0.5, 0.6), as_it_was(PAIR)]
    found = preferences(RankedKernel(PAIR, (*fast, *rest)), most=4)
    assert {reason for _, _, reason in found} == {"less fast", "wrong", "slower", "unchanged"}
    everything = preferences(RankedKernel(PAIR, (*fast, *rest)), most=1000)
    assert len(everything) == 15 + 3 * 6
    for chosen, rejected, _ in everything:
        assert chosen.name != rejected.name and chosen.counted > rejected.counted


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stored") / "run"
    return write_run(place, outcome(place))


def rows(name: str, run: Path, **more: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(name, [run], "MIT", **more).lines]


def read(message: dict[str, str]) -> str:
    """The file that the coder reads out of an answer."""
    assert message["role"] == "assistant"
    reply = ChatReply(text=message["content"], usage=None)
    return read_answer(reply, "damp", ORIGINAL).source


def test_rows_for_dpo(run: Path) -> None:
    found = rows("dpo", run)
    assert [row["reason"] for row in found] == ["unchanged", "wrong"]
    for row in found:
        assert [message["role"] for message in row["prompt"]] == ["system", "user"]
        assert ORIGINAL.strip() in row["prompt"][1]["content"]
        assert "Choose what gains most." in row["prompt"][1]["content"]
        assert read(row["chosen"][0]) == BEST and read(row["rejected"][0]) != BEST
        assert row["margin"] == pytest.approx(math.log(1.9)) and row["licence"] == "MIT"
    assert found[1]["detail"].startswith("level[3]") and found[1]["rejected_speedup"] is None
    assert len(rows("dpo", run, per_kernel=1)) == 1


def test_rows_for_kto(run: Path) -> None:
    labels = {read(row["completion"][0]): row["label"] for row in rows("kto", run)}
    assert labels == {BEST: True, ORIGINAL: False, ORIGINAL.replace("*=", "+="): False}


def test_rows_for_sft_and_grpo(run: Path) -> None:
    [answer] = rows("sft", run)
    assert read(answer["completion"][0]) == BEST and answer["speedup"] == 1.9
    [prompt] = rows("grpo", run)
    assert (prompt["src_code"], prompt["kernel"]) == (ORIGINAL, "damp")
    assert prompt["contract"].startswith("kernel = ")
    assert prompt["prompt"] == rows("dpo", run)[0]["prompt"]


def test_a_file_of_pairs_gives_the_same_as_its_run(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(exported("jsonl", [run], "MIT").lines), encoding="utf-8")
    for name in ("sft", "grpo"):
        assert rows(name, file) == rows(name, run)
    [chosen] = rows("dpo", file)  # wrong versions are in no pair
    assert chosen == {**rows("dpo", run)[0], "rejected_strategy": ""}
    assert [row["label"] for row in rows("kto", file)] == [True, False]


def test_what_cannot_be_a_prompt_is_counted(run: Path, tmp_path: Path) -> None:
    long = write_run(tmp_path / "long", outcome(tmp_path / "long"))
    (long / "original.cpp").write_text(ORIGINAL + "// long\n" * 9000, encoding="utf-8")
    found = exported("dpo", [long])
    assert not found.lines
    assert found.summary.startswith("0 preferences; 1 left out: damp: the file has")


def test_rows_are_read_back(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    with pytest.raises(SettingsError, match="cannot be read"):
        read_rows(file)
    file.write_text("")
    with pytest.raises(SettingsError, match="there is nothing in"):
        read_rows(file)
    file.write_text("".join(exported("grpo", [run]).lines), encoding="utf-8")
    assert [row["kernel"] for row in read_rows(file)] == ["damp"]
