"""What lies in the folder of a run, read as far as it is there.

The folder may be of a run that is at work, was killed or was made by an older version: whatever is
missing or cannot be read is None or empty here, and the report says that it is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from parallel_agent.agent.closing import SCALING
from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.profiling import Profile
from parallel_agent.agent.run_folder import FolderError
from parallel_agent.agent.stored import SCREENING, VERDICT
from parallel_agent.agent.subject import Study
from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.measurement.scaling import Scaling
from parallel_agent.report.reading import model_in, object_in, text_in
from parallel_agent.verification.gate import Verdict
from parallel_agent.versions import VERSIONS


@dataclass(frozen=True)
class CandidateEvidence:
    """One candidate: its record, the verdict of all gates or of a first look, and its timings.

    ``proved`` is true where every gate was asked, false after a first look only.
    """

    record: dict[str, Any]
    verdict: Verdict | None
    proved: bool
    profile: Profile | None
    confirmation: Profile | None
    scaling: Scaling | None


class Evidence:
    """The folder of one run."""

    def __init__(self, root: Path) -> None:
        """FolderError where no run ever was."""
        if not (root / "run.json").is_file():
            raise FolderError(f"there is no run in {root}", "Give the folder of a run or suite")
        self.root = root
        self.settings: dict[str, Any] = object_in(root / "run.json")
        self.versions: dict[str, Any] = object_in(root / VERSIONS)
        self.original = text_in(root / "original.cpp")
        self.contract_toml = text_in(root / "contract.toml")
        self.study = model_in(Study, root / "original" / "study.json")
        self.outcome = model_in(Outcome, root / "outcome.json")
        self.events = tuple(_events(root / "events.jsonl"))

    @cached_property
    def contract(self) -> Contract | None:
        """What inputs there are, and how results are compared."""
        try:
            return Contract.from_toml(self.contract_toml) if self.contract_toml else None
        except ContractError:
            return None

    @cached_property
    def candidates(self) -> dict[str, CandidateEvidence]:
        """By id, in the order in which they were written as far as that is known."""
        written = [event.candidate for event in self.events if event.kind == "candidate"]
        folders = self.root / "candidates"
        found = sorted(p.name for p in folders.iterdir()) if folders.is_dir() else []
        ids = dict.fromkeys([*(i for i in written if i in found), *found])
        read = {name: _candidate(folders / name) for name in ids}
        return {name: candidate for name, candidate in read.items() if candidate.record}

    @cached_property
    def chosen(self) -> CandidateEvidence | None:
        """The one that was handed back; of a run without an end, the best so far."""
        if self.outcome is not None and self.outcome.status == "unchanged":
            return None
        confirmed = [c for c in self.candidates.values() if c.confirmation is not None]
        if self.outcome is not None:
            best = self.best
            for candidate in confirmed:
                if self.source_of(candidate.record["id"]) == best:
                    return candidate
            return None
        better = [c for c in self.candidates.values() if c.record.get("better")]
        return max(better, key=lambda c: float(c.record.get("speedup", 1.0)), default=None)

    @cached_property
    def best(self) -> str:
        """The text that was handed back, or the best so far; the original where there is none."""
        if self.outcome is not None:
            return text_in(self.root / "best.cpp") or self.original
        return self.source_of(self.chosen.record["id"]) if self.chosen else self.original

    @property
    def kernel(self) -> str:
        """The name of the function, or of the folder where it is not known."""
        if self.outcome is not None:
            return self.outcome.kernel
        return self.study.kernel if self.study is not None else self.root.absolute().name

    def source_of(self, candidate: str) -> str:
        """The text of a candidate."""
        return text_in(self.root / "candidates" / candidate / "candidate.cpp")

    def of_kind(self, kind: str) -> list[Event]:
        """All events of a kind."""
        return [event for event in self.events if event.kind == kind]


def _candidate(folder: Path) -> CandidateEvidence:
    verdict = model_in(Verdict, folder / VERDICT)
    record = object_in(folder / "record.json")
    return CandidateEvidence(
        record=record if isinstance(record.get("id"), str) else {},
        verdict=verdict or model_in(Verdict, folder / SCREENING),
        proved=verdict is not None,
        profile=model_in(Profile, folder / "profile.json"),
        confirmation=model_in(Profile, folder / "confirmation.json"),
        scaling=model_in(Scaling, folder / SCALING),
    )


def _events(file: Path) -> Iterator[Event]:
    """Every event that can be read: a line may be cut short, or of a kind of tomorrow."""
    for line in text_in(file).split("\n"):
        try:
            yield Event.model_validate_json(line)
        except ValidationError:
            continue
