"""Verified (slow, fast) pairs out of the folders of runs: the raw material for fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agent.agent.facts import original_times, platform_of
from parallel_agent.agent.governed import ORIGIN
from parallel_agent.agent.nodes.coder import candidate_id
from parallel_agent.agent.run_folder import FolderError, RunFolder
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.agent.subject import Study
from parallel_agent.proposers.tasks import OriginalTime, Platform
from parallel_agent.toolchain.machine import describe, instruction_sets


class Pair(BaseModel):
    """A kernel and a faster version of it that passed every gate.

    ``src_code`` and ``tgt_code`` are whole files. ``speedup`` is the geometric mean over the timed
    sizes with its 95 % interval, ``confirmed`` whether it was timed once more on other inputs, and then
    it is that of this timing. ``contract`` is TOML; ``licence`` that of the source, by its SPDX name,
    empty where nobody said.

    The rest is what a prompt tells of it: ``platform`` and ``times`` (of the original) as a coder is
    told them, and ``summary``, in a line, what was done. Older pairs and those of others lack it.
    """

    model_config = ConfigDict(frozen=True)

    src_code: str
    tgt_code: str
    kernel: str
    category: str
    speedup: float
    interval: tuple[float, float]
    confirmed: bool
    threads: int
    compiler: str
    flags: tuple[str, ...]
    proposer: str
    strategy: str
    contract: str
    gates: tuple[str, ...]
    licence: str
    platform: Platform | None = None
    times: tuple[OriginalTime, ...] = ()
    summary: str = ""


def pairs(places: Iterable[Path], licence: str = "") -> Iterator[Pair]:
    """The pairs of runs, of suites and other folders with runs in them, and of files with a pair a line.

    Each comes once: two pairs are the same where both their texts are, but for comments and white space; the first one
    counts. ``licence`` is for sources of which none is known. Raises FolderError where there is neither.
    """
    seen: set[tuple[str, str]] = set()
    for place in places:
        for pair in stored_pairs(place) if place.is_file() else _of_runs(place, licence):
            key = (candidate_id(pair.src_code), candidate_id(pair.tgt_code))
            if key not in seen:
                seen.add(key)
                yield pair


def stored_pairs(file: Path) -> Iterator[Pair]:
    """The pairs of a file with one a line; FolderError for a line that is none."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield Pair.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "the line"
                raise FolderError(
                    f"{file}, line {number}: {where}: {first['msg']}",
                    "Give the folder of a run or a suite, or a file with a pair a line",
                ) from None


def run_folders(place: Path) -> list[Path]:
    """The folders of runs in a place and below it, sorted; it may be one itself.

    Raises FolderError where there is none.
    """
    if (place / "run.json").is_file():
        return [place]
    runs = sorted(found.parent for found in place.rglob("run.json"))
    if not runs:
        raise FolderError(f"there is no run in {place}", "Give the folder of a run or a suite")
    return runs


def original_of(folder: RunFolder, licence: str = "") -> Pair | None:
    """The original of a run beside itself, with all that its candidates' pairs share.

    None where it was not measured by itself: the run ended before, or its project judged it.
    """
    if not (folder.exists("original", "study.json") and folder.exists("contract.toml")):
        return None
    study = Study.model_validate_json(folder.read("original", "study.json"))
    flags = tuple(folder.read_json("run.json")["cxxflags"])
    origin = folder.read_json(ORIGIN) if folder.exists(ORIGIN) else {}
    source = folder.read("original.cpp")
    return Pair(
        src_code=source,
        tgt_code=source,
        kernel=study.kernel,
        category=origin.get("category", ""),
        speedup=1.0,
        interval=(1.0, 1.0),
        confirmed=False,
        threads=study.threads,
        compiler=study.machine.compiler,
        flags=flags,
        proposer="",
        strategy="",
        contract=folder.read("contract.toml"),
        gates=(),
        licence=origin.get("licence", "") or licence,
        platform=_platform(study, flags),
        times=original_times(study),
    )


def records(folder: RunFolder) -> Iterator[CandidateRecord]:
    """The records of a run's candidates, in the order of their names."""
    for path in sorted(folder.root.glob("candidates/*/record.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def beside(original: Pair, folder: RunFolder, record: CandidateRecord) -> Pair:
    """The original beside one of the run's candidates, before anything is said of its speed."""
    told = {
        "tgt_code": folder.read("candidates", record["id"], "candidate.cpp"),
        "proposer": record["proposer"],
        "strategy": f"{record['strategy']} {record['variant']}".strip(),
        "summary": "; ".join(record["reasons_for"]),
    }
    return original.model_copy(update=told)


def _of_runs(place: Path, licence: str) -> Iterator[Pair]:
    for root in run_folders(place):
        yield from _of_run(RunFolder(root), licence)


def _of_run(folder: RunFolder, licence: str) -> Iterator[Pair]:
    original = original_of(folder, licence)
    if original is None:
        return
    for record in records(folder):
        if not record.get("better"):
            continue
        timing = _timing(folder, record["id"])
        if timing is None:
            continue
        told = {
            "speedup": timing["speedup"],
            "interval": tuple(timing["interval"]),
            "confirmed": folder.exists("candidates", record["id"], "confirmation.json"),
            "gates": tuple(_gates(folder, record["id"])),
        }
        yield beside(original, folder, record).model_copy(update=told)


def _platform(study: Study, flags: tuple[str, ...]) -> Platform:
    """What the coder was told; of another machine it is not known what instructions it has."""
    here = study.machine.cpu == describe().cpu
    return platform_of(study.machine, study.threads, flags, instruction_sets() if here else ())


def _timing(folder: RunFolder, candidate: str) -> dict[str, Any] | None:
    """The last timing of a candidate; None where it did not hold up in it."""
    for name in ("confirmation.json", "profile.json"):
        if folder.exists("candidates", candidate, name):
            timing: dict[str, Any] = folder.read_json("candidates", candidate, name)
            return timing if timing["complete"] and timing["speedup"] > 1.0 else None
    return None


def _gates(folder: RunFolder, candidate: str) -> list[str]:
    verdict = folder.read_json("candidates", candidate, "verdict.json")
    return [gate["name"] for gate in verdict["gates"] if gate["passed"]]
