"""Runs for code that awaits: whoever stops waiting has the run stopped, and nothing of it lost."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio
from langgraph.runtime import RunControl

__all__ = ["RunControl", "awaited"]

_Done = TypeVar("_Done")


async def awaited(work: Callable[[RunControl], _Done]) -> _Done:
    """What ``work`` gives, from a thread of its own.

    Where the task is cancelled, ``work`` is asked through its control to come to an end, and the
    cancellation goes through when it has. A second one does not wait for that.
    """
    control = RunControl()
    # Without the caller's context variables: those of a graph that calls would take ours for its own.
    begun = partial(contextvars.Context().run, work, control)
    task = asyncio.ensure_future(asyncio.get_running_loop().run_in_executor(None, begun))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        control.request_drain("cancelled by the caller")
        with anyio.CancelScope(shield=True):  # anyio cancels again and again, until it is shielded
            await asyncio.wait([task])
        raise
