"""The folder of a desk: whose it is, and what its runs came to."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from pathlib import Path

from parallel_agent.adapters.requests import BadRequest
from parallel_agent.agent.paying import ACCOUNT
from parallel_agent.agent.run_folder import RUNS, TEMPLATE, FolderError
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.scopes import ROOT
from parallel_agent.settings import Settings

NO_MODEL: dict[str, tuple[str, ...]] = {"model": ("rules",), "price": ()}
_OWNERS = ("model", "price", "cxx", "cxxflags", "no_sandbox", "require_race_check", "policy")
"""Settings that only the owner chooses."""
_MARK = "desk.json"


def own_folder(out: Path | None, root: Path) -> Path:
    """The folder of a desk, made where it is not there; a fresh one below ``root`` without ``out``.

    Raises FolderError where it cannot be written, or holds something else.
    """
    if out is None:
        out = root / RUNS / f"{datetime.now():%Y%m%d-%H%M%S}-desk-{secrets.token_hex(3)}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        mine = (out / _MARK).is_file()
        empty = not any(out.iterdir())
        if empty:
            (out / _MARK).write_text('{"desk": 1}\n', encoding="utf-8")
    except OSError as error:
        raise FolderError(
            f"cannot write to the folder {out}: {error.strerror}",
            "Give a folder that you may write to with --out",
        ) from None
    if not (mine or empty):
        raise FolderError(
            f"the folder {out} holds something else",
            "Give an empty folder, or that of the same command before, with --out",
        )
    return out.absolute()


def check_owned(run: Path, ledger: Ledger, owner: Settings) -> None:
    """BadRequest where the files of a run name another account or other models than its owner.

    A caller may have a hand on them by other ways than through the desk.
    """
    noted, kept = run / ACCOUNT, run / "run.json"
    if not (noted.is_file() and kept.is_file()):
        raise BadRequest(
            f"the run '{run.name}' cannot go on", "Only what optimize or task began can"
        )
    told = json.loads(noted.read_text(encoding="utf-8"))
    given = Settings(**json.loads(kept.read_text(encoding="utf-8")))
    mine = (run / told["ledger"]).resolve() == ledger.path.resolve()
    mine = mine and told["scope"] == f"{ROOT}/call:{run.name}"
    if not (mine and _chosen(given) in (_chosen(owner), {**_chosen(owner), **NO_MODEL})):
        raise BadRequest(
            f"the run '{run.name}' was begun with another account, model or compiler",
            "Begin a new one, or have the owner go on with it: parallel-agent resume",
        )


def _chosen(given: Settings) -> dict[str, object]:
    return {name: getattr(given, name) for name in _OWNERS}


def status_of(run: Path) -> str:
    """What became of a run, in a word or two."""
    for file, key, words in (
        ("outcome.json", "status", {}),
        ("verdict.json", "accepted", {True: "accepted", False: "rejected"}),
    ):
        if (run / file).is_file():
            said = json.loads((run / file).read_text(encoding="utf-8"))[key]
            return str(words.get(said, said))
    if (run / TEMPLATE).is_file():
        return "a contract is needed"
    return "not finished: resume it" if (run / "checkpoint.sqlite").is_file() else "timed"
