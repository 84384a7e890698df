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
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.serving import served, server_notes
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd, usd_to_nano
from parallel_agent.budget.scopes import ROOT
from parallel_agent.settings import Settings
from parallel_agent.suites.curve import curve
from parallel_agent.suites.environment import record_environment
from parallel_agent.suites.find import find_suite
from parallel_agent.suites.member import Member
from parallel_agent.suites.opening import find_kernels, open_folder, open_ledger, run_folder
from parallel_agent.suites.page import report_suite
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import score
from parallel_agent.suites.spending import spend
from parallel_agent.suites.stored import write_result
from parallel_agent.suites.suite import SuiteKernel
from parallel_agent.suites.telling import Teller
from parallel_agent.suites.worked import WHOLE, Worked, signs_of_life
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
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
    or paid for is not again. Raises SettingsError for an unknown suite, FolderError for a folder that
    cannot be used or holds another suite, other kernels or other settings but the budget,
    CompilerMissing, and Interrupted on Ctrl-C.
    """
    check_choices(given)
    sandbox.choose(no_sandbox=given.no_sandbox)
    cpu = time.process_time()
    Compiler.find(given.cxx, given.cxxflags)
    folder = open_folder(name, given)
    try:
        kernels = find_kernels(find or (lambda prepared: find_suite(name, prepared)), folder)
        ledger = open_ledger(folder, given)
        record_environment(folder, name, given)
        halt, worked = threading.Event(), Worked(folder)
        members = [
            Member(kernel, _governed(kernel, given, folder, ledger, listener), halt, worked)
            for kernel in kernels
        ]
        with (
            worked.on(WHOLE),
            _drained_by_interrupt(members, halt, listener),
            served(
                given, folder.root, lambda text: listener("", Event(kind="stage", message=text))
            ),
        ):
            teller = Teller(members, ledger, listener)
            side_by_side(
                teller.told(FREE, [(member.kernel.name, member.free) for member in members]), jobs
            )
            spend(
                members,
                given,
                Account(ledger, ROOT),
                listener,
                lambda steps: side_by_side(teller.told(PAID, steps), given.branches),
            )
            side_by_side(
                teller.told(CLOSING, [(member.kernel.name, member.close) for member in members]),
                jobs,
            )
            notes = [*sandbox.notes(), *server_notes(given)]
        seconds = worked.seconds(lambda name: signs_of_life(folder.root, name))
        results = tuple(member.result(seconds.get(member.kernel.name, 0.0)) for member in members)
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
            seconds=seconds[WHOLE],
            own_cpu_seconds=time.process_time() - cpu,
            curve=curve({k.name: run_folder(folder, k.name) for k in kernels}, ledger.spent()),
            notes=notes,
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


def _governed(
    kernel: SuiteKernel,
    given: Settings,
    folder: RunFolder,
    ledger: Ledger,
    listener: KernelListener,
) -> GovernedRun:
    """The kernel's run in the suite's folder; it has a scope of its own, and no cap but the set's."""
    told = {
        "out": run_folder(folder, kernel.name),
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
