"""The stored answers of a suite checked and timed again: nothing is searched, nothing is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import OutcomeAtSize
from parallel_agent.agent.profile_one import Profiler
from parallel_agent.agent.profiling import Profile
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.verify import verify
from parallel_agent.report.html.written import report_of
from parallel_agent.settings import Settings
from parallel_agent.suites.environment import record_environment
from parallel_agent.suites.page import write_suite_report
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import KernelResult, score
from parallel_agent.suites.stored import read_result, write_result

KernelListener = Callable[[str, Event], None]
REJUDGED = "rejudged"


def rejudge(
    root: Path, listener: KernelListener = lambda kernel, event: None
) -> tuple[SuiteResult, SuiteResult]:
    """Put every stored answer through all gates and time it anew; the result before, and this one.

    Settings are those of the suite. The evidence goes to a fresh folder under ``rejudged/`` in the
    suite's. Raises FolderError where there is no finished suite, and CompilerMissing.
    """
    before = read_result(root)
    started, cpu = time.monotonic(), time.process_time()
    target = root / REJUDGED / time.strftime("%Y%m%d-%H%M%S")
    folder = RunFolder.create(target, "rejudged")
    try:
        rows = []
        for done, kernel in enumerate(before.kernels, start=1):
            run = RunFolder(root / "kernels" / kernel.name)
            rows.append(_again(kernel, run, target / "kernels" / kernel.name, listener))
            if run.exists("run.json"):
                given = Settings(**run.read_json("run.json"))
                # No model is asked: neither its key nor its server is needed.
                record_environment(folder, before.suite, given.model_copy(update={"model": ()}))
            data = {"kernel": kernel.name, "done": done, "of": len(before.kernels)}
            text = f"judged again: {done} of {len(before.kernels)} done"
            listener("", Event(kind="suite", message=text, data=data))
        after = before.model_copy(
            update={
                "kernels": tuple(rows),
                "built": sum(row.built for row in rows),
                "correct": sum(row.built and row.correct for row in rows),
                "geomean": score(rows),
                "spent_usd": "0.00",
                "run": str(target.absolute()),
                "seconds": time.monotonic() - started,
                "own_cpu_seconds": time.process_time() - cpu,
                "curve": (),
                "toolkit": (),
            }
        )
        write_result(folder, after)
        report_of(target, partial(listener, ""), write_suite_report)
    finally:
        folder.unlock()
    return before, after


def _again(
    kernel: KernelResult, run: RunFolder, target: Path, listener: KernelListener
) -> KernelResult:
    if kernel.status != "improved":
        return kernel.model_copy(update={"seconds": 0.0})
    started = time.monotonic()

    def listen(event: Event) -> None:
        listener(kernel.name, event)

    told = {"contract": run.path("contract.toml"), "model": (), "out": target / "verify"}
    given = Settings(**run.read_json("run.json")).model_copy(update=told)
    plain = {**kernel.model_dump(), "spent_usd": 0, "candidates": 1, "rejected": {}}
    try:
        original, best = run.path("original.cpp"), run.path("best.cpp")
        verdict = verify(original, best, given=given, listener=listen)
        if not verdict.accepted:
            gate = verdict.gates[-1]
            failed = {"status": "failed", "correct": False, "speedup": None, "interval": None}
            reason = f"rejected by the gate '{gate.name}': {gate.detail}"
            return KernelResult.model_validate(
                {**plain, **failed, "rejected": {gate.name: 1}, "reason": reason}
            )
        text = run.read("original.cpp")
        with Profiler(text, given, target / "timing", listen) as profiler:
            profile = profiler.profile(run.read("best.cpp"))
    except Exception as error:  # the others are still to be judged
        failed = {"status": "failed", "built": False, "correct": False, "speedup": None}
        reason = f"{type(error).__name__}: {error}"
        return KernelResult.model_validate({**plain, **failed, "interval": None, "reason": reason})
    return KernelResult.model_validate(
        {
            **plain,
            "speedup": profile.speedup,
            "interval": profile.interval,
            "sizes": _sizes(profile),
            "seconds": time.monotonic() - started,
        }
    )


def _sizes(profile: Profile) -> tuple[OutcomeAtSize, ...]:
    return tuple(OutcomeAtSize(**size.model_dump(exclude={"samples"})) for size in profile.sizes)
