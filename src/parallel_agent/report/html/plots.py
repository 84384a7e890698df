"""Plots as inline SVG, in the colours of the page that they stand in: light, dark or on paper."""

from __future__ import annotations

import io
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, ACCENT, SECOND, FAINT = "#010203", "#010204", "#010205", "#010206"
"""Colours that stand for the page's own until the picture is done."""
_OF_PAGE = {
    INK: "currentColor",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
    FAINT: "var(--faint)",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10.0,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
}
_REM_PER_INCH = 5.8
"""So that the text of all plots is as large as that around them, or smaller."""
_one_at_a_time = threading.Lock()
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def draw(
    name: str, described: str, size: tuple[float, float], paint: Callable[[Axes], None]
) -> Markup:
    """A plot of ``size`` in inches; ``name`` tells its parts from those of other plots of a page.

    ``described`` is what it shows, for those who do not see it. The state of matplotlib that others
    may use is as it was, afterwards.
    """
    with _matplotlib(name):
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0.0)
        axes = figure.subplots()
        axes.patch.set_alpha(0.0)
        paint(axes)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(name, file.getvalue(), described, size[0])


def plain(text: str) -> str:
    """Text that an SVG may hold: without control characters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def multiples(axes: Axes, values: Sequence[float], *, of: str = "y") -> None:
    """A logarithmic axis of speedups with marks that a reader expects: 1, 2, 5, 10 times."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis = axes.yaxis if of == "y" else axes.xaxis
    (axes.set_yscale if of == "y" else axes.set_xscale)("log")
    low, high = min([1.0, *values]) / 1.15, max([1.0, *values]) * 1.25
    (axes.set_ylim if of == "y" else axes.set_xlim)(low, high)
    marks = [digit * 10.0**power for power in range(-4, 7) for digit in (1, 2, 5)]
    shown = [mark for mark in marks if low <= mark <= high]
    if len(shown) > 8:
        shown = [mark for mark in shown if f"{mark:.0e}".startswith("1")]
    if len(shown) < 3:
        finer = [step / 10 for step in range(1, 100)]
        shown = [mark for mark in finer if low <= mark <= high][:: max(1, int((high - low) * 2))]
    axis.set_major_locator(FixedLocator(shown))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} x"))


@contextmanager
def _matplotlib(name: str) -> Iterator[None]:
    """Matplotlib with our style; it is imported here, and says nothing of where its cache lies."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from matplotlib import rc_context

    style = {**_STYLE, "svg.hashsalt": name}
    with _one_at_a_time, rc_context(style), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # letters that its font lacks, the page's may have
        yield


def _inline(name: str, svg: str, described: str, inches: float) -> Markup:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "sans-serif", svg)
    for stand_in, colour in _OF_PAGE.items():
        svg = svg.replace(stand_in, colour)
    label = escape(described)
    head = f'<svg role="img" aria-label="{label}" class="plot" style="max-width: {_REM_PER_INCH * inches:.1f}rem"'
    return Markup(head + svg.removeprefix("<svg"))
