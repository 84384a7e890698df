"""Pairs generated for real, by a process that is killed in the middle."""

import json
import signal
import subprocess
import sys
import time

import pytest

from parallel_agent.cli import run
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.training.data.near import NearSuite
from parallel_agent.training.data.store import read_pairs, read_tried

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(RaceDetector.find() is None, reason="no pair without a race detector"),
]

MAIN = "from parallel_agent.cli import main; main()"


def test_a_killed_generation_goes_on_and_repeats_nothing(tmp_path, capsys):
    folder = tmp_path / "pairs"
    command = ["data", "generate", str(folder), "--count", "3", "--seed", "11", "--quiet"]
    started = subprocess.Popen([sys.executable, "-c", MAIN, *command])
    deadline = time.monotonic() + 900
    while not (folder / "tried.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    started.send_signal(signal.SIGKILL)
    started.wait()
    before = (folder / "tried.jsonl").read_text()
    assert before.endswith("\n")
    assert run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    tried = read_tried(folder)
    assert found["pairs"] >= 3
    assert (folder / "tried.jsonl").read_text().startswith(before)
    assert len({one.index for one in tried}) == len(tried)
    pairs = list(read_pairs(folder))
    assert len(pairs) == sum(one.pairs for one in tried)
    for pair in pairs:
        assert pair.interval[0] > 1.0
        assert {"differential", "sanitizers", "races", "timing size", "repetition"} <= set(
            pair.gates
        )
        assert NearSuite([("self", pair.src_code)]).of(pair.src_code) is not None
    assert len({pair.tgt_code for pair in pairs}) == len(pairs)
