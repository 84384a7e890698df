"""One server of a run: its processes, its one restart, and the watch over its memory."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from parallel_agent.agent.memory_watch import Used, used_by, words
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.servers.adapter import HOST
from parallel_agent.chat.servers.local_model import Address
from parallel_agent.chat.servers.plan import ServerPlan, Wishes, plan_server
from parallel_agent.chat.servers.process import ServerError, ServerProcess, free_port
from parallel_agent.measurement.lane import Lane

Tell = Callable[[str], None]

WATCH_SECONDS = 0.25
"""How often the memory of a server is looked at."""


class Serving:
    """The server of one model; threads share it.

    ``failure`` says why it is not asked any more, empty while it is; ``passed`` the same where it held
    more memory than it may; ``peak`` is the most memory seen, in bytes.
    """

    def __init__(self, name: str, wishes: Wishes, logs: Path, seconds: float) -> None:
        """Nothing is started yet. What it prints goes to a file in ``logs``."""
        self._name = name
        self._wishes = wishes
        self._logs = logs
        self._seconds = seconds
        self._lane = Lane()
        self._starting = threading.RLock()
        self._plan: ServerPlan | None = None
        self._process: ServerProcess | None = None
        self._address: Address | None = None
        self._crashed = ""
        self._given_up = False
        self.failure = ""
        self.passed = ""
        self.peak = 0

    @property
    def notes(self) -> list[str]:
        """What a report says of it."""
        if self._plan is None or not self.peak:
            return [note for note in (self._crashed, self.failure) if note]
        cap = self._plan.limits.memory
        limit = "" if cap is None else f" of the {words(cap)} of --memory"
        held = f"{self._plan.title} held at most {words(self.peak)}{limit}"
        return [note for note in (held, self._crashed, self.failure) if note]

    def start(self, tell: Tell) -> None:
        """Have it up; does nothing where it is, or failed before.

        Raises UnknownModel and DoesNotFit where it cannot be, and ServerError where it does not come
        up.
        """
        # Loading a model takes cores and memory bandwidth, which nobody may time beside.
        with self._lane.work(), self._starting:
            if self._address is not None or self.failure:
                return
            self._plan = plan_server(self._name, self._wishes)
            self._begin(self._plan, tell)

    @contextmanager
    def asking(self) -> Iterator[Address]:
        """Where to ask, while the block lasts; after a crash it is started anew, once.

        What is generated on this machine takes what timings need, and they wait for one another. Raises
        ChatError where there is no server any more.
        """
        with self._lane.work():
            yield self._ready()

    def abandoned(self) -> None:
        """An answer was given up: a server that would go on with it is started anew for the next."""
        self._given_up = self._plan is not None and not self._plan.adapter.abandons

    def stop(self) -> None:
        """End it, if it is ours."""
        with self._starting:
            self._address = None
            self._end()

    def _ready(self) -> Address:
        with self._starting:
            if self.failure:
                raise ChatError(self.failure, "never_sent")
            if self._given_up and self._process is not None:
                self._given_up = False
                self._end()
                self._address = None
            elif self._process is not None and not self._process.running:
                self._note_crash(self._process)
            try:
                self.start(lambda text: None)
            except (ValueError, RuntimeError) as error:
                self.failure = self.failure or str(error)
            if self.failure or self._address is None:
                raise ChatError(self.failure, "never_sent")
            return self._address

    def _note_crash(self, process: ServerProcess) -> None:
        """It may crash once; a second time is its last."""
        assert self._plan is not None
        how = f"{self._plan.title} ended by itself ({process.ending})"
        if self._crashed:
            self.failure = f"{how} a second time; what it printed is in {process.log}"
        else:
            self._crashed = f"{how}, and was started once more"
            self._address = None
        self._end()

    def _begin(self, plan: ServerPlan, tell: Tell) -> None:
        if plan.running is not None:
            self._address = Address(plan.running.address, plan.running.model, plan.limits.context)
            pid = plan.running.pid
            self._watch(lambda: used_by(pid, plan.limits.memory), lambda: self._address is not None)
            tell(f"{plan.title} runs already, at {plan.running.address}")
            return
        assert plan.target is not None
        port = free_port()
        launch = plan.adapter.launch(plan.target, plan.limits, port)
        tell(f"starting {plan.title}")
        log = self._logs / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', plan.title)}.log"
        process = self._process = ServerProcess(launch, log)
        self._watch(
            lambda: used_by(process.keeper_pid, plan.limits.memory, process.keeper_pid),
            lambda: self._process is process and process.running,
        )
        healthy = process.wait_healthy(
            f"http://{HOST}:{port}{plan.adapter.health}",
            self._seconds,
            lambda since: tell(f"starting {plan.title}: {since}"),
            lambda: bool(self.failure),
        )
        if not healthy:
            error = self._not_up(plan, process)
            self._end()
            raise error
        self._address = Address(f"http://{HOST}:{port}/v1", launch.model, plan.limits.context)

    def _not_up(self, plan: ServerPlan, process: ServerProcess) -> ServerError:
        said = f"; it said: {process.last_words}" if process.last_words else ""
        if self.passed:
            hint = "Raise --memory, or give a smaller model, a smaller --max-output-tokens"
            return ServerError(self.passed, f"{hint} or fewer --branches")
        if process.running:
            return ServerError(
                f"{plan.title} takes no requests after {self._seconds:g} s{said}",
                "Give it more time: PARALLEL_AGENT_SERVER_SECONDS",
            )
        return ServerError(
            f"{plan.title} does not start ({process.ending}){said}",
            "See what it said, or try another --server",
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _watch(self, look: Callable[[], Used | None], lasts: Callable[[], bool]) -> None:
        """Look at its memory from now on, in a thread of its own, until it is gone."""
        threading.Thread(target=self._look, args=(look, lasts), daemon=True).start()

    def _look(self, look: Callable[[], Used | None], lasts: Callable[[], bool]) -> None:
        assert self._plan is not None
        pause, cap = threading.Event(), self._plan.limits.memory
        while lasts() and not self.failure:
            used = None
            with suppress(OSError):
                used = look()
            if used is not None:
                self.peak = max(self.peak, used.total)
                if cap is not None and used.total > cap:
                    self._passed(used, cap)
                    return
            pause.wait(WATCH_SECONDS)

    def _passed(self, used: Used, cap: int) -> None:
        """Stop what holds more than it may, at once."""
        assert self._plan is not None
        ours, process = self._plan.running is None, self._process
        end = "was stopped" if ours else "is not asked any more (it is not ours to stop)"
        self.passed = self.failure = (
            f"{self._plan.title}: process {used.pid} ({used.process}) held {words(used.total)} of "
            f"{used.kind}, above the {words(cap)} of --memory, and {end}"
        )
        if process is not None:
            process.end()
