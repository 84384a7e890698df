"""How the candidates of runs fared, kernel by kernel: what can be ranked, and by what."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from parallel_agent.agent.nodes.coder import candidate_id
from parallel_agent.agent.profiling import Profile
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.state import CandidateRecord
from parallel_agent.agent.stored import SCREENING, VERDICT
from parallel_agent.report.pairs import (
    Pair,
    beside,
    original_of,
    records,
    run_folders,
    stored_pairs,
)
from parallel_agent.training.judging import Outcome, outcome_of_gate, outcome_of_profile
from parallel_agent.verification.duplicate import DuplicateGate
from parallel_agent.verification.gate import Verdict

UNPROVED = "unproved"
REJECTED = ("forbidden", "does not compile", "wrong", "racy")
"""Outcomes for which a gate turned a candidate away."""
_SEVERITY = (*REJECTED, "slower", "unchanged", "faster", UNPROVED)
"""Of what is said of one text in several runs, the first counts."""


@dataclass(frozen=True)
class Standing:
    """How a version of a kernel's file fared.

    ``outcome`` is ``faster`` only if it passed every gate; ``unproved`` if it is faster and some gates
    were left out, as the free proposer's search does with what does not lead. ``speedup`` and
    ``interval`` are None where it was not timed at every size. ``noise`` is the mean over the sizes.
    ``gate`` and ``detail`` are of the gate that rejected it.
    """

    pair: Pair
    outcome: Outcome | Literal["unproved"]
    speedup: float | None = None
    interval: tuple[float, float] | None = None
    noise: float = 0.0
    gate: str = ""
    detail: str = ""

    @property
    def name(self) -> str:
        """The same for texts that differ only in white space and comments."""
        return candidate_id(self.pair.tgt_code)

    @property
    def counted(self) -> float:
        """The speedup that counts for it: 1 where a gate turned it away, for then the original stays.

        At most 1 where it is not faster, whatever it gains at some sizes.
        """
        if self.speedup is None or self.outcome in REJECTED:
            return 1.0
        return self.speedup if self.outcome in ("faster", UNPROVED) else min(1.0, self.speedup)


@dataclass(frozen=True)
class RankedKernel:
    """A kernel as it was measured on one machine, and its versions: no two of the same text.

    The original is one of them. The order is: the fastest verified first; what was rejected last.
    """

    original: Pair
    standings: tuple[Standing, ...]


def ranked_kernels(places: Iterable[Path], licence: str = "") -> list[RankedKernel]:
    """The kernels of runs, of suites and other folders with runs in them, and of files of pairs.

    Runs of one kernel count together where contract, threads, compiler, flags and processor are the
    same: speedups measured elsewhere cannot be compared. Of a file of pairs the noise is not known, and
    the intervals alone decide. Raises FolderError where there is neither.
    """
    kernels: dict[tuple[object, ...], tuple[Pair, list[Standing]]] = {}
    for place in places:
        measured = _of_file(place) if place.is_file() else _of_runs(place, licence)
        for original, standings in measured:
            kernels.setdefault(_measured_as(original), (original, []))[1].extend(standings)
    return [
        RankedKernel(original, tuple(_ranked([*found, as_it_was(original)])))
        for original, found in kernels.values()
    ]


def _of_file(file: Path) -> Iterator[tuple[Pair, Iterable[Standing]]]:
    """Each pair's original, and its faster version."""
    nothing = {"speedup": 1.0, "interval": (1.0, 1.0), "strategy": "", "summary": ""}
    for pair in stored_pairs(file):
        original = pair.model_copy(update={"tgt_code": pair.src_code, **nothing})
        yield original, [Standing(pair, "faster", pair.speedup, pair.interval)]


def _of_runs(place: Path, licence: str) -> Iterator[tuple[Pair, Iterable[Standing]]]:
    for folder in map(RunFolder, run_folders(place)):
        original = original_of(folder, licence)
        if original is not None:
            yield original, _of_run(folder, original)


def as_it_was(original: Pair) -> Standing:
    """The original as an answer: nothing was gained."""
    copy = original.model_copy(update={"summary": "The file as it was"})
    return Standing(copy, "unchanged", 1.0, (1.0, 1.0))


def _measured_as(pair: Pair) -> tuple[object, ...]:
    cpu = "" if pair.platform is None else pair.platform.cpu
    source = candidate_id(pair.src_code)
    return (source, pair.kernel, pair.contract, pair.threads, pair.compiler, pair.flags, cpu)


def _of_run(folder: RunFolder, original: Pair) -> Iterator[Standing]:
    for record in records(folder):
        failed = record.get("failed_gate", "")
        if failed == DuplicateGate.name:  # says nothing against it, and its twin is there
            continue
        pair = beside(original, folder, record)
        if failed:
            outcome = outcome_of_gate(failed, _diagnosed(folder, record["id"]))
            yield Standing(pair, outcome, gate=failed, detail=record["detail"])
            continue
        profile = _profile(folder, record["id"])
        if profile is not None:
            yield _timed(pair, record, profile)


def _timed(pair: Pair, record: CandidateRecord, profile: Profile) -> Standing:
    outcome: Outcome | Literal["unproved"] = outcome_of_profile(profile)
    if outcome == "faster" and not record["better"]:
        # Of what was proved, the run says that it did not hold up: in a benchmark of the user's.
        outcome = "unchanged" if record["accepted"] else "unproved"
    told = {"speedup": profile.speedup, "interval": profile.interval}
    return Standing(
        pair if outcome != "faster" else pair.model_copy(update=told),
        outcome,
        profile.speedup if profile.complete else None,
        profile.interval if profile.complete else None,
        fmean(size.noise for size in profile.sizes),
        detail=record["detail"],
    )


def _profile(folder: RunFolder, candidate: str) -> Profile | None:
    """The last timing of a candidate."""
    for name in ("confirmation.json", "profile.json"):
        if folder.exists("candidates", candidate, name):
            return Profile.model_validate_json(folder.read("candidates", candidate, name))
    return None


def _diagnosed(folder: RunFolder, candidate: str) -> bool:
    """Whether the compiler said why a candidate was rejected."""
    for name in (VERDICT, SCREENING):
        if folder.exists("candidates", candidate, name):
            verdict = Verdict.model_validate_json(folder.read("candidates", candidate, name))
            if not verdict.accepted:
                return bool(verdict.diagnostics)
    return False


def _ranked(found: Sequence[Standing]) -> list[Standing]:
    """One standing for each text, the most severe, ranked."""
    kept: dict[str, Standing] = {}
    for standing in sorted(found, key=lambda each: _SEVERITY.index(each.outcome)):
        kept.setdefault(standing.name, standing)
    return sorted(kept.values(), key=_rank)


def _rank(standing: Standing) -> tuple[bool, bool, float]:
    fast = -math.log(standing.counted)
    return (standing.outcome in REJECTED, standing.outcome != "faster", fast)
