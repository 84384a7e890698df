"""Time skewing: a tile of rows goes through several time steps while it is in the cache."""

from __future__ import annotations

from typing import Any, ClassVar

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, analyse
from parallel_agent.proposers.rules.skewed_tiles import TileWriter, after, end_of
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.time_steps import TimeSteps, time_steps

_VARIANTS = ("parallel", "sequential")


class TimeSkewing:
    """Loops over time steps that sweep over grids too large for the cache.

    Within a tile every sweep stays as many rows behind the one before as it reads from it
    (J. McCalpin and D. Wonnacott: Time Skewing: A Value-Based Approach to Optimizing for Memory
    Locality, 1999). Variants: ``parallel``, where threads take blocks of rows that shrink from
    step to step and then fill the gaps between them (split tiling: T. Grosser et al., Split Tiling
    for GPUs, 2013), and ``sequential``. Every element is computed from the same values as before.
    """

    name = "time_skewing"
    tunables: ClassVar = {"depth": (8, 16, 4), "elements": (16384, 65536)}

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants that this source allows, best first."""
        return list(_VARIANTS) if _found(analyse(parsed)) is not None else []

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source with its first loop over time steps in tiles."""
        analysis = analyse(parsed)
        found = _found(analysis)
        if found is None or options.variant not in _VARIANTS:
            raise NotApplicable("no loop over time steps sweeps over rows of the same grids")
        depth, elements = (
            options.tuning.get(name, values[0]) for name, values in self.tunables.items()
        )
        parallel = options.variant == "parallel"
        writer = TileWriter(analysis, found, depth=depth, elements=elements, parallel=parallel)
        doubts = _doubts(analysis, found)
        return Proposal(
            source=writer.write(),
            reasons_for=(_reason(found),),
            reasons_against=tuple(doubts),
            speculative=bool(doubts),
        )


def _reason(found: TimeSteps) -> str:
    rows = "the next row" if found.reach == 1 else f"the next {found.reach} rows"
    return (
        f"every step of {found.steps.loop.name} passes over the whole grid, but a row needs no "
        f"more than {rows} on each side"
    )


def _found(analysis: Analysis) -> TimeSteps | None:
    """The first loop over time steps that can be written in tiles."""
    return next((f for f in time_steps(analysis) if _writable(analysis, f)), None)


def _writable(analysis: Analysis, found: TimeSteps) -> bool:
    """True if a pointer may stand for each vector that is swapped, and a row's length is known."""
    source = analysis.parsed.kernel.source
    following = [after(source, node) for node in _swapped(found)]
    return all(map(_usual, following)) and all(
        end_of(analysis.values, report) is not None for report in (found.steps, *found.sweeps)
    )


def _swapped(found: TimeSteps) -> list[Any]:
    """Where the sweeps name what is swapped."""
    names = {syntax.key(d) for d in found.swapped}
    return [
        node
        for sweep in found.sweeps
        for node in syntax.walk(sweep.loop.cursor)
        if syntax.is_variable(node) and syntax.key(node.referenced) in names
    ]


def _usual(text: str) -> bool:
    return text.startswith(("[", ".size()"))


def _doubts(analysis: Analysis, found: TimeSteps) -> list[str]:
    source = analysis.parsed.kernel.source
    doubts = [doubt for sweep in found.sweeps for doubt in sweep.doubts]
    sized = [node for node in _swapped(found) if after(source, node).startswith(".")]
    if sized:
        names = ", ".join(d.spelling for d in found.swapped)
        doubts.append(f"the vectors that change places must have the same length: {names}")
    return list(dict.fromkeys(doubts))
