"""Recorded answers of a model, each put through the gates and timed once; kept in a JSON file."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.events import Event
from parallel_agent.agent.profile_one import Profiler
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import Settings
from parallel_agent.toolchain.runner import WorkerError
from verify_recorded import contract_in, examine_all, results_in


@dataclass(frozen=True)
class Answer:
    """One distinct answer.

    ``speedup`` is that at the largest size, at most 1 where it is not faster beyond the noise: a run
    guards for free what loses at small sizes, and the score of a set counts one size.
    """

    count: int
    output_tokens: int
    accepted: bool
    speedup: float = 1.0
    detail: str = ""


@dataclass(frozen=True)
class Evaluated:
    """A kernel with its distinct answers; ``characters`` is the length of its source."""

    name: str
    characters: int
    answers: tuple[Answer, ...]


class Cache:
    """The file with what is known, written anew, whole, after every answer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data: dict[str, Any] = {"kernels": {}}
        if path.exists():
            self._data = json.loads(path.read_text(encoding="utf-8"))

    def answers(self, kernel: str) -> dict[str, Any]:
        """What is known of a kernel, by the number of the answer."""
        found: dict[str, Any] = self._data["kernels"].get(kernel, {}).get("answers", {})
        return found

    def note(self, kernel: dict[str, Any], number: int, answer: Answer) -> None:
        """Remember an answer."""
        entry = self._data["kernels"].setdefault(
            kernel["name"],
            {"characters": len(kernel["source"]), "distinct": len(kernel["completions"])},
        )
        entry.setdefault("answers", {})[str(number)] = asdict(answer)
        self._write()

    def note_study(self, kernel: str, study: dict[str, Any]) -> None:
        """Remember how the original was measured: machine, threads, sizes, noise."""
        self._data.setdefault("studies", {})[kernel] = study
        self._write()

    def evaluated(self) -> list[Evaluated]:
        """The kernels of which every answer is known."""
        return [
            Evaluated(
                name, known["characters"], tuple(Answer(**a) for a in known["answers"].values())
            )
            for name, known in self._data["kernels"].items()
            if len(known["answers"]) == known["distinct"]
        ]

    def _write(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._data, indent=1), encoding="utf-8")
        fresh.replace(self._path)


def evaluate(kernel: dict[str, Any], cache: Cache, verified: Path, settings: Settings) -> None:
    """Put the answers of one kernel through the gates, and time those that pass.

    What ``tools/verify_recorded.py --out VERIFIED`` found is used, and what is missing added to it.
    """
    left = [i for i in range(len(kernel["completions"])) if str(i) not in cache.answers(kernel["name"])]  # fmt: skip
    if not left:
        return
    examine_all(kernel, verified, settings)
    verdicts = {
        result["completion"]: result
        for result in results_in(verified)
        if result["name"] == kernel["name"]
    }
    accepted = [number for number in left if verdicts[number]["accepted"]]
    for number in sorted(set(left) - set(accepted)):
        verdict = verdicts[number]
        why = f"{verdict['gate']}: {verdict['detail']}"
        cache.note(kernel, number, _answer(kernel, number, accepted=False, detail=why))
    if accepted:
        contract = contract_in(verified, kernel["name"])
        _time(kernel, accepted, cache, settings.model_copy(update={"contract": contract}))


def _time(kernel: dict[str, Any], numbers: list[int], cache: Cache, settings: Settings) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch,
        Profiler(kernel["source"], settings, Path(scratch) / kernel["name"], _say) as profiler,
    ):
        cache.note_study(kernel["name"], profiler.study.model_dump(mode="json"))
        for number in numbers:
            answer = _timed(profiler, kernel, number)
            cache.note(kernel, number, answer)
            print(f"{kernel['name']} {number}: {answer.detail}", file=sys.stderr, flush=True)


def _timed(profiler: Profiler, kernel: dict[str, Any], number: int) -> Answer:
    try:
        profile = profiler.profile(kernel["completions"][number]["code"])
    except (BuildError, MismatchError, WorkerError) as error:
        return _answer(kernel, number, accepted=False, detail=f"timing: {error}")
    largest = profile.sizes[-1]
    low, high = largest.interval
    sizes = ", ".join(f"{size.speedup:.3g}" for size in profile.sizes)
    said = f"{largest.speedup:.3f} ({low:.3f} to {high:.3f}), {largest.result}; by size {sizes}"
    speedup = largest.speedup if largest.result == "faster" else min(1.0, largest.speedup)
    return _answer(kernel, number, accepted=True, speedup=speedup, detail=said)


def _answer(kernel: dict[str, Any], number: int, **found: Any) -> Answer:
    completion = kernel["completions"][number]
    return Answer(completion["count"], completion["output_tokens_estimate"], **found)


def _say(event: Event) -> None:
    print(f"{event.kind}: {event.message}"[:200], file=sys.stderr, flush=True)
