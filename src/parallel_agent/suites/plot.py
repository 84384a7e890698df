"""The score of a suite against dollars, as a picture."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from parallel_agent.settings import SettingsError
from parallel_agent.suites.outputs import check_writable
from parallel_agent.suites.result import SuiteResult


def check_picture(file: Path) -> None:
    """SettingsError where no picture can be drawn to the file, or none of its kind."""
    if find_spec("matplotlib") is None:
        raise SettingsError("--plot needs matplotlib", "pip install 'parallel-agent[plots]'")
    from matplotlib.backend_bases import FigureCanvasBase

    check_writable(file, "--plot")
    kinds = FigureCanvasBase.get_supported_filetypes()
    if file.suffix and file.suffix[1:].lower() not in kinds:
        known = ", ".join(sorted(kinds))
        raise SettingsError(f"--plot: {file} is of no known kind", f"Name it .png, or of {known}")


def draw_curve(result: SuiteResult, file: Path) -> None:
    """Write the picture: the score as it rose with what was spent, and the cap."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    spent = [point.spent_usd for point in result.curve] or [0.0]
    scores = [point.score for point in result.curve] or [1.0]
    axes.step(spent, scores, where="post", color="black", label="when first timed")
    axes.plot([float(result.spent_usd)], [result.geomean], "o", color="tab:blue", label="confirmed")
    if float(result.cap_usd) > 0:
        axes.axvline(float(result.cap_usd), color="tab:red", linewidth=0.8, label="cap")
    axes.set_xlabel("spent, US dollars")
    axes.set_ylabel(f"geometric mean of max(1, speedup), {result.threads} threads")
    axes.set_ylim(bottom=1.0)
    axes.legend(loc="lower right")
    FigureCanvasAgg(figure).print_figure(file, dpi=120)
