"""What other agents have done: in one folder, on one account, with files below one root."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.adapters.confinement import confined, read_confined
from parallel_agent.adapters.desk_folder import NO_MODEL, check_owned, own_folder, status_of
from parallel_agent.adapters.requests import (
    BadRequest,
    KernelRequest,
    OptimizeRequest,
    ProfileRequest,
    RunRequest,
    SessionRequest,
    SubmitRequest,
    TaskRequest,
    ThreadedRequest,
    VerifyRequest,
)
from parallel_agent.agent.awaiting import RunControl
from parallel_agent.agent.contract_of_file import contract_of
from parallel_agent.agent.contracting import FoundContract
from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.paying import cap_of
from parallel_agent.agent.profile import Profiled, profile
from parallel_agent.agent.program_verify import is_program, verify_program
from parallel_agent.agent.run import Interrupted, check_choices
from parallel_agent.agent.run_folder import LEDGER, REPORT, FolderError
from parallel_agent.agent.session import Session, Submitted, Task
from parallel_agent.agent.verify import Verification, verify
from parallel_agent.budget.amount import amount_json
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd
from parallel_agent.budget.scopes import ROOT
from parallel_agent.report.html.written import report_of
from parallel_agent.runs import optimize, resume
from parallel_agent.settings import Settings

Listener = Callable[[Event], None]


class Budget(BaseModel):
    """The account of a desk, and what was done at it.

    US dollars as decimal strings, and tokens and seconds of models' time, None where they have no cap.
    """

    model_config = ConfigDict(frozen=True)

    cap_usd: str
    spent_usd: str
    reserved_usd: str
    left_usd: str
    spent_tokens: int
    cap_tokens: int | None
    left_tokens: int | None
    spent_seconds: float
    cap_seconds: float | None
    left_seconds: float | None
    account: str
    runs: dict[str, str]


class Desk:
    """Does what callers ask for, as its owner allows; any number of threads may call it.

    The owner's settings name models, prices, compiler and the most threads; the caps are for all
    calls together, and for those of every desk in the same folder.
    """

    def __init__(self, given: Settings, root: Path, ledger: Ledger, folder: Path) -> None:
        self._given = given
        self.root = root
        self.ledger = ledger
        self.folder = folder
        self._naming = threading.Lock()
        self._sessions: dict[str, Session] = {}

    @classmethod
    def open(cls, given: Settings, root: str | Path = ".") -> Desk:
        """A desk in ``given.out``, new or as it was left, or in a fresh folder below the root.

        One that was left goes on with what it spent, under the caps of now (on tokens and time those
        of before, where none are given). Raises SettingsError,
        UnknownModel, PriceUnknown, CapTooLow for a cap below what is spent, and FolderError for a
        root that is no folder or an ``out`` that holds something else.
        """
        check_choices(given)
        real = Path(root).resolve()
        if not real.is_dir():
            raise FolderError(f"there is no folder {root}", "Give an existing one with --root")
        folder = own_folder(given.out, real)
        path, cap = folder / LEDGER, cap_of(given)
        try:
            ledger = Ledger.create(path, cap)
        except FileExistsError:
            ledger = Ledger.open(path)
            ledger.raise_cap(ROOT, cap)
        return cls(given, real, ledger, folder)

    def optimize(self, asked: OptimizeRequest, listener: Listener, control: RunControl) -> Outcome:
        """`parallel_agent.optimize`; raises what that raises, and BadRequest."""
        source, given = self._taken_in(asked)
        scope = self.ledger.add_scope(f"call:{source.parent.name}")
        if asked.free_only:
            given = given.model_copy(update=NO_MODEL)
        return optimize(
            source,
            given=given,
            listener=listener,
            ledger=self.ledger,
            scope=scope,
            control=control,
        )

    def resume(self, asked: RunRequest, listener: Listener, control: RunControl) -> Outcome:
        """`parallel_agent.resume` of a run of this desk; raises what that raises, and BadRequest."""
        run = self.run(asked)
        check_owned(run, self.ledger, self._given)
        return resume(run, listener=listener, control=control)

    def verify(self, asked: VerifyRequest, listener: Listener, control: RunControl) -> Verification:
        """`parallel_agent.verify`, or `verify_program` where the original has a main."""
        source, given = self._taken_in(asked)
        candidate = self._candidate(asked, given)
        assert candidate is not None
        whole = is_program(source, given, asked=False)
        check = verify_program if whole else verify
        return check(source, candidate, given=given, listener=_stoppable(listener, control))

    def profile(self, asked: ProfileRequest, listener: Listener, control: RunControl) -> Profiled:
        """Measure an original, and a candidate against it."""
        source, given = self._taken_in(asked)
        candidate = self._candidate(asked, given)
        told = _stoppable(listener, control)
        return profile(source, candidate, given=given, listener=told)

    def contract(
        self, asked: KernelRequest, listener: Listener, control: RunControl
    ) -> FoundContract:
        """The contract of a kernel, found or checked."""
        source, given = self._taken_in(asked)
        told = _stoppable(listener, control)
        return contract_of(source, given, lambda text: told(Event(kind="stage", message=text)))

    def begin(self, asked: TaskRequest, listener: Listener, control: RunControl) -> Task:
        """Begin a session, whose name is that of its run; raises what `Session.task` raises."""
        source, given = self._taken_in(asked)
        scope = self.ledger.add_scope(f"call:{source.parent.name}")
        session = Session(
            source,
            given=given.model_copy(update=NO_MODEL),
            ledger=self.ledger,
            scope=scope,
        )
        self._sessions[source.parent.name] = session
        with session.heard(_draining(session, listener, control)):
            return session.task()

    def submit(self, asked: SubmitRequest, listener: Listener, control: RunControl) -> Submitted:
        """`Session.submit`; raises what that raises, and BadRequest."""
        session = self._session(asked.session)
        text = asked.source
        if asked.file is not None:
            text = read_confined(asked.file, self.root)
        with session.heard(_draining(session, listener, control)):
            return session.submit(
                text or "", strategy=asked.strategy, parent=asked.parent, why=asked.why
            )

    def finish(self, asked: SessionRequest, listener: Listener, control: RunControl) -> Outcome:
        """`Session.finish`; raises what that raises, and BadRequest."""
        session = self._session(asked.session)
        with session.heard(_draining(session, listener, control)):
            return session.finish()

    def budget(self) -> Budget:
        """What is spent and what is left, and the runs so far."""
        sums = self.ledger.sums()
        found = sorted(path for path in (self.folder / "runs").glob("*") if any(path.iterdir()))
        return Budget(
            **amount_json("cap", sums.cap),
            **amount_json("spent", sums.spent),
            **amount_json("left", self.ledger.available().at_least_nothing()),
            reserved_usd=format_usd(sums.outstanding.nano_usd),
            account=str(self.ledger.path),
            runs={path.name: status_of(path) for path in found},
        )

    def run(self, asked: RunRequest) -> Path:
        """The folder of a run of this desk; BadRequest where there is none of that name."""
        runs = self.budget().runs
        if asked.run not in runs:
            known = ", ".join(runs) or "none so far"
            raise BadRequest(f"there is no run '{asked.run}'", f"The runs are: {known}")
        return self.folder / "runs" / asked.run

    def page(self, asked: RunRequest, listener: Listener) -> Path | None:
        """The report of a run as an HTML file, drawn where there is none yet; None if it cannot be.

        Raises BadRequest as `run` does.
        """
        page = self.run(asked) / REPORT
        if not page.is_file():
            report_of(page.parent, listener)
        return page if page.is_file() else None

    def _session(self, name: str) -> Session:
        """The session of that name, also one of a desk that was here before."""
        with self._naming:
            if name not in self._sessions:
                folder = self.run(RunRequest(run=name))
                check_owned(folder, self.ledger, self._given)
                given = self._given.model_copy(update={**NO_MODEL, "out": folder})
                self._sessions[name] = Session(folder / "original.cpp", given=given)
            return self._sessions[name]

    def _taken_in(self, asked: KernelRequest) -> tuple[Path, Settings]:
        """A copy of the source, which nobody changes any more, and the settings of the call."""
        given, stem = self._given, "source"
        if asked.file is not None:
            text, stem = read_confined(asked.file, self.root), confined(asked.file, self.root).stem
        else:
            text = asked.source or ""
        copies = self._named(asked.kernel or stem)
        out = self.folder / "runs" / copies.name
        source = copies / f"{stem}.cpp"
        source.write_text(text, encoding="utf-8")
        told = {"out": out, "contract": self._contract(asked, copies) or given.contract}
        chosen = asked.model_dump(include={"kernel", "seed", "threads", "effort", "size"})
        told |= {name: value for name, value in chosen.items() if value not in (None, ())}
        if isinstance(asked, ThreadedRequest) and (asked.threads or 1) > given.thread_count:
            raise BadRequest(
                f"threads: {asked.threads} is more than the {given.thread_count} allowed here",
                f"Ask for {given.thread_count} or fewer",
            )
        return source, given.model_copy(update=told)

    def _contract(self, asked: KernelRequest, copies: Path) -> Path | None:
        """A copy of the contract that was named, or that lies beside the file."""
        named = asked.contract
        if named is None and asked.file is not None:
            beside = confined(asked.file, self.root).with_suffix(".toml")
            named = str(beside) if beside.is_file() else None
        if named is None:
            return None
        text, copy = read_confined(named, self.root), copies / "contract.toml"
        copy.write_text(text, encoding="utf-8")
        return copy

    def _candidate(self, asked: VerifyRequest | ProfileRequest, given: Settings) -> Path | None:
        text = asked.candidate
        if asked.candidate_file is not None:
            text = read_confined(asked.candidate_file, self.root)
        if text is None:
            return None
        assert given.out is not None
        copy = self.folder / "sources" / given.out.name / "candidate" / "candidate.cpp"
        copy.parent.mkdir()
        copy.write_text(text, encoding="utf-8")
        return copy

    def _named(self, stem: str) -> Path:
        """A new folder for the sources of a call, whose name is that of its run."""
        plain, sources = re.sub(r"[^A-Za-z0-9_.-]", "_", stem)[:60], self.folder / "sources"
        sources.mkdir(exist_ok=True)
        with self._naming:
            number = sum(1 for _ in sources.iterdir())
            while True:
                number += 1
                try:  # another desk may be in the same folder
                    (path := sources / f"{number:03}-{plain}").mkdir()
                except FileExistsError:
                    continue
                return path


def _stoppable(listener: Listener, control: RunControl) -> Listener:
    """A listener that ends what it listens to where the caller has gone: nothing of it is kept."""

    def told(event: Event) -> None:
        if control.drain_requested:
            raise Interrupted(Path(), "")
        listener(event)

    return told


def _draining(session: Session, listener: Listener, control: RunControl) -> Listener:
    """A listener that has a session's step come to an end where the caller has gone."""

    def told(event: Event) -> None:
        if control.drain_requested:
            session.drain()
        listener(event)

    return told
