"""Running the graph: `optimize` and `resume`, without the report that comes after."""

from __future__ import annotations

import contextvars
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any, cast

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.types import StateSnapshot

from parallel_agent.agent.closing import promising
from parallel_agent.agent.context import Context
from parallel_agent.agent.events import Event
from parallel_agent.agent.graph import build_graph
from parallel_agent.agent.intake import read_source, with_contract_beside
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.paying import note_account
from parallel_agent.agent.run_folder import LEDGER, TEMPLATE, FolderError, RunFolder
from parallel_agent.agent.serving import plan_servers, served, served_otherwise
from parallel_agent.agent.state import RunInput, RunState
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import NanoUSD, usd_to_nano
from parallel_agent.budget.policy import POLICIES
from parallel_agent.budget.scopes import ROOT
from parallel_agent.chat.catalog import find_models
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.settings import Settings, SettingsError, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.versions import VERSIONS, python_version, versions

Listener = Callable[[Event], None]
THREAD = "run"
"""The checkpoint thread of a run: every run has a checkpoint file of its own."""


class Interrupted(Exception):
    """The user stopped the run; `resume` goes on. ``best`` is the best source so far, or empty."""

    def __init__(self, run: Path, best: str) -> None:
        super().__init__(f"interrupted; the run so far is in {run}")
        self.run = run
        self.best = best


def ignore(event: Event) -> None:
    """Listen to nothing."""


def optimize(
    source: str | Path,
    *,
    given: Settings | None = None,
    listener: Listener = ignore,
    ledger: Ledger | None = None,
    scope: str | None = None,
    control: RunControl | None = None,
    **overrides: Any,
) -> Outcome:
    """Optimize the kernel in a C++ file; the outcome names the best source and its evidence.

    ``overrides`` are settings by name (``threads=2, budget="0.25"``), used where no ``given``
    settings come. ``listener`` is called with every event. With a ``ledger`` and a ``scope`` all
    spending goes there, else to an account in the run folder with ``budget`` as its cap. Asked
    through ``control`` the run ends after its running step, and Ctrl-C is the caller's then.

    Raises SettingsError, SourceError, ContractError, ContractNeeded, FolderError, CompilerMissing,
    SandboxUnavailable, BuildError or WorkerError when there is nothing to optimize, UnknownModel or
    PriceUnknown for a model that cannot be asked, CapExceeded where the budget does not pay one
    answer, and Interrupted on Ctrl-C or where ``control`` asks.
    """
    chosen = given if given is not None else load_settings(**overrides)
    check_choices(chosen)
    with begun(Path(source), chosen, ledger=ledger, scope=scope) as (context, text):
        return run_graph(context, RunInput(source=text), listener, control=control)


@contextmanager
def begun(
    path: Path, given: Settings, *, ledger: Ledger | None = None, scope: str | None = None
) -> Iterator[tuple[Context, str]]:
    """A new run in a folder of its own, which is locked in here, with the text of its source.

    The folder is removed again where a run ends by an error before anything worth keeping is in it.
    Raises what `optimize` raises.
    """
    text = read_source(path)
    chosen = with_contract_beside(given, path)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    Compiler.find(chosen.cxx, chosen.cxxflags)
    folder = RunFolder.create(chosen.out, path.stem)
    try:
        folder.write(text, "original.cpp")
        folder.write_json(chosen.model_dump(mode="json"), "run.json")
        folder.write_json({"python": python_version(), **versions()}, VERSIONS)
        if ledger is not None and scope is not None:
            note_account(folder, ledger, scope)
        yield Context.open(chosen, folder, ledger=ledger, scope=scope), text
    except Interrupted:
        raise
    except ContractNeeded as needed:
        folder.discard()
        needed.add_note(str(folder.write(needed.template, TEMPLATE)))
        raise
    except Exception:
        if not folder.exists("original", "study.json"):
            folder.discard()
        raise
    finally:
        folder.unlock()


def check_choices(given: Settings) -> None:
    """Find what is wrong with the models, prices and policy of a run before anything is done.

    Raises UnknownModel, PriceUnknown and SettingsError, and what `plan_servers` does.
    """
    find_models(given.model, given.price)
    plan_servers(given)
    if given.policy not in POLICIES:
        known = ", ".join(POLICIES)
        raise SettingsError(f"policy: '{given.policy}' is not known, only {known}")


def resume(
    run: str | Path,
    *,
    budget: Decimal | str | None = None,
    memory: str | None = None,
    server: str | None = None,
    listener: Listener = ignore,
    ledger: Ledger | None = None,
    scope: str | None = None,
    control: RunControl | None = None,
) -> Outcome:
    """Go on with a run that was interrupted or killed; a finished one gives its outcome again.

    No candidate that was examined or timed is examined or timed again, and no answer that was paid
    for is bought again. A ``budget`` above the one of before, in US dollars, raises the cap of the
    run's own account; a finished run then goes on, too, and so it does with another ``memory`` or
    ``server`` for models on this machine. Raises FolderError if there is no run in
    the folder or another process is at work in it, CapTooLow for a budget below what is spent, and
    what `optimize` raises.
    """
    folder = RunFolder.open(Path(run))
    try:
        given = Settings(**folder.read_json("run.json"))
        if budget is not None and folder.exists("outcome.json") and folder.exists("project"):
            raise FolderError(
                f"the run in {folder.root} is finished, and its copies of the project are gone",
                "Start a new run with the larger --budget",
            )
        raised = budget is not None and _raise_cap(folder, usd_to_nano(budget))
        changed = served_otherwise(given, memory, server)
        if folder.exists("outcome.json") and not raised and changed == given:
            return Outcome.model_validate_json(folder.read("outcome.json"))
        reopen = raised or changed != given
        if raised:
            changed = changed.model_copy(update={"budget": Decimal(str(budget))})
        if reopen:
            given = changed
            plan_servers(given)
            folder.write_json(given.model_dump(mode="json"), "run.json")
        sandbox.choose(no_sandbox=given.no_sandbox)
        context = Context.open(given, folder, ledger=ledger, scope=scope)
        return run_graph(context, None, listener, reopen=reopen, control=control)
    finally:
        folder.unlock()


