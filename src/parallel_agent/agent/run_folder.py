"""The folder of evidence of one run. Every file is written whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from parallel_agent.agent.events import Event

RUNS = Path(".parallel-agent") / "runs"
LEDGER = "ledger.sqlite"
REPORT = "report.html"
TEMPLATE = "contract.template.toml"
_LEFTOVERS = {"lock", TEMPLATE}
"""What a folder may hold that a run begins in."""


class FolderError(OSError):
    """A folder that cannot be used. ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class RunFolder:
    """Paths and files of one run. While it is open, no other process can open it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock: IO[str] | None = None
        self._made: list[Path] = []
        self._writing = threading.Lock()

    @classmethod
    def create(cls, root: Path | None, name: str) -> RunFolder:
        """A fresh folder, ``root`` or a new one under ``.parallel-agent/runs/``.

        Raises FolderError if it cannot be written, holds a run already, or holds other files.
        """
        if root is None:
            stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
            root = RUNS / f"{stamp}-{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}-{os.getpid()}"
        folder = cls(root)
        folder._made = [parent for parent in root.parents if not parent.exists()]
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(
                f"cannot write to the folder {root}: {error.strerror}",
                "Give a folder that you may write to with --out",
            ) from None
        folder.lock()
        held = {path.name for path in root.iterdir()} - _LEFTOVERS
        if not held:
            return folder
        folder.unlock()
        if "run.json" in held:
            raise FolderError(
                f"the folder {root} holds a run already",
                f"Go on with it: parallel-agent resume {root}, or give another --out",
            )
        (root / "lock").unlink(missing_ok=True)
        raise FolderError(
            f"the folder {root} is not empty", "Give an empty folder, or one to be made, with --out"
        )

    @classmethod
    def open(cls, root: Path) -> RunFolder:
        """The folder of an existing run; FolderError if there is none or it is in use."""
        folder = cls(root)
        if not (root / "run.json").is_file():
            raise FolderError(f"there is no run in {root}", "Give the folder of a run")
        folder.lock()
        folder.drop_cut_line("events.jsonl")
        return folder

    def lock(self) -> None:
        """Keep every other process out until `unlock`; FolderError if one is in."""
        try:
            lock = (self.root / "lock").open("a", encoding="utf-8")
        except OSError as error:
            raise FolderError(
                f"cannot write to the folder {self.root}: {error.strerror}",
                "Give a folder that you may write to with --out",
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise FolderError(
                f"another run is at work in {self.root}",
                "Wait until it is done, or give another --out",
            ) from None
        self._lock = lock

    def unlock(self) -> None:
        """Let other processes in again."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def discard(self) -> None:
        """Remove the folder: nothing in it is worth keeping. It was empty when the run began.

        So are those above it removed that were made for it, where nothing else is in them by now.
        """
        self.unlock()
        shutil.rmtree(self.root, ignore_errors=True)
        with suppress(OSError):
            for parent in self._made:
                parent.rmdir()

    def path(self, *parts: str) -> Path:
        """A path inside the folder, made absolute; its directory exists."""
        path = self.root.absolute().joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def exists(self, *parts: str) -> bool:
        """Whether there is such a file."""
        return self.root.joinpath(*parts).exists()

    def write(self, text: str, *parts: str) -> Path:
        """Write a text file: afterwards it is there whole, or it is as it was before."""
        path = self.path(*parts)
        fresh = path.with_name(f".{path.name}.{threading.get_ident()}")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        return path

    def read(self, *parts: str) -> str:
        """The text of a file."""
        return self.root.joinpath(*parts).read_text(encoding="utf-8")

    def write_json(self, data: Any, *parts: str) -> Path:
        """Write JSON data, indented."""
        return self.write(json.dumps(data, indent=2) + "\n", *parts)

    def read_json(self, *parts: str) -> Any:
        """The JSON data of a file."""
        return json.loads(self.read(*parts))

    def log(self, event: Event) -> None:
        """Append an event to ``events.jsonl``."""
        with self._writing, self.path("events.jsonl").open("a", encoding="utf-8") as file:
            file.write(event.model_dump_json() + "\n")

    def events(self) -> list[Event]:
        """Every event so far."""
        if not self.exists("events.jsonl"):
            return []
        return [Event.model_validate_json(line) for line in self.read("events.jsonl").splitlines()]

    def drop_cut_line(self, name: str) -> None:
        """Drop a last line that a crash cut short, so that the next one has a line of its own."""
        if self.exists(name):
            whole, newline, cut = self.read(name).rpartition("\n")
            if cut:
                self.write(whole + newline, name)

    def claim(self, kind: str, key: str, owner: str) -> str:
        """Be the first with ``key``: returns the owner, which is ``owner`` if nobody was before.

        Claims outlive the process, so that after a crash a step finds its own again.
        """
        path = self.path("claims", f"{kind}-{key}")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(owner)
        except FileExistsError:
            return path.read_text(encoding="utf-8") or owner
        return owner
