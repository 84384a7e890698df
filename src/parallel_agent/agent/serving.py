"""Servers of open models along a run: started before it, watched while it lasts, stopped with it.

All runs of a process that name the same model share one server, and so do all kernels of a suite.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from parallel_agent.agent.served import Serving
from parallel_agent.chat.references import LOCAL, read_reference
from parallel_agent.chat.servers.local_model import Address, Endpoint
from parallel_agent.chat.servers.plan import ServerPlan, Wishes, plan_server
from parallel_agent.settings import Settings, load_settings

Tell = Callable[[str], None]

_held: dict[str, tuple[Serving, int]] = {}
"""The servers of this process by the model's name, and how many runs want each."""
_guard = threading.Lock()


def plan_servers(given: Settings) -> list[ServerPlan]:
    """How each ``local:`` model of a run would be served; nothing is started.

    Raises UnknownModel, ShapeError, and DoesNotFit for what is too large for ``--memory``.
    """
    return [plan_server(name, wishes_of(given)) for name in _names(given)]


def served_otherwise(given: Settings, memory: str | None, server: str | None) -> Settings:
    """The settings with another cap or program, where one is given. Raises SettingsError."""
    told = {"memory": memory, "server": server}
    update = {name: value for name, value in told.items() if value is not None}
    checked = load_settings(**update)
    return given.model_copy(update={name: getattr(checked, name) for name in update})


def wishes_of(given: Settings) -> Wishes:
    """What a run's settings want of a server."""
    return Wishes(
        server=given.server,
        memory=given.memory_bytes,
        answer=given.max_output_tokens,
        at_once=given.branches,
    )


@contextmanager
def served(given: Settings, root: Path, tell: Tell) -> Iterator[None]:
    """Have the servers of a run's ``local:`` models up while the block lasts.

    What they print goes to ``root/servers``. Raises what `plan_servers` does, and ServerError for a
    server that does not start.
    """
    with ExitStack() as stack:
        for name in _names(given):
            stack.enter_context(_holding(name, given, root)).start(tell)
        yield


@contextmanager
def _holding(name: str, given: Settings, root: Path) -> Iterator[Serving]:
    with _guard:
        serving, wanted = _held.get(name) or (_made(name, given, root), 0)
        _held[name] = serving, wanted + 1
    try:
        yield serving
    finally:
        with _guard:
            wanted = _held[name][1] - 1
            if wanted:
                _held[name] = serving, wanted
            else:
                del _held[name]
        if not wanted:
            serving.stop()


def endpoints(given: Settings, root: Path) -> Callable[[str], Endpoint]:
    """The servers of a run's models, by name, for who asks them."""
    return lambda name: _Endpoint(name, given, root)


class _Endpoint:
    """The server that is held for a model; without one (on a LangGraph server) one of its own."""

    def __init__(self, name: str, given: Settings, root: Path) -> None:
        self._name = name
        self._own = _made(name, given, root)

    @contextmanager
    def asking(self) -> Iterator[Address]:
        with self._serving.asking() as address:
            yield address

    def abandoned(self) -> None:
        self._serving.abandoned()

    @property
    def _serving(self) -> Serving:
        return _held[self._name][0] if self._name in _held else self._own


def server_notes(given: Settings) -> list[str]:
    """What is to be told of the servers that are held for a run, a line for each thing."""
    return [note for serving in _of(given) for note in serving.notes]


def passed_cap(given: Settings) -> str:
    """Which server of a run held more memory than it may, with the figures; empty if none did."""
    return next((serving.passed for serving in _of(given) if serving.passed), "")


def _of(given: Settings) -> list[Serving]:
    return [_held[name][0] for name in _names(given) if name in _held]


def _made(name: str, given: Settings, root: Path) -> Serving:
    return Serving(name, wishes_of(given), root / "servers", given.server_seconds)


def _names(given: Settings) -> list[str]:
    """The models that are served here, each once."""
    references = (read_reference(text) for text in given.model)
    return list(dict.fromkeys(r.name for r in references if r.kind == LOCAL))
