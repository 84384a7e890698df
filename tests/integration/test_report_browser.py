"""Reports in a real browser: on a laptop, light and dark, on a telephone, and on paper."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parallel_agent.report.html.page import write_run_report
from parallel_agent.suites.page import write_suite_report
from report_samples import outcome, paid, write_run, write_suite

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, _BROWSERS)), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="there is no browser: sh tools/install_system.sh browser, as root"
)
RUN_HEADINGS = [
    "Is it right, and how do we know?",
    "How much faster, and at which sizes?",
    "What did it cost?",
    "What would more threads or money bring?",
    "What was tried",
    "What changed",
    "See it again",
]
SUITE_HEADINGS = [
    "How much faster is each kernel?",
    "By category",
    "What the gates kept out",
    "What did it cost?",
    "See it again",
]
HOSTILE = (
    "<script>document.title = 'taken'</script><img src='http://203.0.113.1/x' onerror=alert(1)>"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    unguarded = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=unguarded)
        yield found
        found.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("reports")
    unchanged = outcome(root / "unchanged", status="unchanged", speedup=1.0, interval=(1.0, 1.0))
    runs = {
        "improved": write_run(root / "improved", outcome(root / "improved")),
        "unchanged": write_run(root / "unchanged", unchanged),
        "models": write_run(root / "models", paid(root / "models"), with_model=True),
        "unfinished": write_run(root / "unfinished", None),
        "hostile": write_run(
            root / "hostile", outcome(root / "hostile", kernel=HOSTILE * 5), critique=HOSTILE
        ),
    }
    suite = write_suite(root / "suite", 60)
    write_run_report(suite / "kernels" / "kernel_01")
    drawn = {name: write_run_report(run) for name, run in runs.items()}
    return {**drawn, "suite": write_suite_report(suite)}


class Opened:
    """A page with all that it said and asked for while it was opened."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(**options)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def measure(self, script: str) -> Any:
        return self.page.evaluate(script)

    def colour(self, selector: str, name: str) -> str:
        found: str = self.page.eval_on_selector(
            selector, f"element => getComputedStyle(element).{name}"
        )
        return found


_NAMES = ["improved", "unchanged", "models", "unfinished", "hostile", "suite"]


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", _NAMES)
def test_a_report_says_all_and_asks_for_nothing(
    browser: Any, reports: dict[str, Path], name: str, width: int
) -> None:
    opened = Opened(browser, reports[name], viewport={"width": width, "height": 800})
    assert opened.said == []
    assert opened.asked == [reports[name].as_uri()]
    assert opened.measure("document.documentElement.scrollWidth") <= width
    headings = opened.page.locator("main h2").all_inner_texts()
    assert headings == (SUITE_HEADINGS if name == "suite" else RUN_HEADINGS)
    assert opened.page.locator("h1").count() == 1
    assert opened.page.title() != "taken"
    opened.page.close()


@pytest.mark.parametrize("name", _NAMES)
def test_whoever_does_not_see_it_can_read_it(
    browser: Any, reports: dict[str, Path], name: str
) -> None:
    page = Opened(browser, reports[name]).page
    assert page.locator("svg:not([role=img][aria-label])").count() == 0
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("html[lang=en]").count() == 1
    for link in page.locator("nav a").all():
        target = link.get_attribute("href") or ""
        assert page.locator(f"section{target}").count() == 1
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_plots_stand_out_in_both_schemes(
    browser: Any, reports: dict[str, Path], scheme: str
) -> None:
    opened = Opened(browser, reports["models"], color_scheme=scheme)
    paper = luminance(opened.colour("body", "backgroundColor"))
    assert (paper > 0.5) == (scheme == "light")
    for selector, name in (
        ("body", "color"), (".soft", "color"), (".good", "color"), (".bad", "color"),
        ("a", "color"), (".code span.k, .code span.kt", "color"), ("svg.plot text", "fill"),
    ):  # fmt: skip
        assert contrast(luminance(opened.colour(selector, name)), paper) >= 4.5, selector
    lines = opened.measure(
        "[...document.querySelectorAll('svg.plot [style*=accent]')].map("
        "e => getComputedStyle(e).stroke)"
    )
    drawn = [line for line in lines if line.startswith("rgb")]
    assert drawn
    assert all(contrast(luminance(line), paper) >= 3.0 for line in drawn)
    opened.page.close()


def test_on_paper_it_is_light_and_whole(browser: Any, reports: dict[str, Path]) -> None:
    opened = Opened(browser, reports["improved"], color_scheme="dark")
    pdf = opened.page.pdf(format="A4", print_background=True)
    assert pdf.startswith(b"%PDF-")
    opened.page.emulate_media(media="print")
    assert luminance(opened.colour("body", "backgroundColor")) > 0.9
    assert luminance(opened.colour("body", "color")) < 0.1
    assert not opened.page.locator("nav").is_visible()
    opened.page.close()


def test_a_suite_leads_to_its_kernels(browser: Any, reports: dict[str, Path]) -> None:
    opened = Opened(browser, reports["suite"])
    opened.page.get_by_role("link", name="kernel_01").click()
    assert "damp" in opened.page.locator("h1").inner_text()
    opened.page.close()


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(…)`` as WCAG 2 defines it."""
    parts = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: float, other: float) -> float:
    """The contrast ratio of WCAG 2."""
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)
