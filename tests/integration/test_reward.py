"""Rewards from real gates: what takes no timing. The rest is in tests/finetune."""

from __future__ import annotations

import json
from pathlib import Path

from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.training.reward import STEPS, Reward
from reward_answers import CONTRACT, KERNEL, NAME, RENAMED_COPY, WRONG


def test_answers_are_judged_side_by_side_and_a_kernel_without_a_contract_gives_none(
    tmp_path: Path,
) -> None:
    log = tmp_path / "verdicts.jsonl"
    unfit = "void fill(double* x, int n, void (*next)(int)) { for (;;) next(n); }\n"
    required = RaceDetector.find() is not None
    with Reward(log=log, threads=2, require_race_check=required) as reward:
        completions = [RENAMED_COPY, WRONG, WRONG, f"```cpp\n{unfit}// more\n```"]
        values = reward(
            prompts=[""] * 4,
            completions=completions,
            src_code=[*[KERNEL] * 3, unfit],
            contract=[*[CONTRACT] * 3, ""],
            kernel=[*[NAME] * 3, "fill"],
        )
    assert values == [STEPS["unchanged"], STEPS["wrong"], STEPS["wrong"], None]
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    gates = {line["outcome"]: line["gate"] for line in lines if "outcome" in line}
    assert gates == {"unchanged": "duplicate", "wrong": "differential"}
    [unfit_line] = [line for line in lines if "kernel_error" in line]
    assert unfit_line["kernel"] == "fill"
