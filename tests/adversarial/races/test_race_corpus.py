"""Small OpenMP programs, racy and correct: the detector's set-up must tell one from the other."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector

THREADS = 2
DETECTOR = RaceDetector.find()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(DETECTOR is None, reason=f"no race detector; {INSTALL}"),
]


def _tool() -> ModuleType:
    path = Path(__file__).parents[3] / "tools" / "race_table.py"
    spec = importlib.util.spec_from_file_location("race_table", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


race_table = _tool()
PROGRAMS: list[Path] = race_table.programs()


@pytest.fixture(scope="module")
def judged(request: pytest.FixtureRequest) -> Iterator[dict[Path, Future[object]]]:
    """All programs that were asked for, two at a time and ahead of the tests that await them."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    sources = {spec.params.get("source") for spec in specs if spec is not None}
    with ThreadPoolExecutor(race_table.BUILDS_AT_A_TIME) as pool:
        yield {
            source: pool.submit(race_table.judge, source, DETECTOR, threads=THREADS, repetitions=1)
            for source in PROGRAMS
            if source in sources
        }


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_racy_programs_are_accused_and_correct_ones_are_not(
    source: Path, judged: dict[Path, Future[race_table.Judgement]]
) -> None:
    judgement = judged[source].result()
    assert judgement.right, judgement


def test_the_corpus_is_large_enough() -> None:
    kinds = [path.parent.name for path in PROGRAMS]
    assert kinds.count("racy") >= 30
    assert kinds.count("correct") >= 30
