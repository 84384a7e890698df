"""Running a suite: one account for all kernels, one run folder each, a failing kernel stops nothing."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from parallel_agent.agent.events import Event
from parallel_agent.agent.funding import Account
from parallel_agent.agent.governed import GovernedRun
from parallel_agent.agent.run import Interrupted, check_choices
from parallel_agent.agent.run_folder import LEDGER, FolderError, RunFolder
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd, usd_to_nano
from parallel_agent.budget.scopes import ROOT
from parallel_agent.settings import Settings, SettingsError
from parallel_agent.suites.curve import curve
from parallel_agent.suites.environment import record_environment
from parallel_agent.suites.find import find_suite
from parallel_agent.suites.member import Member
from parallel_agent.suites.page import report_suite
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import score
from parallel_agent.suites.spending import spend
from parallel_agent.suites.stored import write_result
from parallel_agent.suites.suite import SuiteKernel
from parallel_agent.suites.telling import Teller
from parallel_agent.suites.unfinished import NAME
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.pool import Pool

KernelListener = Callable[[str, Event], None]
Step = Callable[[], None]
FREE, PAID, CLOSING = "what is free", "answers of this round", "the best once more"
"""The phases of a suite, as they are told."""


def run_suite(
    name: str,
    given: Settings,
    listener: KernelListener = lambda kernel, event: None,
    *,
    jobs: int = 1,
    find: Callable[[Path], list[SuiteKernel]] | None = None,
) -> SuiteResult:
    """Optimize every kernel of a suite under one cap; without ``find`` the one of that name.

    ``find`` gives the kernels; what it has to write first goes to the folder that it is called with.

    First all that is free is done for every kernel, ``jobs`` kernels at a time; then the money goes
    round by round to the answers that promise most for the score of the whole set; then every kernel's
    best is timed once more. Only timings never run beside anything else.

    With ``out`` set to the folder of a suite that was interrupted, it goes on: what was examined, timed
    or paid for is not again. Raises SettingsError for an unknown suite or another one than the folder's,
    FolderError for a folder that cannot be used, CompilerMissing, and Interrupted on Ctrl-C.
    """
    check_choices(given)
    sandbox.choose(no_sandbox=given.no_sandbox)
    started, cpu = time.monotonic(), time.process_time()
    folder = _open_folder(name, given)
    try:
        kernels = _kernels(find or (lambda prepared: find_suite(name, prepared)), folder)
        ledger = _open_ledger(folder, given)
        record_environment(folder, name, given)
        halt = threading.Event()
        members = [
            Member(kernel, _governed(kernel, given, folder, ledger, listener), halt)
            for kernel in kernels
        ]
        with _drained_by_interrupt(members, halt, listener):
            teller = Teller(members, ledger, listener)
            side_by_side(teller.told(FREE, [member.free for member in members]), jobs)
            spend(
                members,
                given,
                Account(ledger, ROOT),
                listener,
                lambda steps: side_by_side(teller.told(PAID, steps), given.branches),
            )
            side_by_side(teller.told(CLOSING, [member.close for member in members]), jobs)
        results = tuple(member.result() for member in members)
        result = SuiteResult(
            suite=name,
            kernels=results,
            built=sum(result.built for result in results),
            correct=sum(result.built and result.correct for result in results),
            geomean=score(results),
            spent_usd=format_usd(ledger.spent()),
            cap_usd=format_usd(usd_to_nano(given.budget)),
            threads=given.thread_count,
            run=str(folder.root.absolute()),
            seconds=time.monotonic() - started,
            own_cpu_seconds=time.process_time() - cpu,
            curve=curve({k.name: _run_folder(folder, k) for k in kernels}, ledger.spent()),
            notes=sandbox.notes(),
        )
        write_result(folder, result)
        report_suite(folder.root, listener)
        return result
    except Interrupted:
        raise Interrupted(folder.root, "") from None
    finally:
        folder.unlock()


def side_by_side(steps: Sequence[Step], width: int) -> None:
    """Take all steps, ``width`` of them at once; the first error comes out when all have ended."""
    with Pool(width) as pool:
        waiting = [pool.submit(step) for step in steps]
    for step in waiting:
        step.result()


def _open_folder(name: str, given: Settings) -> RunFolder:
    """The suite's folder, new or that of an interrupted run of the same suite."""
    if given.out is None or not (given.out / LEDGER).exists():
        folder = RunFolder.create(given.out, f"suite-{name.replace(':', '-')}")
        folder.write(name, NAME)
        return folder
    folder = RunFolder(given.out)
    folder.lock()
    if folder.exists(NAME) and folder.read(NAME) == name:
        return folder
    folder.unlock()
    raise FolderError(
        f"the folder {given.out} does not hold a run of the suite '{name}'",
        "Go on with the suite that it is of, or give another --out",
    )


def _kernels(find: Callable[[Path], list[SuiteKernel]], folder: RunFolder) -> list[SuiteKernel]:
    """The suite's kernels; where there are none, a new folder goes again."""
    try:
        return find(folder.root / "sources")
    except SettingsError:
        if not folder.exists(LEDGER):
            folder.discard()
        raise


def _open_ledger(folder: RunFolder, given: Settings) -> Ledger:
    path, cap = folder.path(LEDGER), usd_to_nano(given.budget)
    if not path.exists():
        return Ledger.create(path, cap)
    ledger = Ledger.open(path)
    ledger.forfeit_open("the suite stopped while this was in flight")
    if ledger.sums().cap != cap:
        ledger.raise_cap(ROOT, cap)
    return ledger


def _governed(
    kernel: SuiteKernel,
    given: Settings,
    folder: RunFolder,
    ledger: Ledger,
    listener: KernelListener,
) -> GovernedRun:
    """The kernel's run in the suite's folder; it has a scope of its own, and no cap but the set's."""
    told = {
        "out": _run_folder(folder, kernel),
        "contract": kernel.contract,
        "kernel": kernel.function,
    }
    return GovernedRun(
        kernel.path,
        given.model_copy(update=told),
        ledger,
        ledger.add_scope(f"kernel:{kernel.name}"),
        lambda event: listener(kernel.name, event),
    )


def _run_folder(folder: RunFolder, kernel: SuiteKernel) -> Path:
    return folder.path("kernels", kernel.name)


@contextmanager
def _drained_by_interrupt(
    members: Sequence[Member], halt: threading.Event, listener: KernelListener
) -> Iterator[None]:
    """The first Ctrl-C asks every run to stop after its running step, the second kills."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # a job in the background
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return

    def drain(number: int, frame: FrameType | None) -> None:
        halt.set()
        for member in members:
            member.run.drain()
        text = "stopping after this step; Ctrl-C again stops at once"
        listener("", Event(kind="note", message=text))
        signal.signal(number, previous)

    previous = signal.signal(signal.SIGINT, drain)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
