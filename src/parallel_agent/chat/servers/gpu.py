"""Memory of NVIDIA GPUs, where nvidia-ml-py is installed and there is one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

_Found = TypeVar("_Found")


def total_memory() -> int | None:
    """Bytes of the smallest GPU, None without any."""
    return _asked(lambda nvml, gpus: min(nvml.nvmlDeviceGetMemoryInfo(gpu).total for gpu in gpus))


def used_memory(pids: Collection[int]) -> int:
    """Bytes that these processes hold on GPUs together; 0 where that cannot be known."""

    def added(nvml: Any, gpus: list[Any]) -> int:
        return sum(
            process.usedGpuMemory or 0
            for gpu in gpus
            for process in nvml.nvmlDeviceGetComputeRunningProcesses(gpu)
            if process.pid in pids
        )

    return _asked(added) or 0


@cache
def _library() -> Any:
    try:
        return import_module("pynvml")
    except ImportError:
        return None


def _asked(question: Callable[[Any, list[Any]], _Found]) -> _Found | None:
    pynvml = _library()
    if pynvml is None:
        return None
    try:
        with _opened(pynvml) as gpus:
            return question(pynvml, gpus) if gpus else None
    except pynvml.NVMLError:
        return None


@contextmanager
def _opened(nvml: Any) -> Iterator[list[Any]]:
    nvml.nvmlInit()
    try:
        yield [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    finally:
        nvml.nvmlShutdown()
