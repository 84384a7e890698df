"""What a run knows of a kernel: its contract, the sizes to time at, our answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parallel_agent.agent.intake import read_source, take_in, with_contract_beside
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.profile_one import Profiler
from parallel_agent.agent.run import optimize, resume
from parallel_agent.agent.subject import Study
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.settings import Settings
from parallel_agent.suites.suite import SuiteKernel
from parallel_agent.toolchain.compiler import Compiler


class Unprepared(Exception):
    """A kernel that cannot be compared; the message says why."""


@dataclass(frozen=True)
class Subject:
    """A kernel that was studied, and what became of it; ``outcome`` is None where ours was not asked."""

    kernel: SuiteKernel
    parsed: ParsedSource
    contract: Contract
    study: Study
    outcome: Outcome | None
    answer: str


def optimized(kernel: SuiteKernel, given: Settings, root: Path) -> None:
    """Have the kernel optimized in the run folder ``root``, or go on there; Unprepared if it fails."""
    try:
        if (root / "run.json").exists():
            resume(root)
        else:
            told = {"out": root, "contract": kernel.contract}
            optimize(kernel.path, given=given.model_copy(update=told))
    except Exception as error:  # the others are still worth comparing
        raise Unprepared(f"{type(error).__name__}: {error}") from error


def studied(kernel: SuiteKernel, given: Settings, root: Path) -> None:
    """Have the original alone measured in ``root``, unless it was; Unprepared if that fails."""
    if (root / "original" / "study.json").exists():
        return
    told = with_contract_beside(given, kernel.path)
    try:
        with Profiler(read_source(kernel.path), told, root, lambda event: None):
            pass
    except Exception as error:  # as above
        raise Unprepared(f"{type(error).__name__}: {error}") from error


def load(kernel: SuiteKernel, root: Path, compiler: Compiler) -> Subject:
    """What lies in the run folder of a kernel; Unprepared where it is not all there."""
    try:
        study = Study.model_validate_json(_text(root / "original" / "study.json"))
        parsed = take_in(_text(root / "original.cpp"), study.kernel, compiler)
        contract = Contract.from_toml(_text(root / "contract.toml"))
        finished = (root / "outcome.json").exists()
        outcome = Outcome.model_validate_json(_text(root / "outcome.json")) if finished else None
        answer = _text(root / "best.cpp") if finished else ""
    except FileNotFoundError as error:
        raise Unprepared(f"there is no {error.filename}") from None
    return Subject(kernel, parsed, contract, study, outcome, answer)


def run_folder(answers: Path, kernel: SuiteKernel) -> Path:
    """Where the run of a kernel lies in the folder of a suite."""
    return answers / "kernels" / kernel.name


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
