"""Work that is awaited: who stops waiting has it stopped, and no other."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import anyio
import pytest

from parallel_agent.agent.awaiting import RunControl, awaited

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="none")


class Work:
    """Goes on until it is asked to end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = False

    def __call__(self, control: RunControl) -> None:
        self.begun.set()
        while not control.drain_requested:
            time.sleep(0.01)
        self.ended = True
        raise RuntimeError("drained")


def test_the_answer_and_the_error_come_through() -> None:
    def failing(control: RunControl) -> None:
        raise KeyError("wrong")

    assert asyncio.run(awaited(lambda control: control.drain_requested)) is False
    with pytest.raises(KeyError):
        asyncio.run(awaited(failing))


def test_the_callers_context_variables_stay_with_the_caller() -> None:
    async def called() -> str:
        VARIABLE.set("of the caller")
        return await awaited(lambda control: VARIABLE.get())

    assert asyncio.run(called()) == "none"


def test_a_cancelled_task_waits_until_the_work_has_ended() -> None:
    async def cancelled() -> bool:
        work = Work()
        task = asyncio.ensure_future(awaited(work))
        await asyncio.to_thread(work.begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return work.ended

    assert asyncio.run(cancelled())


def test_so_does_a_cancelled_scope_of_anyio() -> None:
    async def cancelled() -> bool:
        work = Work()
        async with anyio.create_task_group() as group:
            group.start_soon(awaited, work)
            await anyio.to_thread.run_sync(work.begun.wait)
            group.cancel_scope.cancel()
        return work.ended

    assert anyio.run(cancelled)
