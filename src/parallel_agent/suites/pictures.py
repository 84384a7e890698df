"""The plots of a suite: the speedup of every kernel, and the score by what was spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from parallel_agent.report.html.plots import (
    ACCENT,
    FAINT,
    INK,
    SECOND,
    draw,
    multiples,
    plain,
)
from parallel_agent.settings import SettingsError
from parallel_agent.suites.outputs import check_writable
from parallel_agent.suites.result import SuiteResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_INCHES = 0.22
_MOST_NAME = 40


def check_picture(file: Path) -> None:
    """SettingsError where no picture can be drawn to the file, or none of its kind."""
    from matplotlib.backend_bases import FigureCanvasBase

    check_writable(file, "--plot")
    kinds = FigureCanvasBase.get_supported_filetypes()
    if file.suffix and file.suffix[1:].lower() not in kinds:
        known = ", ".join(sorted(kinds))
        raise SettingsError(f"--plot: {file} is of no known kind", f"Name it .png, or of {known}")


def by_kernel(result: SuiteResult) -> Markup:
    """A bar for each kernel with its interval, the fastest first, and a line at the threads."""
    kernels = sorted(result.kernels, key=lambda kernel: kernel.credit)
    if not kernels:
        return Markup("")

    def paint(axes: Axes) -> None:
        places, credits = list(range(len(kernels))), [kernel.credit for kernel in kernels]
        ends = [kernel.interval or (kernel.credit, kernel.credit) for kernel in kernels]
        below = [max(0.0, c - e[0]) if c > 1 else 0.0 for c, e in zip(credits, ends, strict=True)]
        above = [max(0.0, e[1] - c) if c > 1 else 0.0 for c, e in zip(credits, ends, strict=True)]
        multiples(axes, [*credits, float(result.threads)], of="x")
        axes.barh(places, [credit - 1.0 for credit in credits], left=1.0, height=0.62, color=ACCENT)
        axes.errorbar(credits, places, xerr=[below, above], fmt="none", ecolor=INK, capsize=2,
                      linewidth=1.0)  # fmt: skip
        axes.axvline(1.0, color=FAINT, linewidth=1.0)
        axes.axvline(result.threads, color=SECOND, linestyle="--", linewidth=1.2,
                     label=f"{result.threads} threads")  # fmt: skip
        axes.axvline(result.geomean, color=INK, linestyle=":", linewidth=1.2,
                     label=f"score {result.geomean:.2f}")  # fmt: skip
        axes.set_yticks(places, [_short(kernel.name) for kernel in kernels])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.8, len(kernels) - 0.2)
        axes.set_xlabel("times as fast as the original")
        axes.legend(loc="lower right")

    size = (9.0, max(2.2, 1.0 + _ROW_INCHES * len(kernels)))
    told = f"Speedup of {len(kernels)} kernels, from {kernels[0].credit:.2f} to {kernels[-1].credit:.2f}"
    return draw("by-kernel", f"{told}; the table has every number", size, paint)


def score_by_money(result: SuiteResult) -> Markup:
    """The score as it rose with what was spent; empty where nothing was."""
    if not any(point.spent_usd for point in result.curve):
        return Markup("")

    def paint(axes: Axes) -> None:
        score_axes(axes, result)

    told = f"The score rose to {result.curve[-1].score:.2f} for {result.spent_usd} US dollars"
    return draw("by-money", told, (7.0, 3.6), paint)


def draw_curve(result: SuiteResult, file: Path) -> None:
    """Write the picture of the score against dollars; the name's ending says which kind of file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    score_axes(figure.subplots(), result, ink="black", accent="tab:blue", second="tab:red")
    FigureCanvasAgg(figure).print_figure(file, dpi=120)


def score_axes(
    axes: Axes, result: SuiteResult, *, ink: str = INK, accent: str = ACCENT, second: str = SECOND
) -> None:
    """Paint the score as it rose with what was spent, what was confirmed in the end, and the cap."""
    spent = [point.spent_usd for point in result.curve] or [0.0]
    scores = [point.score for point in result.curve] or [1.0]
    axes.step(spent, scores, where="post", color=ink, label="when first timed")
    axes.plot([float(result.spent_usd)], [result.geomean], "o", color=accent, label="confirmed")
    if float(result.cap_usd) > 0:
        axes.axvline(float(result.cap_usd), color=second, linewidth=0.8, label="cap")
    axes.set_xlabel("spent, US dollars")
    axes.set_ylabel(f"score, {result.threads} threads")
    axes.set_ylim(bottom=1.0)
    axes.legend(loc="lower right")


def _short(name: str) -> str:
    shown = plain(name)
    return shown if len(shown) <= _MOST_NAME else f"{shown[: _MOST_NAME - 1]}…"