def _raise_cap(folder: RunFolder, cap: NanoUSD) -> bool:
    """Raise the cap of the run's account; whether it is another one than before."""
    path = folder.path(LEDGER)
    if not path.exists():
        raise FolderError(
            f"the run in {folder.root} has no account of its own",
            "Raise the cap of the suite that it is a part of",
        )
    ledger = Ledger.open(path)
    if ledger.sums().cap == cap:
        return False
    ledger.forfeit_open("the run stopped while this was in flight")
    ledger.raise_cap(ROOT, cap)
    return True


def run_graph(
    context: Context,
    given: RunInput | None,
    listener: Listener,
    *,
    reopen: bool = False,
    control: RunControl | None = None,
) -> Outcome:
    """Run the graph to its end; with ``reopen`` a finished one goes on with more money."""
    change = _reopened if reopen else _unchanged
    return Outcome.model_validate(stream(context, given, listener, change, control)["outcome"])


def stream(
    context: Context,
    given: RunInput | None,
    listener: Listener,
    change: Callable[[StateSnapshot], tuple[dict[str, Any], str] | None],
    control: RunControl | None = None,
) -> RunState:
    """Run the graph to where it ends, and give its state; ``change`` may alter the state before.

    ``change`` is shown the state and answers with an update and the node that it seems to be from.
    Raises Interrupted where ``control`` is asked to drain; without one on Ctrl-C. It may be called in
    a node or tool of another graph: that graph's context variables do not reach this one, which
    would take itself for a part of it, and leave its checkpoints there.
    """
    return contextvars.Context().run(_stream, context, given, listener, change, control)


def _stream(
    context: Context,
    given: RunInput | None,
    listener: Listener,
    change: Callable[[StateSnapshot], tuple[dict[str, Any], str] | None],
    control: RunControl | None,
) -> RunState:
    folder, watched = context.folder, control is None

    def tell(text: str) -> None:
        event = Event(kind="stage", message=text)
        folder.log(event)
        listener(event)

    control = control or RunControl()
    database = folder.path("checkpoint.sqlite")
    with (
        closing(sqlite3.connect(database, check_same_thread=False)) as connection,
        _drained_by_interrupt(control, listener) if watched else nullcontext(),
        served(context.settings, folder.root, tell),
    ):
        saver = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=()))
        graph = build_graph(saver)
        config: Any = {
            "configurable": {"thread_id": THREAD},
            # One place more than branches at work: waiting for events takes a place, too.
            "max_concurrency": max(context.settings.thread_count, context.settings.branches) + 1,
            "recursion_limit": 10_000,
        }
        if given is None and graph.get_state(config).created_at is None:
            given = RunInput(source=folder.read("original.cpp"))
        if changed := change(graph.get_state(config)):
            graph.update_state(config, changed[0], as_node=changed[1])
        try:
            for _, event in graph.stream(
                given,
                config,
                context=context,
                stream_mode="custom",
                subgraphs=True,
                durability="sync",
                control=control,
            ):
                listener(Event.model_validate(event))
        except GraphDrained:
            raise Interrupted(folder.root, _best_so_far(folder, graph, config)) from None
        return cast(RunState, graph.get_state(config).values)


def _unchanged(state: StateSnapshot) -> None:
    """Go on as it is."""


def _reopened(state: StateSnapshot) -> tuple[dict[str, Any], str] | None:
    """Let the planner decide once more where the run was at its end: there is more money now."""
    if state.created_at is None or state.next:
        return None
    forgiven = len(state.values.get("trials", []))
    return {"funded": [], "refused": [], "forgiven": forgiven, "settled": False}, "branch"


def _best_so_far(folder: RunFolder, graph: Any, config: Any) -> str:
    known = promising(graph.get_state(config).values.get("candidates", {}))
    found = [record for record in known if record["better"]]
    if not found:
        return ""
    source = folder.read("candidates", found[0]["id"], "candidate.cpp")
    return str(folder.write(source, "best.cpp"))


@contextmanager
def _drained_by_interrupt(control: RunControl, listener: Listener) -> Iterator[None]:
    """The first Ctrl-C asks the graph to stop after the running step, the second kills."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # a job in the background
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return

    def drain(number: int, frame: FrameType | None) -> None:
        control.request_drain("interrupted by the user")
        listener(Event(kind="note", message="stopping after this step; Ctrl-C again stops at once"))
        signal.signal(number, previous)

    previous = signal.signal(signal.SIGINT, drain)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
