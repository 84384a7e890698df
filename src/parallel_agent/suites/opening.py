"""The folder of a suite: a new one, or that of the same suite, to go on in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from parallel_agent.agent.run_folder import LEDGER, FolderError, RunFolder
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import usd_to_nano
from parallel_agent.budget.scopes import ROOT
from parallel_agent.kernel.source import with_standard_headers
from parallel_agent.settings import Settings
from parallel_agent.suites.environment import settings_before, told_settings
from parallel_agent.suites.suite import SuiteKernel

SUITE = "suite.name"
_MAY_CHANGE = ("budget", "memory", "server")
_ELSE = "or give another --out"


def open_folder(name: str, given: Settings) -> RunFolder:
    """The suite's folder, locked: new, or that of an interrupted run of the same suite.

    Raises FolderError for a folder that holds something else, or ran with other settings.
    """
    if given.out is None or not (given.out / SUITE).exists():
        folder = RunFolder.create(given.out, f"suite-{name.replace(':', '-')}")
        folder.write(name, SUITE)
        return folder
    folder = RunFolder(given.out)
    folder.lock()
    try:
        _check_same(folder, name, given)
    except FolderError:
        folder.unlock()
        raise
    return folder


def find_kernels(find: Callable[[Path], list[SuiteKernel]], folder: RunFolder) -> list[SuiteKernel]:
    """The suite's kernels; where there are none, a new folder goes again.

    Raises what ``find`` raises, and FolderError where the folder holds another kernel of one's name.
    """
    try:
        kernels = find(folder.root / "sources")
    except Exception:
        if not folder.exists(LEDGER):
            folder.discard()
        raise
    _check_kernels(folder, kernels)
    return kernels


def open_ledger(folder: RunFolder, given: Settings) -> Ledger:
    """The suite's account with the budget as its cap. Raises CapTooLow for one below what is spent."""
    path, cap = folder.path(LEDGER), usd_to_nano(given.budget)
    if not path.exists():
        return Ledger.create(path, cap)
    ledger = Ledger.open(path)
    ledger.forfeit_open("the suite stopped while this was in flight")
    if ledger.sums().cap != cap:
        ledger.raise_cap(ROOT, cap)
    return ledger


def run_folder(folder: RunFolder, kernel: str) -> Path:
    """The folder of a kernel's run."""
    return folder.path("kernels", kernel)


def _check_same(folder: RunFolder, name: str, given: Settings) -> None:
    held = folder.read(SUITE)
    if Path(held) != Path(name):
        raise FolderError(
            f"the folder {folder.root} holds a run of the suite '{held}', not of '{name}'",
            f"Go on with '{held}', {_ELSE}",
        )
    now = told_settings(given)
    for key, before in settings_before(folder).items():
        if key not in _MAY_CHANGE and before != now.get(key):
            raise FolderError(
                f"the suite in {folder.root} ran with {key} = {_shown(before)}, "
                f"not {_shown(now.get(key))}",
                f"Give the same options as then (--budget may be another one), {_ELSE}",
            )


def _check_kernels(folder: RunFolder, kernels: Sequence[SuiteKernel]) -> None:
    """That every run in the folder is one of these kernels, with the text that it has now."""
    known = {kernel.name: kernel for kernel in kernels}
    for original in sorted(folder.root.glob("kernels/*/original.cpp")):
        name = original.parent.name
        kernel = known.get(name)
        if kernel is None:
            raise FolderError(
                f"the suite in {folder.root} has a kernel '{name}', which is there no more",
                f"Put it back, {_ELSE}",
            )
        now, then = (
            path.read_text(encoding="utf-8", errors="replace") for path in (kernel.path, original)
        )
        if then not in (now, with_standard_headers(now)):  # a run adds includes that lack
            raise FolderError(
                f"{kernel.path} is another text than that of '{name}' in {folder.root}",
                f"Put the old text back, {_ELSE}",
            )


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
