"""The end of a run: the choice confirmed by a timing of its own, and the evidence written."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from parallel_agent.agent.asking_contract import PROPOSED
from parallel_agent.agent.billing import answers, bill_of_run
from parallel_agent.agent.context import Context
from parallel_agent.agent.outcome import Outcome, OutcomeAtSize
from parallel_agent.agent.profiling import Profile, scale_candidate
from parallel_agent.agent.project.closing import of_project
from parallel_agent.agent.project.profiles import held_by_benchmark, profile_of
from parallel_agent.agent.reproduce import write_reproduction
from parallel_agent.agent.serving import server_notes
from parallel_agent.agent.state import CandidateRecord, RunState
from parallel_agent.agent.stored import store_record
from parallel_agent.agent.winning import chain_steps
from parallel_agent.budget.money import NanoUSD, format_usd
from parallel_agent.measurement.plan import noise_plan, plan_for
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector
from parallel_agent.toolchain.runner import WorkerError

RACE_NOTE = f"no race detector is installed, so races were not looked for; {INSTALL}"
PROPOSED_NOTE = (
    "the contract was proposed by a model; the original runs clean under it, but whether it covers "
    "the inputs that you have is for you to read: contract.toml"
)
SCALING = "scaling.json"
_CONFIRMING = 1
_NOT_HELD = "did not hold up when it was timed once more"
_TRIED = 5
"""Candidates that do not hold up, at most, before the original comes back."""


def promising(candidates: Mapping[str, CandidateRecord]) -> list[CandidateRecord]:
    """Those that no gate turned away and that looked faster, fastest first."""
    found = [r for r in candidates.values() if r.get("promising") and not r["failed_gate"]]
    return sorted(found, key=lambda record: -record["speedup"])


class Choice(NamedTuple):
    """The best candidate, none if none is left, with the timing that confirms it.

    Without one it has had a first look only, and is to be proved. ``dropped`` are the records, by id, of
    those that did not hold up: not as fast as they looked, or wrong after all.
    """

    record: CandidateRecord | None
    profile: Profile | None
    dropped: dict[str, CandidateRecord]


def choose(context: Context, candidates: Mapping[str, CandidateRecord]) -> Choice:
    """Time the best candidates once more, until one holds up or is not proved yet.

    The fastest of several noisy measurements flatters itself, so what is reported is a second
    timing on other inputs. A candidate that does not hold up in it leaves its place to the next,
    which may be one that has had only a first look.
    """
    dropped: dict[str, CandidateRecord] = {}
    tried = sum(record.get("detail") == _NOT_HELD for record in candidates.values())
    for record in promising(candidates)[: _TRIED - tried]:
        if not record["accepted"]:
            return Choice(record, None, dropped)
        after: CandidateRecord = {**record, "better": False, "promising": False}
        try:
            profile = _confirmed(context, record)
            holds = profile.better and held_by_benchmark(context, record)
            if holds:
                _scale(context, record)
        except (MismatchError, WorkerError) as error:
            context.emit("confirmed", f"rejected: {error}", candidate=record["id"], passed=False)
            after |= {"accepted": False, "failed_gate": "timing", "detail": str(error)}
        else:
            if holds:
                return Choice(record, profile, dropped)
            after["detail"] = _NOT_HELD
        store_record(context, after)
        dropped[record["id"]] = after
    return Choice(None, None, dropped)


def close_run(context: Context, state: RunState, choice: Choice) -> dict[str, Any]:
    """Write the evidence of what was chosen, or of there being none; the outcome as plain data."""
    chosen, profile = choice.record, choice.profile
    source = context.folder.read("original.cpp")
    best = source
    if chosen is not None:
        best = context.folder.read("candidates", chosen["id"], "candidate.cpp")
    context.folder.write(best, "best.cpp")
    old, new = source.splitlines(keepends=True), best.splitlines(keepends=True)
    diff = difflib.unified_diff(old, new, "original.cpp", "best.cpp")
    context.folder.write("".join(diff), "best.diff")
    _write_reproduction(context, source, best)
    outcome = of_project(context, _outcome(context, state, chosen, profile), chosen)
    context.folder.write(outcome.model_dump_json(indent=2), "outcome.json")
    context.emit("finished", outcome.status, **outcome.model_dump(mode="json"))
    return outcome.model_dump(mode="json")


def _write_reproduction(context: Context, original: str, best: str) -> None:
    if not context.isolated:
        return  # it takes the project to run it
    subject, given = context.subject, context.settings
    write_reproduction(
        context.folder.path("reproduce"),
        signature=subject.parsed.kernel.signature,
        contract=subject.contract,
        original=original,
        best=best,
        cxx=given.cxx,
        cxxflags=given.cxxflags,
        sizes=subject.study.sizes,
        seed=given.seed,
        threads=given.thread_count,
    )


def _confirmed(context: Context, record: CandidateRecord) -> Profile:
    """The profile of a second timing.

    Raises MismatchError and WorkerError.
    """
    name = ("candidates", record["id"], "confirmation.json")
    if context.folder.exists(*name):
        profile = Profile.model_validate_json(context.folder.read(*name))
    else:
        context.emit("stage", "timing the best once more", candidate=record["id"])
        profile = profile_of(
            context, record["id"], plan_for(context.settings.effort), salt=_CONFIRMING
        )
        context.folder.write(profile.model_dump_json(indent=2), *name)
    verdict = "holds up" if profile.better else "does not hold up"
    context.emit(
        "confirmed",
        f"{verdict}: {profile.speedup:.2f} times as fast",
        candidate=record["id"],
        branch=record["branch"],
        passed=profile.better,
    )
    return profile


def _scale(context: Context, record: CandidateRecord) -> None:
    """Measure what is handed back with fewer threads, too. Raises MismatchError and WorkerError."""
    name = ("candidates", record["id"], SCALING)
    several = context.settings.thread_count > 1
    if several and context.isolated and not context.folder.exists(*name):
        context.emit("stage", "timing the best with fewer threads", candidate=record["id"])
        scaling = scale_candidate(context, record["id"], noise_plan(context.settings.effort))
        context.folder.write(scaling.model_dump_json(indent=2), *name)


def _outcome(
    context: Context, state: RunState, chosen: CandidateRecord | None, profile: Profile | None
) -> Outcome:
    records = state.get("candidates", {}).values()
    study, events = context.subject.study, context.folder.events()
    improved = chosen is not None and profile is not None
    return Outcome(
        status="improved" if improved else "unchanged",
        kernel=state["kernel"],
        speedup=profile.speedup if improved and profile else 1.0,
        interval=profile.interval if improved and profile else (1.0, 1.0),
        threads=study.threads,
        noise_floor=study.noise_floor,
        sizes=_table(context, profile if improved else None),
        spent_usd=format_usd(context.ledger.spent(context.scope)),
        cap_usd=format_usd(_cap(context)),
        candidates=len(records),
        rejected=dict(Counter(r["failed_gate"] for r in records if r["failed_gate"])),
        not_faster=sum(1 for r in records if not r["failed_gate"] and not r.get("promising")),
        slower=sum(1 for r in records if _slower(r, study.noise_floor)),
        pruned=state.get("pruned", []),
        best_source=str(context.folder.path("best.cpp")),
        diff=str(context.folder.path("best.diff")),
        run=str(context.folder.root.absolute()),
        proposer=chosen["proposer"] if chosen else "",
        strategy=f"{chosen['strategy']} {chosen['variant']}".strip() if chosen else "",
        chain=chain_steps(chosen, records) if chosen else (),
        reasons=chosen["reasons_for"] if chosen else _reasons(list(records)),
        cautions=chosen["reasons_against"] if chosen else [],
        notes=[
            *study.notes,
            *sandbox.notes(),
            *server_notes(context.settings),
            *([] if RaceDetector.find() else [RACE_NOTE]),
            *([PROPOSED_NOTE] if context.folder.exists(PROPOSED) else []),
        ],
        seconds=events[-1].at - events[0].at if events else 0.0,
        own_cpu_seconds=context.own_cpu_seconds(),
        bill=bill_of_run(context),
        answers=answers(state.get("trials", []), state.get("candidates", {})),
    )


def _slower(record: CandidateRecord, noise: float) -> bool:
    """Whether a correct candidate is slower than the original beyond the noise, all in all."""
    return not record["failed_gate"] and record.get("speedup", 1.0) < 1.0 / (1.0 + noise)


def _cap(context: Context) -> NanoUSD:
    """The cap as it is now; of a part of an account without one of its own, that of the account."""
    cap = context.ledger.sums(context.scope).cap
    return cap if cap is not None else context.ledger.sums().cap or 0


def _reasons(records: list[CandidateRecord]) -> list[str]:
    """Why the original came back: what became of each branch, in short."""
    if not records:
        return ["no strategy applies to this kernel"]
    said = []
    for record in records:
        name = f"{record['strategy']} {record['variant']}".strip()
        if record["failed_gate"]:
            said.append(f"{name}: rejected by the gate '{record['failed_gate']}'")
        else:
            why = record["detail"] or "not better at every size"
            said.append(f"{name}: {record['speedup']:.2f} times as fast, {why}")
    return said


def _table(context: Context, profile: Profile | None) -> tuple[OutcomeAtSize, ...]:
    studied = context.subject.study.sizes
    if profile is None:
        return tuple(
            OutcomeAtSize(
                sizes=size.sizes,
                original_seconds=size.seconds,
                candidate_seconds=size.seconds,
                speedup=1.0,
                interval=(1.0, 1.0),
                noise=size.noise,
                bound_seconds=size.bound_seconds,
            )
            for size in studied
        )
    return tuple(
        OutcomeAtSize(**size.model_dump(exclude={"samples"}), bound_seconds=before.bound_seconds)
        for size, before in zip(profile.sizes, studied, strict=True)
    )
