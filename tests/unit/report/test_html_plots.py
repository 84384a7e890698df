from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from parallel_agent.measurement.scaling import Scaling
from parallel_agent.report.html.pictures import by_size, by_threads
from parallel_agent.report.html.plots import ACCENT, draw, plain
from report_samples import at_size, outcome, point

HOSTILE = "</svg><script>alert(1)</script> $x$ \"&'"


def paint(axes: Any) -> None:
    axes.plot([1, 2], [1, 2], color=ACCENT)
    axes.set_xlabel(plain(HOSTILE + "\x00\x1b"))


def test_a_plot_is_whole_xml_in_the_page_s_colours() -> None:
    svg = str(draw("a", HOSTILE, (3, 2), paint))
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == HOSTILE
    assert "<script" not in svg
    assert "var(--accent)" in svg and ACCENT not in svg
    assert "metadata" not in svg
    assert "dejavu" not in svg.lower()


def test_two_plots_of_a_page_share_no_name() -> None:
    def names(svg: str) -> set[str]:
        return {str(e.get("id")) for e in ElementTree.fromstring(svg).iter() if e.get("id")}

    one, other = str(draw("a", "", (3, 2), paint)), str(draw("b", "", (3, 2), paint))
    assert names(one) and not names(one) & names(other)
    used = [e.get("{http://www.w3.org/1999/xlink}href") for e in ElementTree.fromstring(one).iter()]
    assert {name[1:] for name in used if name} <= names(one)


def test_the_same_plot_twice_is_the_same_text() -> None:
    assert draw("a", "", (3, 2), paint) == draw("a", "", (3, 2), paint)


def test_the_state_of_matplotlib_is_as_it_was() -> None:
    from matplotlib import rcParams

    before = rcParams["svg.fonttype"]
    draw("a", "", (3, 2), paint)
    assert rcParams["svg.fonttype"] == before


def test_the_description_has_the_numbers() -> None:
    svg = str(by_size(outcome(Path("/r"))))
    assert "1.33 (1.29 to 1.36) at n=1000" in svg
    threads = Scaling(sizes={}, points=(point(1, 1.0, 0.9, 1.1), point(4, 3.0, 2.9, 3.1)))
    assert "3.00 (2.90 to 3.10) with 4" in str(by_threads(threads, 3.5))


@pytest.mark.parametrize("dimensions", [1, 12])
def test_long_names_and_many_dimensions_leave_room_for_the_plot(dimensions: int) -> None:
    names = {f"{'long' * 40}{number}\u4e2d": 10**9 for number in range(dimensions)}
    size = at_size(1, 1.0, 1e-4).model_copy(update={"sizes": names})
    ElementTree.fromstring(str(by_size(outcome(Path("/r"), sizes=(size,)))))
