"""Servers that run already, at the addresses where they listen by default."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from parallel_agent.chat.servers.adapter import HOST, Adapter

_SECONDS = 1.0


@dataclass(frozen=True)
class Running:
    """A server of somebody else's that has the model. ``pid`` is 0 where it cannot be seen."""

    adapter: Adapter
    port: int
    model: str
    context: int | None
    pid: int

    @property
    def address(self) -> str:
        """Where it takes requests."""
        return f"http://{HOST}:{self.port}/v1"


def find_running(
    name: str, adapters: Iterable[Adapter], environ: Mapping[str, str] = os.environ
) -> Running | None:
    """The first server of these kinds that lists a model of that name, None without any."""
    with httpx.Client(trust_env=False, timeout=_SECONDS) as client:
        for adapter in adapters:
            port = _port(adapter, environ)
            listener = _listener(port)
            if listener and not _runs(listener, adapter):
                continue  # another program that listens at the same port by default
            for listed in _models(client, port):
                if str(listed.get("id", "")) in (name, f"{name}:latest"):
                    context = listed.get("max_model_len")  # as vLLM tells it
                    return Running(
                        adapter,
                        port,
                        str(listed["id"]),
                        context if type(context) is int else None,
                        listener,
                    )
    return None


def _port(adapter: Adapter, environ: Mapping[str, str]) -> int:
    """Its own, or for Ollama that of ``OLLAMA_HOST`` where that is on this machine."""
    host, _, port = environ.get("OLLAMA_HOST", "").removeprefix("http://").rpartition(":")
    here = host in ("", HOST, "localhost", "0.0.0.0")
    return int(port) if adapter.name == "ollama" and here and port.isdigit() else adapter.port


def _models(client: httpx.Client, port: int) -> list[dict[str, Any]]:
    try:
        told = client.get(f"http://{HOST}:{port}/v1/models").json()
        listed = told["data"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return []
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _runs(pid: int, adapter: Adapter) -> bool:
    """Whether a process is the adapter's program, by its command line."""
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return True  # nobody tells us that it is not
    return not {Path(word).name for word in words}.isdisjoint(adapter.processes)


def _listener(port: int) -> int:
    """The process that listens at a port of this machine; 0 where we are not told."""
    try:
        found = psutil.net_connections("tcp")
    except psutil.Error:
        return 0
    for one in found:
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port:
            return one.pid or 0
    return 0
