"""The account that a run spends from: one of its own, or a part of one that others spend from, too."""

from __future__ import annotations

import os

from parallel_agent.agent.run_folder import LEDGER, FolderError, RunFolder
from parallel_agent.budget.amount import Cap
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import usd_to_nano
from parallel_agent.budget.scopes import ROOT
from parallel_agent.settings import Settings

ACCOUNT = "account.json"
"""In the folder of a run without an account of its own: where the account is, and the run's scope."""
_STOPPED = "the run stopped while this was in flight"


def cap_of(given: Settings) -> Cap:
    """What the settings allow: the budget, and where they are given, tokens and models' time."""
    seconds = given.max_time
    return Cap(
        usd_to_nano(given.budget),
        given.max_tokens_total,
        None if seconds is None else round(seconds * 1000),
    )


def note_account(folder: RunFolder, ledger: Ledger, scope: str) -> None:
    """Keep in a run's folder whose account it spends from, so that a resume spends from no other."""
    place = os.path.relpath(ledger.path, folder.root.absolute())
    folder.write_json({"ledger": place, "scope": scope}, ACCOUNT)


def account_of(folder: RunFolder, given: Settings) -> tuple[Ledger, str]:
    """The account of a run, and the scope of it that is the run's; one of its own where none is noted.

    What was in flight there when the run stopped is counted in full. Raises FolderError where the
    account that was noted is gone.
    """
    if folder.exists(ACCOUNT):
        noted = folder.read_json(ACCOUNT)
        path, scope = folder.root.absolute() / noted["ledger"], str(noted["scope"])
        if not path.is_file():
            raise FolderError(
                f"the account of the run in {folder.root} is gone: {path}",
                "Put it back: without it nobody knows what may still be spent",
            )
        ledger = Ledger.open(path)
    else:
        path, scope = folder.path(LEDGER), ROOT
        ledger = Ledger.open(path) if path.exists() else Ledger.create(path, cap_of(given))
    ledger.forfeit_open(_STOPPED, scope=scope)
    return ledger, scope
