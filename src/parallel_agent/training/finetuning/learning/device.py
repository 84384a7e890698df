"""The device that trains, and the memory that it has and that is taken of it."""

from __future__ import annotations

import re
from pathlib import Path

import psutil
import torch

from parallel_agent.toolchain.machine import describe
from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.plan import Device
from parallel_agent.training.finetuning.settings import FinetuneSettings

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def find_device(asked: FinetuneSettings) -> Device:
    """A GPU where torch has one, else the CPU; FinetuneError where the method needs what is not here."""
    on_gpu = asked.device == "auto" and torch.cuda.is_available()
    if asked.method == "qlora":
        _check_quantization(on_gpu)
    if on_gpu:
        properties = torch.cuda.get_device_properties(0)
        return Device(kind="gpu", name=properties.name, memory=properties.total_memory)
    # All that a training imports is held by now, and the estimate begins with it.
    import parallel_agent.training.finetuning.learning.training  # noqa: F401

    return Device(
        kind="cpu",
        name=describe().cpu,
        memory=psutil.virtual_memory().total,
        runtime=psutil.Process().memory_info().rss,
    )


def _check_quantization(on_gpu: bool) -> None:
    if not on_gpu:
        raise FinetuneError(
            "--method qlora needs a GPU that torch can use, and there is none",
            "Give --method lora, which runs on a CPU too",
        )
    try:
        import bitsandbytes  # noqa: F401
    except ImportError:
        raise FinetuneError(
            "--method qlora needs bitsandbytes, which is not installed",
            "pip install 'parallel-agent[qlora]'",
        ) from None


def limit_memory(device: Device, cap: int) -> None:
    """Have torch refuse what passes the cap, where it can: on a GPU. Resets the peak."""
    if device.kind == "gpu":
        torch.cuda.set_per_process_memory_fraction(min(1.0, cap / device.memory), 0)
        torch.cuda.reset_peak_memory_stats()


def peak_memory(device: Device, runtime: int) -> int:
    """The most memory that this process has taken so far, in bytes.

    On a CPU its resident memory, as the system counts it (``VmHWM``); on a GPU what torch has reserved
    at most, and ``runtime`` for the context, which torch does not count.
    """
    if device.kind == "gpu":
        return int(torch.cuda.max_memory_reserved()) + runtime
    found = _PEAK.search(Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) * 1024 if found else psutil.Process().memory_info().rss
