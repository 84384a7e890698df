"""A run of which someone else holds the purse: it does what is free, and buys what it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langgraph.runtime import RunControl
from langgraph.types import StateSnapshot

from parallel_agent.agent.context import Context
from parallel_agent.agent.funding import Market, Offer
from parallel_agent.agent.known import known_of
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.planning import answers_left, offers_of, pay_for
from parallel_agent.agent.run import Listener, begun, stream
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.state import Move, RunInput, RunState
from parallel_agent.budget.ledger import Ledger
from parallel_agent.proposers.chat import SourceTooLong
from parallel_agent.settings import Settings
from parallel_agent.toolchain import sandbox

ORIGIN = "origin.json"
"""In the folder of a run of a suite: what the suite says of the kernel."""
Change = tuple[dict[str, Any], str] | None


class GovernedRun:
    """The run of one kernel of a set, in the folder ``given.out``; its money comes from ``scope``.

    First `free`, then `buy` as often as it pays, then `close`; each goes on from where the folder says
    that the run is. None of them repeats what was examined or timed, or pays twice.
    """

    def __init__(
        self,
        source: Path,
        given: Settings,
        ledger: Ledger | None,
        scope: str | None,
        listener: Listener,
    ) -> None:
        """``given.out`` must be set, and is made if it is not there.

        Without a ledger the run has the account that its folder names, or one of its own.
        """
        assert given.out is not None
        self._source = source
        self._given = given
        self._ledger = ledger
        self._scope = scope
        self._listener = listener
        self._control: RunControl | None = None
        self._context: Context | None = None
        self._state = RunState()

    @property
    def answers(self) -> int:
        """How many answers of models there were."""
        return len(self._state.get("trials", []))

    @property
    def best(self) -> float:
        """The best speedup so far of a candidate that passed every gate; 1 without one."""
        found = self._state.get("candidates", {}).values()
        return max((record["speedup"] for record in found if record["better"]), default=1.0)

    def free(self) -> None:
        """Do all that costs nothing, and end what was paid for before. Raises what `optimize` does."""
        self._go_on(lambda state: None)

    def note_origin(self, origin: dict[str, str]) -> None:
        """Keep in the run's folder where its kernel is from."""
        assert self._context is not None
        self._context.folder.write_json(origin, ORIGIN)

    def market(self, name: str) -> Market | None:
        """What money can buy for this kernel, told from others by ``name``; None for nothing more."""
        if self._context is None or not self._context.models.coders:
            return None
        why, _ = answers_left(self._context, self._state)
        if why:
            return None
        known = known_of(self._state.get("candidates", {}), self._state.get("trials", []))
        try:
            return Market(self._context, known, name)
        except SourceTooLong:
            return None

    def offers(self, market: Market, width: int) -> list[Offer]:
        """What may be paid for now; ``width`` answers at once, at most."""
        assert self._context is not None
        _, left = answers_left(self._context, self._state)
        return offers_of(market, self._state, (), min(width, left))

    def buy(self, offers: Sequence[Offer], pruned: Sequence[str]) -> None:
        """Have the offers carried out, and what is free done with what comes of them."""

        def funded(state: StateSnapshot) -> Change:
            update = RunState(settled=False, outcome={})
            pay_for(offers, pruned, self._state, update)
            return dict(update), "planner"

        self._go_on(funded)

    @property
    def known(self) -> tuple[Context, RunState]:
        """The run's folder with what stands around it, and how it stands; after `free`."""
        assert self._context is not None
        return self._context, self._state

    def carry_out(self, move: Move) -> None:
        """Have one move carried out that nobody pays for, and what is free done with what comes of it."""
        update = RunState(settled=False, outcome={}, funded=[move])
        self._go_on(lambda state: (dict(update), "planner"))

    def close(self) -> Outcome:
        """Choose the best, time it once more, and end the run."""
        if not self._state.get("outcome"):
            self._go_on(lambda state: ({"settled": True, "funded": []}, "branch"))
        return Outcome.model_validate(self._state["outcome"])

    def drain(self) -> None:
        """Ask what is at work to stop after its step; it raises Interrupted then."""
        if self._control is not None:
            self._control.request_drain("interrupted by the user")

    def _go_on(self, change: Any) -> None:
        self._control = RunControl()
        with self._opened() as (context, given):
            context.governed = True
            self._context = context
            try:
                self._state = stream(context, given, self._listener, change, self._control)
            finally:
                context.forget()
                self._control = None

    @contextmanager
    def _opened(self) -> Iterator[tuple[Context, RunInput | None]]:
        root = self._given.out
        assert root is not None
        if not (root / "run.json").is_file():
            with begun(self._source, self._given, ledger=self._ledger, scope=self._scope) as (
                context,
                text,
            ):
                yield context, RunInput(source=text)
            return
        folder = RunFolder.open(root)
        try:
            given = Settings(**folder.read_json("run.json"))
            sandbox.choose(no_sandbox=given.no_sandbox)
            yield Context.open(given, folder, ledger=self._ledger, scope=self._scope), None
        finally:
            folder.unlock()
