"""Timing an original, and a candidate against it, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import read_source, with_contract_beside
from parallel_agent.agent.profile_one import Profiler
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.settings import Settings


class Profiled(BaseModel):
    """Times of one call in seconds (medians), smallest size first; ``run`` is the folder.

    ``bound_seconds`` is what reading the inputs once takes at least. ``speedup`` and its interval are
    None without a candidate; ``complete`` is false where timing ended early because the candidate was
    not faster at the largest size.
    """

    model_config = ConfigDict(frozen=True)

    kernel: str
    threads: int
    sizes: tuple[dict[str, Any], ...]
    noise_floor: float
    ceiling: float | None
    speedup: float | None = None
    interval: tuple[float, float] | None = None
    better: bool = False
    complete: bool = True
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    run: str


def profile(
    original: Path, candidate: Path | None, given: Settings, listener: Callable[[Event], None]
) -> Profiled:
    """Measure the kernel in ``original``, and that in ``candidate`` against it, in ``given.out``.

    Every timed answer of the candidate is compared with the original's; the gates are `verify`'s.
    Raises what `optimize` raises, and BuildError, MismatchError or WorkerError for the candidate.
    """
    assert given.out is not None
    try:
        return _profiled(original, candidate, given, given.out, listener)
    except BaseException:
        RunFolder(given.out).discard()
        raise


def _profiled(
    original: Path,
    candidate: Path | None,
    given: Settings,
    out: Path,
    listener: Callable[[Event], None],
) -> Profiled:
    text, chosen = read_source(original), with_contract_beside(given, original)
    rewritten = None if candidate is None else read_source(candidate)
    with Profiler(text, chosen, out, listener) as profiler:
        study = profiler.study
        sizes: list[dict[str, Any]] = [
            size.model_dump(include={"sizes", "seconds", "noise", "bound_seconds"})
            for size in study.sizes
        ]
        found = Profiled(
            kernel=study.kernel,
            threads=study.threads,
            sizes=tuple(sizes),
            noise_floor=study.noise_floor,
            ceiling=study.ceiling,
            notes=study.notes,
            run=str(out.absolute()),
        )
        if rewritten is None:
            return found
        listener(Event(kind="stage", message="timing the candidate"))
        timed = profiler.profile(rewritten)
    by_size = {tuple(size.sizes.items()): size for size in timed.sizes}
    for size in sizes:
        at = by_size.get(tuple(size["sizes"].items()))
        if at is not None:
            size |= at.model_dump(include={"candidate_seconds", "speedup", "interval"})
    return found.model_copy(
        update={
            "speedup": timed.speedup,
            "interval": timed.interval,
            "better": timed.better,
            "complete": timed.complete,
            "findings": tuple(timed.findings),
        }
    )
