"""Run made-to-measure trials of the campaign with and without a defence, for test_fault_campaign.py.

Prints one JSON object: the plan's name, and for each defence switched off in it (none: "") the
result of the trial.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from campaign.defences import DEFENCES
from campaign.plan import Plan
from fault_campaign import run_trials
from parallel_agent.budget.ledger import Ledger

GOOD = dataclasses.replace(
    Plan.draw("made-to-measure", 3),
    timeout=20.0,
    calls=2,
    threads=1,
    bytes_per_token=1,
    padding=100,
    max_output_tokens=18,
    fill=3.0,
    branch_share=0.0,
    rates={},
    kills=(),
    forfeits_at_once=True,
    token_fill=None,
    time_fill=None,
)
LATE = {"late;seconds=1.6": 1.0}
TRIALS = {
    "good answers": (GOOD, ["journal", "journal-writes", "whole-prices", "tokens", "time"]),
    "answers lost": (
        dataclasses.replace(GOOD, rates={"hang-up-billed": 1.0}),
        ["forfeits"],
    ),
    "killed while it waits": (
        dataclasses.replace(GOOD, calls=1, rates=LATE, kills=((0, 1.2), (1, 1.2), (2, 1.2))),
        ["forfeits-of-the-killed"],
    ),
    "money for one call": (
        dataclasses.replace(GOOD, fill=0.2),
        ["reservations", "one-transaction"],
    ),
    "time for one call": (
        dataclasses.replace(GOOD, timeout=1.0, rates={"slow;seconds=0.4": 1.0}, time_fill=0.2),
        [],
    ),
    "tokens for one call": (dataclasses.replace(GOOD, token_fill=0.2), []),
    "output beyond the cap": (
        dataclasses.replace(GOOD, price="0.1,100", rates={"over-cap": 1.0}),
        [],
    ),
}


def main() -> None:
    tried = [(name, defence) for name, (_, own) in TRIALS.items() for defence in ["", *own]]
    plans = [(TRIALS[name][0], DEFENCES.get(defence, Ledger)) for name, defence in tried]
    found: dict[str, dict[str, Any]] = {name: {} for name in TRIALS}
    with tempfile.TemporaryDirectory() as scratch:
        for (name, defence), result in zip(tried, run_trials(plans, Path(scratch)), strict=True):
            found[name][defence] = dataclasses.asdict(result)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
