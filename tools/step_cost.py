"""What the orchestration itself takes: CPU time of our own process for one step of a chat model.

``python tools/step_cost.py [--answers N] [--json]`` optimizes a small kernel with recorded answers,
one branch at a time, and reads the clock of this process (all of its threads, no compiler and no
kernel: these are other processes) at every event. A step is from a request to the next. Printed are
means in milliseconds: of the gates, which parse the candidate, draw inputs and compare results in this
process; of the timing, which draws and compares as well; and of the orchestration, all the rest: the
graph with its checkpoints, the policy, the prompts, the journal and the ledger, the events.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from parallel_agent import optimize
from parallel_agent.agent.events import Event
from running_sums import KERNEL

BROKEN = KERNEL.replace("long long sum = 0;", "long long sum = nothing{number};")
RIGHT = KERNEL.replace(
    "    sums.clear();\n", "    sums.clear();\n    sums.reserve(x.size() + {number});\n"
)


class Clock:
    """Listens to a run and sums up the CPU time of this process by step, and by kind of event."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.kinds: dict[str, list[float]] = defaultdict(list)
        self._began: float | None = None
        self._last = time.process_time()

    def __call__(self, event: Event) -> None:
        """Take the time since the event before."""
        now = time.process_time()
        if self._began is not None:
            self.kinds[event.kind].append(now - self._last)
        if event.kind in ("call", "finished"):
            if self._began is not None:
                self.steps.append(now - self._began)
            self._began = now
        self._last = time.process_time()


def main() -> None:
    """Run it and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=12, metavar="N")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="step-cost-") as scratch:
        kernel, answers = Path(scratch, "kernel.cpp"), Path(scratch, "answers.jsonl")
        kernel.write_text(KERNEL, encoding="utf-8")
        lines = [_line(number) for number in range(given.answers)]
        answers.write_text("\n".join(lines) + "\n", encoding="utf-8")
        optimize(
            kernel,
            out=Path(scratch, "run"),
            model=(f"replay:{answers}",),
            effort="quick",
            size=("64", "1000"),
            policy="best_of_n",
            answers=given.answers,
            branches=1,
            max_steps=1,
            threads=2,
            listener=clock,
        )
    print(json.dumps(_summary(clock)) if given.json else _text(_summary(clock)))


def _line(number: int) -> str:
    """Every other answer does not compile; no two are the same."""
    source = (BROKEN if number % 2 else RIGHT).replace("{number}", str(number))
    match = {"key": f"*-{number + 1}/coder/*"}
    return json.dumps({"text": f"```cpp\n{source}```", "match": match})


def _summary(clock: Clock) -> dict[str, float]:
    """Means over all steps: what ends in the event of a gate or a profile was the work for it."""
    spent = {kind: 1e3 * sum(values) for kind, values in clock.kinds.items()}
    checking, timing = spent.pop("gate", 0.0), spent.pop("profile", 0.0)
    parts = {"orchestration": sum(spent.values()), "gates": checking, "timing": timing}
    return {"steps": len(clock.steps)} | {
        f"{name}_ms": total / max(1, len(clock.steps)) for name, total in parts.items()
    }


def _text(summary: dict[str, float]) -> str:
    return "\n".join(f"{name}: {value:.1f}" for name, value in summary.items())


if __name__ == "__main__":
    main()
