"""How fast candidates are judged, and where the time goes, stage by stage.

``python tools/loop_speed.py [FILE...] [--candidates 3] [--threads 2] [--json]`` takes kernels (those of
the bundled suite, or the given files), writes the first candidates of the built-in proposer for each, and
puts them through all gates as a run does, without timing any. Printed are candidates judged per minute
and for each stage the mean seconds by the clock and of this process's own CPU, compilers and kernels not
among it: these are other processes. ``opening`` is what comes before the first candidate: reading the
original, finding its contract, building it, calibrating. Headers are precompiled beforehand, as they are
in every run but the first ones.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from parallel_agent import load_settings
from parallel_agent.agent.reviewer import Reviewer
from parallel_agent.proposers.rules import registry
from parallel_agent.proposers.rules.strategy import Options
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.verification.gate import Examination
from parallel_agent.verification.pipeline import all_gates, examine

OPENING, WRITING = "opening", "writing"


@dataclass
class Clock:
    """Sums of seconds by stage, by the clock and of this process's CPU time."""

    wall: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    own: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _last: tuple[float, float] = field(default_factory=lambda: (0.0, 0.0))

    def start(self) -> None:
        """Count from now."""
        self._last = (time.perf_counter(), time.process_time())

    def take(self, stage: str) -> None:
        """Give the time since the last call to a stage."""
        now = (time.perf_counter(), time.process_time())
        self.wall[stage].append(now[0] - self._last[0])
        self.own[stage].append(now[1] - self._last[1])
        self._last = now


def main() -> None:
    """Judge candidates of every kernel and print where the time went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="the bundled suite's")
    parser.add_argument("--candidates", type=int, default=3, metavar="N", help="of each; default 3")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default 2")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    missing = [str(file) for file in given.files if not file.is_file()]
    if missing:
        parser.error(f"there is no file {', '.join(missing)}")
    clock, accepted, judged = Clock(), 0, 0
    for file in given.files or _bundled():
        verdicts = _judged(file, given.candidates, given.threads, clock)
        judged, accepted = judged + len(verdicts), accepted + sum(verdicts)
    summary = _summary(clock, judged, accepted)
    print(json.dumps(summary) if given.json else _text(summary))


def _bundled() -> list[Path]:
    suite = resources.files("parallel_agent.suites") / "bundled"
    return sorted(Path(str(suite)).glob("*/*.cpp"))


def _judged(file: Path, most: int, threads: int, clock: Clock) -> list[bool]:
    """Whether each of the first candidates for a kernel passed all gates."""
    settings, verdicts = load_settings(threads=threads), []
    with tempfile.TemporaryDirectory(prefix="loop-speed-") as scratch:
        clock.start()
        source = file.read_text(encoding="utf-8")
        with Reviewer(source, settings, Path(scratch), lambda event: None) as reviewer:
            parsed, reference = reviewer.parsed, reviewer.reference
            clock.take(OPENING)
            for number, (strategy, variant) in enumerate(registry.moves(parsed)[:most]):
                proposal = registry.write(parsed, strategy, Options(variant=variant))
                clock.take(WRITING)
                examination = Examination(
                    kernel=parsed.kernel,
                    source=proposal.source,
                    reference=reference,
                    compiler=Compiler.find(settings.cxx, settings.cxxflags),
                    directory=Path(scratch, f"candidate-{number}"),
                    threads=threads,
                )
                verdict = examine(examination, all_gates(), lambda gate: clock.take(gate.name))
                verdicts.append(verdict.accepted)
    return verdicts


def _summary(clock: Clock, judged: int, accepted: int) -> dict[str, object]:
    kernels = len(clock.wall[OPENING])
    spent = sum(sum(values) for stage, values in clock.wall.items() if stage != OPENING)
    total = sum(map(sum, clock.wall.values()))
    own = sum(map(sum, clock.own.values()))
    return {
        "kernels": kernels,
        "candidates": judged,
        "accepted": accepted,
        "candidates_per_minute": 60 * judged / spent if spent else 0.0,
        "own_cpu_share": own / total if total else 0.0,
        "stages": {
            stage: {
                "times": len(values),
                "wall_seconds": sum(values) / len(values),
                "own_cpu_seconds": sum(clock.own[stage]) / len(values),
            }
            for stage, values in clock.wall.items()
        },
    }


def _text(summary: dict[str, object]) -> str:
    lines = [f"{'stage':14}{'times':>6}{'wall s':>9}{'own CPU s':>11}"]
    stages = summary["stages"]
    assert isinstance(stages, dict)
    for stage, row in stages.items():
        wall, own = row["wall_seconds"], row["own_cpu_seconds"]
        lines.append(f"{stage:14}{row['times']:6}{wall:9.2f}{own:11.2f}")
    lines += [
        "",
        f"{summary['candidates']} candidates of {summary['kernels']} kernels, "
        f"{summary['accepted']} accepted",
        f"{summary['candidates_per_minute']:.1f} candidates judged per minute, without the openings",
        f"own CPU: {100 * float(str(summary['own_cpu_share'])):.1f} % of the time by the clock",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
