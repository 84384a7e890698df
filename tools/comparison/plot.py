"""A comparison as a picture: a row for each kernel, a point with its interval for each program."""

from __future__ import annotations

from pathlib import Path

from comparison.peers import OURS, REFERENCE
from comparison.results import Comparison, Row
from parallel_agent.measurement.statistics import Interval

_COLOURS = {OURS: "black", REFERENCE: "lightgrey"}
_OTHERS = ("tab:blue", "tab:orange", "tab:green", "tab:purple", "tab:brown")


def draw(comparison: Comparison, file: Path) -> None:
    """Write the picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [row for row in comparison.rows if row.cells]
    figure = Figure(figsize=(9, 1.2 + 0.32 * len(rows)), layout="constrained")
    axes = figure.subplots()
    others = iter(_OTHERS * len(comparison.programs))
    totals = {total.program: total.score for total in comparison.totals()}
    for number, name in enumerate(comparison.programs):
        colour = _COLOURS.get(name) or next(others)
        points = [(y, ratio) for y, row in enumerate(rows) if (ratio := _ratio(row, name))]
        shift = 0.3 - 0.6 * number / max(1, len(comparison.programs) - 1)
        axes.errorbar(
            [ratio.ratio for _, ratio in points],
            [y + shift for y, _ in points],
            xerr=[
                [ratio.ratio - ratio.low for _, ratio in points],
                [ratio.high - ratio.ratio for _, ratio in points],
            ],
            fmt="o",
            markersize=4 if name == OURS else 3,
            linewidth=1,
            color=colour,
            label=f"{name} ({totals[name]:.2f})",
        )
    axes.axvline(1.0, color="grey", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, position: f"{value:g}")
    axes.set_xlabel(f"times as fast as the original, largest size, {comparison.threads} threads")
    axes.set_yticks(range(len(rows)), [row.kernel for row in rows])
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, fontsize="small")
    FigureCanvasAgg(figure).print_figure(file, dpi=120)


def _ratio(row: Row, name: str) -> Interval | None:
    return row.cells[name].ratio if name in row.cells else None
