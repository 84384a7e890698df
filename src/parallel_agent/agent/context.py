"""What the nodes work with and what is not plain data: it comes in through the runtime."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from langgraph.config import get_config, get_stream_writer
from langgraph.runtime import Runtime

from parallel_agent.agent.events import Event, Kind
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.models import Models
from parallel_agent.agent.paying import account_of
from parallel_agent.agent.project.subject import project_subject
from parallel_agent.agent.project.workshop import Workshop, workshop_of
from parallel_agent.agent.run_folder import RUNS, RunFolder
from parallel_agent.agent.serving import endpoints
from parallel_agent.agent.subject import Study, Subject, reference_of
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd
from parallel_agent.budget.price import Price
from parallel_agent.chat.call import CallRecord
from parallel_agent.chat.catalog import Chosen, find_models
from parallel_agent.chat.metered import Door
from parallel_agent.kernel.contract import Contract
from parallel_agent.measurement.lane import Lane
from parallel_agent.proposers.tasks import KernelFacts
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler

PRICES = "prices.json"
WARN_AT = (0.5, 0.8)
"""Shares of the cap at which the user is told."""


class Context:
    """The run folder, the ledger, the compiler and the lane of one run.

    ``scope`` is the ledger's scope that all spending of this run goes to, ``examining`` lets as
    many candidates through the gates at once as there are threads, ``claiming`` is held while a
    candidate is claimed and stored. ``governed`` is true where someone else gives out the money.
    ``facts`` keeps what models are told of the kernel, once it was gathered.
    """

    # A dataclass for type checkers only, as LangGraph's annotations ask for. At run time LangGraph
    # would make a dataclass of whatever mapping a server sends as context: see `context_of`.
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init__(
        self,
        settings: Settings,
        folder: RunFolder,
        ledger: Ledger,
        scope: str,
        compiler: Compiler,
        models: Models,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.ledger = ledger
        self.scope = scope
        self.compiler = compiler
        self.models = models
        self.door = Door(ledger, on_call=self._called, timeout=settings.request_seconds)
        self.lane = Lane()
        self.examining = threading.BoundedSemaphore(settings.thread_count)
        self.governed = False
        self.facts: KernelFacts | None = None
        self._subject: Subject | None = None
        self._search_began: float | None = None
        self._cpu_before = time.process_time()
        self.claiming = threading.Lock()
        self._loading = threading.Lock()

    @classmethod
    def open(
        cls,
        given: Settings,
        folder: RunFolder,
        *,
        ledger: Ledger | None = None,
        scope: str | None = None,
    ) -> Self:
        """The context of a run in ``folder``, new or resumed.

        Without a ledger the run has the account that its folder names, or one of its own with the
        budget as cap.
        What was in flight when the run stopped is counted in full. Raises CompilerMissing,
        UnknownModel, PriceUnknown, and FolderError where the account is gone.
        """
        models = Models(tuple(_models(given, folder)))
        if ledger is None or scope is None:
            ledger, scope = account_of(folder, given)
        compiler = Compiler.find(given.cxx, given.cxxflags)
        return cls(given, folder, ledger, scope, compiler, models)

    def emit(self, kind: Kind, message: str = "", **fields: Any) -> None:
        """Tell what happened: to ``events.jsonl`` and to whoever streams the graph."""
        names = ("branch", "candidate")
        place = {name: fields.pop(name) for name in names if name in fields}
        event = Event(kind=kind, message=message, data=fields, **place)
        self.folder.log(event)
        get_stream_writer()(event.model_dump(mode="json"))

    def seconds_of_search(self) -> float:
        """How long this process has searched among the free proposer's moves."""
        if self._search_began is None:
            self._search_began = time.monotonic()
        return time.monotonic() - self._search_began

    def own_cpu_seconds(self) -> float:
        """CPU time of this process since the run was opened: compilers and kernels are not in it."""
        return time.process_time() - self._cpu_before

    def _called(self, record: CallRecord) -> None:
        """Tell of a request to a model, and warn where the money comes to an end."""
        sums = self.ledger.sums(self.scope)
        self.emit(
            "call",
            _call_text(record),
            branch=record.scope.rpartition("/branch:")[2] if "/branch:" in record.scope else "",
            **record.model_dump(mode="json", exclude={"amount"}),
            amount_usd=format_usd(record.amount),
            spent_usd=format_usd(sums.spent),
        )
        account = self.ledger.sums()
        for share in WARN_AT:
            if account.cap and account.spent >= share * account.cap:
                self._warn(f"{share:.0%} of the cap of {format_usd(account.cap)} USD is spent")

    def _warn(self, text: str) -> None:
        """Say it, unless it was said before, also by a process that did not live."""
        mine = uuid.uuid4().hex
        if self.folder.claim("note", re.sub(r"[^0-9.]+", "-", text), mine) == mine:
            self.emit("note", text)

    @property
    def isolated(self) -> bool:
        """Whether the kernel can be run by itself; where not, its project's own programs judge it."""
        return self.project is None or self.project.known().isolated

    @property
    def subject(self) -> Subject:
        """The kernel, contract and study as they lie in the run folder, read once a process."""
        with self._loading:
            if self._subject is None:
                self._subject = self._load_subject()
            return self._subject

    @cached_property
    def project(self) -> Workshop | None:
        """The project that the kernel is a part of, where it is."""
        return workshop_of(self.folder, self.settings.thread_count)

    @cached_property
    def study(self) -> Study:
        """The original as it was measured."""
        return Study.model_validate_json(self.folder.read("original", "study.json"))

    def forget(self) -> None:
        """Drop the subject, which takes memory; it is read again where it is asked for."""
        with self._loading:
            self._subject = None

    def _load_subject(self) -> Subject:
        study = self.study
        if not self.isolated:
            return project_subject(self.folder.read("original.cpp"), study, self.settings)
        parsed = take_in(self.folder.read("original.cpp"), study.kernel, self.compiler)
        contract = Contract.from_toml(self.folder.read("contract.toml"))
        binary = self.folder.path("original", "optimized")
        reference = reference_of(parsed, contract, binary, self.settings.seed, study)
        return Subject(parsed, contract, study, reference)


def _models(given: Settings, folder: RunFolder) -> list[Chosen]:
    """The models of a run, at the prices that it began with, which lie in its folder."""
    snapshot = {}
    if folder.exists(PRICES):
        kept = folder.read_json(PRICES)
        snapshot = {ref: Price.model_validate(price) for ref, price in kept.items()}
    served = endpoints(given, folder.root.absolute())
    chosen = find_models(given.model, given.price, snapshot=snapshot, served=served)
    prices = _prices(chosen)
    if prices and not snapshot:
        folder.write_json(prices, PRICES)
    return chosen


def prices_of(given: Settings) -> dict[str, Any]:
    """What the models of the settings cost today, by reference. Raises UnknownModel, PriceUnknown."""
    return _prices(find_models(given.model, given.price))


def _prices(chosen: Iterable[Chosen]) -> dict[str, Any]:
    return {c.ref: c.model.price.model_dump(mode="json") for c in chosen if c.model is not None}


def _call_text(record: CallRecord) -> str:
    """A call in words."""
    said = {
        "answered": "answered",
        "journal": "answered before, and paid then",
        "not_affordable": "not asked, for want of money",
    }.get(record.outcome, f"no answer ({record.outcome.replace('_', ' ')})")
    text = f"{record.model} {said}: {format_usd(record.amount)} USD in {record.seconds:.1f} s"
    return f"{text}; {record.note}" if record.note else text


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
