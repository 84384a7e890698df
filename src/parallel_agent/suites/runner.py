"""Running a suite: one account for all kernels, one run folder each, a failing kernel stops nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.run import Interrupted, check_choices, optimize, resume
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd, usd_to_nano
from parallel_agent.budget.scopes import ROOT
from parallel_agent.settings import Settings, SettingsError
from parallel_agent.suites.suite import SuiteKernel, bundled
from parallel_agent.suites.table import KernelResult, score
from parallel_agent.toolchain import sandbox

KernelListener = Callable[[str, Event], None]


class SuiteResult(BaseModel):
    """What a suite came to. Money is in US dollars, as decimal strings; ``run`` is its folder.

    ``geomean`` is the geometric mean over all kernels of max(1, speedup), 1 for a kernel that
    failed. ``built`` and ``correct`` count kernels.
    """

    model_config = ConfigDict(frozen=True)

    suite: str
    kernels: tuple[KernelResult, ...]
    built: int
    correct: int
    geomean: float
    spent_usd: str
    cap_usd: str
    threads: int
    run: str
    seconds: float
    notes: tuple[str, ...] = ()


def find_suite(name: str) -> list[SuiteKernel]:
    """The kernels of a suite by its name; SettingsError where there is no such suite."""
    if name == "bundled":
        return bundled()
    raise SettingsError(f"suite: there is no suite '{name}', only 'bundled'")


def run_suite(
    name: str, given: Settings, listener: KernelListener = lambda kernel, event: None
) -> SuiteResult:
    """Optimize every kernel of a suite, one after the other, under one cap.

    With ``out`` set to the folder of a suite that was interrupted, it goes on: finished kernels
    keep their outcome. Raises SettingsError for an unknown suite, FolderError for a folder that
    cannot be used, CompilerMissing, and Interrupted on Ctrl-C.
    """
    kernels = find_suite(name)
    check_choices(given)
    sandbox.choose(no_sandbox=given.no_sandbox)
    started = time.monotonic()
    folder = _open_folder(name, given)
    try:
        ledger = _open_ledger(folder, given)
        results = []
        for number, kernel in enumerate(kernels):
            scope = _scope(ledger, kernel, kernels_left=len(kernels) - number)
            results.append(_one(kernel, given, folder, ledger, scope, listener))
        result = SuiteResult(
            suite=name,
            kernels=tuple(results),
            built=sum(result.built for result in results),
            correct=sum(result.built and result.correct for result in results),
            geomean=score(results),
            spent_usd=format_usd(ledger.spent()),
            cap_usd=format_usd(usd_to_nano(given.budget)),
            threads=given.thread_count,
            run=str(folder.root.absolute()),
            seconds=time.monotonic() - started,
            notes=sandbox.notes(),
        )
        folder.write(result.model_dump_json(indent=2), "suite.json")
        return result
    except Interrupted as interrupted:
        raise Interrupted(folder.root, interrupted.best) from None
    finally:
        folder.unlock()


def _open_folder(name: str, given: Settings) -> RunFolder:
    """The suite's folder, new or that of an interrupted run of the same suite."""
    if given.out is not None and (given.out / "ledger.sqlite").exists():
        folder = RunFolder(given.out)
        folder.lock()
        return folder
    return RunFolder.create(given.out, f"suite-{name}")


def _open_ledger(folder: RunFolder, given: Settings) -> Ledger:
    path = folder.path("ledger.sqlite")
    if not path.exists():
        return Ledger.create(path, usd_to_nano(given.budget))
    ledger = Ledger.open(path)
    ledger.forfeit_open("the suite stopped while this was in flight")
    return ledger


def _scope(ledger: Ledger, kernel: SuiteKernel, *, kernels_left: int) -> str:
    """The kernel's scope, with an equal share of what is left for those that are still to come."""
    path = f"{ROOT}/kernel:{kernel.name}"
    if path in {sums.scope for sums in ledger.audit().scopes}:
        return path
    return ledger.add_scope(f"kernel:{kernel.name}", cap=max(0, ledger.available()) // kernels_left)


def _one(
    kernel: SuiteKernel,
    given: Settings,
    folder: RunFolder,
    ledger: Ledger,
    scope: str,
    listener: KernelListener,
) -> KernelResult:
    """One kernel, whatever becomes of it."""
    started = time.monotonic()
    root = folder.path("kernels", kernel.name)
    try:
        outcome = _outcome(kernel, given, root, ledger, scope, listener)
    except Interrupted:
        raise
    except Exception as error:  # its score is 1, its reason is in the table
        return KernelResult(
            name=kernel.name,
            category=kernel.category,
            status="failed",
            built=False,
            correct=False,
            seconds=time.monotonic() - started,
            reason=f"{type(error).__name__}: {error}",
        )
    return KernelResult(
        name=kernel.name,
        category=kernel.category,
        status=outcome.status,
        built=True,
        correct=True,
        speedup=outcome.speedup,
        interval=outcome.interval,
        sizes=outcome.sizes,
        seconds=outcome.seconds,
        spent_usd=Decimal(outcome.spent_usd),
        reason=outcome.strategy or "; ".join(outcome.reasons),
    )


def _outcome(
    kernel: SuiteKernel,
    given: Settings,
    root: Path,
    ledger: Ledger,
    scope: str,
    listener: KernelListener,
) -> Outcome:
    def listen(event: Event) -> None:
        listener(kernel.name, event)

    if (root / "run.json").exists():
        return resume(root, listener=listen, ledger=ledger, scope=scope)
    chosen = given.model_copy(update={"out": root, "contract": kernel.contract})
    return optimize(kernel.path, given=chosen, listener=listen, ledger=ledger, scope=scope)
