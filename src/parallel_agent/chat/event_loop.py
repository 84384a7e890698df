"""An event loop in a thread of its own: a request that runs there can be cancelled from outside.

The caller's own thread may have a loop that runs already (a notebook, a server).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_guard = threading.Lock()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; when the caller is interrupted, it is cancelled."""
    with _guard:
        loop = _loop(os.getpid())
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    try:
        return future.result()
    finally:
        future.cancel()  # does nothing to one that is done


@cache
def _loop(_process: int) -> asyncio.AbstractEventLoop:
    """The loop of this process: a thread does not survive a fork."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="chat", daemon=True).start()
    return loop
