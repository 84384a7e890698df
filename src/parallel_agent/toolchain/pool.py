"""Threads that start programs as the thread that hands them their work would."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Pool(ThreadPoolExecutor):
    """A thread pool in which `sandbox.choose` holds that was in force when work was submitted."""

    def submit(self, fn: Callable[P, R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Run ``fn(*args, **kwargs)`` in a copy of the caller's context."""
        return super().submit(copy_context().run, fn, *args, **kwargs)
