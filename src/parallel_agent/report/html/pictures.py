"""The plots of a run: its speedup by size, by threads, and by what was spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from parallel_agent.agent.outcome import Outcome, OutcomeAtSize
from parallel_agent.measurement.scaling import Scaling
from parallel_agent.report.html.money import Money
from parallel_agent.report.html.plots import ACCENT, FAINT, INK, SECOND, draw, multiples, plain
from parallel_agent.report.progress import sizes_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = (6.4, 3.3)
_WIDEST, _LINES = 24, 5
"""Of the size below a mark: characters of a line, and lines."""
_FAR = 4.0
"""Bounds that lie so many times beyond the rest are left to the table: they would flatten the rest."""


def by_size(outcome: Outcome) -> Markup:
    """Speedup at each size with its interval, against as many times as there are threads."""
    sizes = outcome.sizes
    top = _FAR * max([float(outcome.threads), *(size.speedup for size in sizes)])
    bounds = [bound if bound and bound < top else None for bound in map(_bound, sizes)]

    def paint(axes: Axes) -> None:
        places = list(range(len(sizes)))
        speedups = [size.speedup for size in sizes]
        below = [max(0.0, s.speedup - s.interval[0]) for s in sizes]
        above = [max(0.0, s.interval[1] - s.speedup) for s in sizes]
        axes.axhline(1.0, color=FAINT, linewidth=1.0)
        _level(axes, outcome.threads, f"{outcome.threads} threads, ideal")
        if any(bounds):
            known = [(place, bound) for place, bound in zip(places, bounds, strict=True) if bound]
            axes.plot(*zip(*known, strict=True), "_", color=SECOND, markersize=26, markeredgewidth=2,
                      label="machine's bound")  # fmt: skip
        axes.errorbar(places, speedups, yerr=[below, above], fmt="o", color=ACCENT, capsize=5,
                      markersize=7, label="measured, 95 % interval")  # fmt: skip
        multiples(axes, [*speedups, outcome.threads, *(bound for bound in bounds if bound)])
        axes.set_xticks(places, [_label(s) for s in sizes])
        axes.set_xlim(-0.5, len(sizes) - 0.5)
        axes.set_ylabel("times as fast")
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.2), ncols=3)

    told = "; ".join(
        f"{s.speedup:.2f} ({s.interval[0]:.2f} to {s.interval[1]:.2f}) at {sizes_text(s.sizes)}"
        for s in sizes
    )
    return draw("by-size", f"Speedup by size: {told}", _SIZE, paint)


def by_threads(scaling: Scaling, bound: float | None) -> Markup:
    """Speedup at the largest size by threads with intervals, the ideal line, the machine's bound."""
    points = scaling.points
    threads = [point.threads for point in points]
    ideal = [points[0].speedup * count / threads[0] for count in threads]
    top = max([*ideal, *(point.interval[1] for point in points)])

    def paint(axes: Axes) -> None:
        speedups = [point.speedup for point in points]
        below = [max(0.0, p.speedup - p.interval[0]) for p in points]
        above = [max(0.0, p.interval[1] - p.speedup) for p in points]
        axes.plot(threads, ideal, "--", color=INK, linewidth=1.0, label="ideal")
        if bound is not None and bound < _FAR * top:
            axes.axhline(bound, color=SECOND, linewidth=1.5, label="machine's bound")
        axes.errorbar(threads, speedups, yerr=[below, above], fmt="o-", color=ACCENT, capsize=5,
                      markersize=7, label="measured, 95 % interval")  # fmt: skip
        axes.set_ylim(bottom=0.0)
        axes.margins(x=0.12)
        axes.set_xticks(threads, [str(count) for count in threads])
        axes.set_xlabel("threads")
        axes.set_ylabel("times as fast as the original")
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.2), ncols=3)

    told = "; ".join(
        f"{p.speedup:.2f} ({p.interval[0]:.2f} to {p.interval[1]:.2f}) with {p.threads}"
        for p in points
    )
    return draw("by-threads", f"Speedup by number of threads: {told}", _SIZE, paint)


def by_money(money: Money, cap: float) -> Markup:
    """The best speedup at first sight by what was spent."""
    spent = [point.spent_usd for point in money.curve]
    best = [point.speedup for point in money.curve]

    def paint(axes: Axes) -> None:
        axes.step(spent, best, where="post", color=ACCENT, linewidth=2.0, marker="o", markersize=4,
                  label="best so far")  # fmt: skip
        if 0.0 < cap < 4 * max(spent):
            axes.axvline(cap, color=SECOND, linewidth=1.5, label="cap")
        axes.set_ylim(0.0, 1.15 * max(best))
        axes.set_xlim(left=-0.02 * max(spent))
        axes.set_xlabel("spent, US dollars")
        axes.set_ylabel("times as fast, first timing")
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.2), ncols=2)

    told = f"From 1.00 at 0 to {best[-1]:.2f} times as fast for {spent[-1]:.6f} US dollars"
    return draw("by-money", f"Best speedup by money spent. {told}", _SIZE, paint)


def _bound(size: OutcomeAtSize) -> float | None:
    """How many times as fast the machine's bound allows at most."""
    return size.original_seconds / size.bound_seconds if size.bound_seconds else None


def _label(size: OutcomeAtSize) -> str:
    """The size below a mark: a line for each dimension, as many and as long as there is room for."""
    lines = plain(sizes_text(size.sizes)).split(", ")
    shown = [line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…" for line in lines]
    return "\n".join(shown if len(shown) <= _LINES else [*shown[: _LINES - 1], "…"])


def _level(axes: Axes, value: float, label: str) -> None:
    axes.axhline(value, color=INK, linewidth=1.0, linestyle="--", label=label)
