"""What is said to other agents: a few lines, and the same as data."""

from __future__ import annotations

import io
import sys
import traceback
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from parallel_agent.adapters.desk import Budget, Desk
from parallel_agent.adapters.requests import BadRequest, bad_request
from parallel_agent.agent.contracting import FoundContract
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.profile import Profiled
from parallel_agent.agent.program_verify import ProgramVerification
from parallel_agent.agent.session import Submitted, Task, Tried
from parallel_agent.agent.verify import Verification
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.report.closing import bill, headline, print_outcome
from parallel_agent.report.explain import explain
from parallel_agent.report.explanation import BAD_REQUEST, INTERNAL, Explanation
from parallel_agent.report.profile import headline as profile_headline
from parallel_agent.report.progress import milliseconds, sizes_text
from parallel_agent.report.verdict import headline as verdict_headline
from parallel_agent.report.verdict import print_verification

MOST_TEXT = 20_000
"""Characters of a diff or a source that is told in full; longer ones are in the file that is named."""
_WIDE = 100


def explained(error: BaseException) -> Explanation:
    """What is wrong and what to do about it, for whoever called; a bug's traceback goes to stderr."""
    if isinstance(error, ValidationError):
        error = bad_request(error)
    if isinstance(error, BadRequest):
        return Explanation(str(error), error.hint, BAD_REQUEST)
    known = explain(error)
    if known is None:
        traceback.print_exception(error, file=sys.stderr)
        said = f"internal error: {type(error).__name__}"
        return Explanation(said, "The traceback is on the standard error of the tool", INTERNAL)
    if isinstance(error, CapExceeded):
        help_ = "Only the owner of this tool can raise its cap; with free_only nothing is spent"
        return Explanation(known.message, help_, known.status)
    return known


def outcome_data(outcome: Outcome, desk: Desk) -> dict[str, Any]:
    """An outcome without what nobody asks at first; all of it is in ``run``."""
    told = outcome.model_dump(
        mode="json",
        include={
            *("status", "kernel", "speedup", "interval", "threads", "noise_floor"),
            *("candidates", "rejected", "not_faster", "proposer", "strategy", "best_source"),
            *("reasons", "cautions", "notes", "seconds", "spent_usd"),
        },
    )
    sizes = [
        size.model_dump(
            mode="json", include={"sizes", "original_seconds", "candidate_seconds", "speedup"}
        )
        for size in outcome.sizes
    ]
    diff = Path(outcome.diff).read_text(encoding="utf-8")
    budget = desk.budget()
    return {
        **told,
        "sizes": sizes,
        "diff": diff if len(diff) <= MOST_TEXT else None,
        "diff_file": outcome.diff,
        "cap_usd": budget.cap_usd,
        "left_usd": budget.left_usd,
        "run": Path(outcome.run).name,
        "folder": outcome.run,
    }


def outcome_text(outcome: Outcome) -> str:
    """An outcome in a few lines."""
    lines = [headline(outcome), *(f"  {reason}" for reason in outcome.reasons[:4])]
    lines += [f"caution: {caution}" for caution in outcome.cautions]
    lines += [bill(outcome), f"best {outcome.best_source}", f"run  {Path(outcome.run).name}"]
    return "\n".join(lines)


def verification_data(verification: Verification) -> dict[str, Any]:
    """A verdict as data; ``failed`` is the gate that rejected the candidate."""
    told = verification.model_dump(
        mode="json", include={"accepted", "kernel", "gates", "threads", "notes", "seconds"}
    )
    failed = None if verification.accepted else verification.gates[-1].name
    run = verification.run
    return {**told, "failed": failed, "run": Path(run).name, "folder": run}


def verification_text(verification: Verification) -> str:
    """A verdict in a few lines."""
    lines = [verdict_headline(verification)]
    if not verification.accepted:
        lines.append(f"  {verification.gates[-1].detail}")
    lines += [f"note: {note}" for note in verification.notes]
    return "\n".join([*lines, f"run  {Path(verification.run).name}"])


