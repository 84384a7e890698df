"""What the nodes work with and what is not plain data: it comes in through the runtime."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, ClassVar

from langgraph.config import get_config, get_stream_writer
from langgraph.runtime import Runtime

from parallel_agent.agent.events import Event, Kind
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.run_folder import LEDGER, RUNS, RunFolder
from parallel_agent.agent.subject import Study, Subject, reference_of
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import usd_to_nano
from parallel_agent.kernel.contract import Contract
from parallel_agent.measurement.lane import Lane
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler


class Context:
    """The run folder, the ledger, the compiler and the lane of one run.

    ``scope`` is the ledger's scope that all spending of this run goes to.
    """

    # A dataclass for type checkers only, as LangGraph's annotations ask for. At run time LangGraph
    # would make a dataclass of whatever mapping a server sends as context: see `context_of`.
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init__(
        self, settings: Settings, folder: RunFolder, ledger: Ledger, scope: str, compiler: Compiler
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.ledger = ledger
        self.scope = scope
        self.compiler = compiler
        self.lane = Lane()
        self._subject: Subject | None = None
        self._loading = threading.Lock()

    @classmethod
    def open(
        cls,
        given: Settings,
        folder: RunFolder,
        *,
        ledger: Ledger | None = None,
        scope: str | None = None,
    ) -> Context:
        """The context of a run in ``folder``, new or resumed.

        Without a ledger the run has an account of its own in its folder, with the budget as cap.
        What was in flight when the run stopped is counted in full. Raises CompilerMissing.
        """
        if ledger is None or scope is None:
            path = folder.path(LEDGER)
            cap = usd_to_nano(given.budget)
            ledger = Ledger.open(path) if path.exists() else Ledger.create(path, cap)
            scope = "account"
            ledger.forfeit_open("the run stopped while this was in flight")
        compiler = Compiler.find(given.cxx, given.cxxflags)
        return cls(given, folder, ledger, scope, compiler)

    def emit(self, kind: Kind, message: str = "", **fields: Any) -> None:
        """Tell what happened: to ``events.jsonl`` and to whoever streams the graph."""
        names = ("branch", "candidate")
        place = {name: fields.pop(name) for name in names if name in fields}
        event = Event(kind=kind, message=message, data=fields, **place)
        self.folder.log(event)
        get_stream_writer()(event.model_dump(mode="json"))

    @property
    def subject(self) -> Subject:
        """The kernel, contract and study as they lie in the run folder, read once a process."""
        with self._loading:
            if self._subject is None:
                self._subject = self._load_subject()
            return self._subject

    def _load_subject(self) -> Subject:
        study = Study.model_validate_json(self.folder.read("original", "study.json"))
        parsed = take_in(self.folder.read("original.cpp"), study.kernel, self.compiler)
        contract = Contract.from_toml(self.folder.read("contract.toml"))
        binary = self.folder.path("original", "optimized")
        reference = reference_of(parsed, contract, binary, self.settings.seed, study)
        return Subject(parsed, contract, study, reference)


_ambient: dict[str, Context] = {}
_opening = threading.Lock()


def context_of(runtime: Runtime[Context]) -> Context:
    """The runtime's context; on a LangGraph server one for each thread.

    There the context is what a request may hold: settings by name, or nothing.
    """
    context = _context_of(runtime)
    sandbox.choose(no_sandbox=context.settings.no_sandbox)
    return context


def _context_of(runtime: Runtime[Context]) -> Context:
    sent: Any = runtime.context
    if isinstance(sent, Context):
        return sent
    thread = str(get_config()["configurable"].get("thread_id", "default"))
    with _opening:
        if thread not in _ambient:
            given = load_settings(**(sent or {}))
            root = given.out or Path.cwd() / RUNS / f"thread-{thread}"
            fresh = not (root / "run.json").exists()
            folder = RunFolder.create(root, thread) if fresh else RunFolder.open(root)
            if fresh:
                folder.write_json(given.model_dump(mode="json"), "run.json")
            _ambient[thread] = Context.open(given, folder)
        return _ambient[thread]
