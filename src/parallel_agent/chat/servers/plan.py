"""What is to be served, by what and within which limits: all decided before anything loads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.budget.memory import MemoryEstimate
from parallel_agent.chat.servers.adapter import Adapter, Limits
from parallel_agent.chat.servers.choice import allowed, choose
from parallel_agent.chat.servers.found import Running, find_running
from parallel_agent.chat.servers.limits import limits_for
from parallel_agent.chat.servers.target import Target, read_target


@dataclass(frozen=True)
class Wishes:
    """What a run wants of its servers: ``memory`` in bytes, None for no cap.

    ``answer`` is the longest answer in tokens, ``at_once`` how many requests come together.
    """

    server: str
    memory: int | None
    answer: int
    at_once: int


@dataclass(frozen=True)
class ServerPlan:
    """A server to start, or where ``running`` is set, one that runs already and is not ours.

    ``estimate`` is what it is expected to take at its most; None where that is not known.
    """

    name: str
    adapter: Adapter
    limits: Limits
    target: Target | None = None
    running: Running | None = None
    estimate: MemoryEstimate | None = None

    @property
    def title(self) -> str:
        """The program and the model, for people."""
        served = self.name if self.target is None else self.target.label
        return f"{self.adapter.name} with {served}"


def plan_server(name: str, wishes: Wishes, environ: Mapping[str, str] = os.environ) -> ServerPlan:
    """Decide how ``local:name`` is served.

    A name that is no path is first looked for in servers that run. Raises UnknownModel where there is
    no such model or nothing to serve it with, ShapeError, and DoesNotFit where it is too large for the cap.
    """
    running = None
    if not Path(name).expanduser().exists():
        running = find_running(name, allowed(wishes.server), environ)
    if running is not None and (wishes.memory is None or running.pid):
        limits = Limits(running.context, wishes.at_once, wishes.memory)
        return ServerPlan(name, running.adapter, limits, running=running)
    target = read_target(name, environ)
    adapter = choose(target, wishes.server)
    limits, estimate = limits_for(
        target,
        adapter,
        memory=wishes.memory,
        answer=wishes.answer,
        slots=wishes.at_once if adapter.several else 1,
    )
    return ServerPlan(name, adapter, limits, target=target, estimate=estimate)