def profile_data(profiled: Profiled) -> dict[str, Any]:
    """A profile as data."""
    told = profiled.model_dump(mode="json")
    return {**told, "run": Path(profiled.run).name, "folder": profiled.run}


def profile_text(profiled: Profiled) -> str:
    """A profile: a line for each size, and what it says."""
    lines = [profile_headline(profiled)]
    for size in profiled.sizes:
        said = f"  {sizes_text(size.sizes)}: {milliseconds(size.original_seconds)} ms"
        if size.read_seconds:
            said += f", {milliseconds(size.read_seconds)} ms to read its inputs once"
        if size.speedup:
            said += f"; the candidate is {size.speedup:.2f} times as fast"
        lines.append(said)
    return "\n".join([*lines, *profiled.conclusions, *(str(loop) for loop in profiled.loops)])


def task_text(task: Task) -> str:
    """A task: what is to be sped up, and how far others came."""
    facts = task.kernel
    best = f"the best so far is {task.best_speedup:.2f} times as fast" if task.best else ""
    lines = [
        f"{facts.name}: write a faster version of the whole file, for {facts.platform.threads} "
        f"threads of {facts.platform.cpu}; {best or 'nothing faster was found so far'}",
        *(f"  {_tried_text(tried)}" for tried in task.tried),
        facts.contract,
        f"session {Path(task.run).name}",
    ]
    return "\n".join(lines)


def submitted_text(submitted: Submitted) -> str:
    """What became of a submission, a line for each candidate of it."""
    lines = [_tried_text(tried) for tried in submitted.tried]
    if submitted.duplicate:
        lines.insert(0, "the same source was there before")
    diagnoses = [tried.diagnosis for tried in submitted.tried if tried.diagnosis is not None]
    lines += [diagnosis.inputs for diagnosis in diagnoses if diagnosis.inputs]
    return "\n".join([*lines, f"the best so far is {submitted.best_speedup:.2f} times as fast"])


def _tried_text(tried: Tried) -> str:
    name = f"{tried.candidate} {tried.strategy} ({tried.proposer})"
    if tried.diagnosis is not None:
        return f"{name}: rejected by the gate '{tried.diagnosis.gate}': {tried.diagnosis.detail}"
    speed = "not timed" if tried.result is None else f"{tried.result.speedup:.2f} times as fast"
    return f"{name}: {speed}; {tried.critique}".rstrip("; ")


def contract_data(found: FoundContract) -> dict[str, Any]:
    """A contract as TOML, as data, and with the evidence for it."""
    evidence = None if found.evidence is None else found.evidence.model_dump(mode="json")
    plain = found.contract.model_dump(mode="json")
    return {"toml": found.toml, "contract": plain, "evidence": evidence}


def budget_text(budget: Budget) -> str:
    """The account in a line, and a line for each run."""
    said = f"{budget.left_usd} of {budget.cap_usd} USD are left, {budget.spent_usd} are spent"
    if budget.cap_tokens is not None:
        said += f"; {budget.left_tokens} of {budget.cap_tokens} tokens are left"
    if budget.cap_seconds is not None:
        said += (
            f"; {budget.left_seconds:.1f} of {budget.cap_seconds:.1f} s of models' time are left"
        )
    return "\n".join([said, *(f"  {run}: {status}" for run, status in budget.runs.items())])


def report_text(run: Path) -> str:
    """All that was said when a run was over; raises BadRequest where it is not."""
    written = io.StringIO()
    console = Console(file=written, highlight=False, markup=False, emoji=False, width=_WIDE)
    if (run / "outcome.json").is_file():
        print_outcome(Outcome.model_validate_json((run / "outcome.json").read_text()), console)
    elif (run / "verdict.json").is_file():
        text = (run / "verdict.json").read_text(encoding="utf-8")
        kind = ProgramVerification if '"cases"' in text else Verification
        print_verification(kind.model_validate_json(text), console)
    else:
        raise BadRequest(
            f"the run '{run.name}' has no result yet", "Go on with it: resume, with its name"
        )
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())
