from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from parallel_agent.agent.events import Event
from parallel_agent.budget.ledger import Ledger
from parallel_agent.cli import run
from parallel_agent.report.html.page import write_run_report
from parallel_agent.suites.page import (
    MOST_WORDS,
    is_suite,
    report_suite,
    suite_page,
    write_suite_report,
)
from report_samples import write_suite

HOSTILE = "<script>alert(1)</script>"


def test_kernels_are_linked_to_their_own_reports(tmp_path: Path) -> None:
    root = write_suite(tmp_path / "s", 3)
    write_run_report(root / "kernels" / "kernel_01")
    page = suite_page(root)
    assert 'href="kernels/kernel_01/report.html"' in page
    assert 'href="kernels/kernel_02/report.html"' not in page
    assert "samples: 2.90 times as fast on the geometric mean of 3 kernels" in page
    assert "Of 6 candidates 3 were turned away by a gate" in page
    assert page.count('<svg role="img"') == 2
    assert 0 < page.count("nothing applies; ") < 2 * MOST_WORDS // len("nothing applies; ")


def test_all_reports_of_a_suite_are_written(tmp_path: Path) -> None:
    root = write_suite(tmp_path / "s", 2)
    told: list[tuple[str, Event]] = []
    report_suite(root, lambda kernel, event: told.append((kernel, event)))
    assert told == []
    for link in re.findall(r'href="([^#"]+)"', (root / "report.html").read_text()):
        assert (root / link).is_file()


def test_sixty_kernels_are_a_small_page(tmp_path: Path) -> None:
    page = write_suite_report(write_suite(tmp_path / "s", 60))
    assert page.stat().st_size < 5_000_000 / 10
    assert page.read_text().count("kernel_59") >= 2


def test_hostile_names_are_text(tmp_path: Path) -> None:
    root = write_suite(tmp_path / "s", 2)
    file = root / "suite.json"
    text = file.read_text()
    for word in ("kernel_01", "group_1", "nothing applies", "samples", "parallel_loop static"):
        text = text.replace(word, HOSTILE)
    file.write_text(text)
    assert "<script" not in suite_page(root)


def test_a_suite_without_an_end(tmp_path: Path) -> None:
    root = write_suite(tmp_path / "s", 3)
    (root / "suite.json").unlink()
    (root / "kernels" / "kernel_02" / "outcome.json").unlink()
    Ledger.create(root / "ledger.sqlite", 10**9)
    assert is_suite(root)
    page = suite_page(root)
    assert "of 3 kernels that were begun, 2 have a result" in page
    assert "no outcome yet" in page
    assert "parallel-agent bench" in page


@pytest.mark.parametrize("what", [".", "kernels/kernel_01"])
def test_the_command_draws_a_suite_or_a_run(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_suite(tmp_path / "s", 2)
    assert run(["report", str(root / what), "--json"]) == 0
    path = Path(json.loads(capsys.readouterr().out)["report"])
    assert path.is_file()
    assert path.parent.resolve() == (root / what).resolve()


def test_the_command_where_there_is_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: there is no run in")
