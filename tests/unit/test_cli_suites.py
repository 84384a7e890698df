"""What is wrong with a request for a suite is said at once, in two lines, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.cli import run
from parallel_agent.kernel.source import with_standard_headers

MINIATURE = Path(__file__).parents[1] / "mini_toolkit"
KERNEL = "void scale(double* x, int n) { for (int i = 0; i < n; ++i) x[i] *= 2; }\n"
NO_KERNEL = "int answer() { return 42; }\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with suites of several kinds in it."""
    texts = {"one/k.cpp": KERNEL, "none/k.cpp": NO_KERNEL, "no.json": "{", "list.json": "[1]"}
    twins = {f"twins/{name}.cpp": KERNEL for name in ("k", "a-k", "a/k")}
    for name, text in {**texts, **twins}.items():
        path = tmp_path / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "work" / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def held(place: Path) -> list[Path]:
    return sorted(place.rglob("*"))


WRONG = [
    ("bench", "bench takes a SUITE"),
    ("bench one --rejudge one", "bench takes a SUITE"),
    ("bench nothing", "'nothing' is no folder and none of bundled, llm4pp:PLACE"),
    ("bench bundled:more", "'bundled:more' is no folder"),
    ("bench llm4pp:", "'llm4pp:' is no folder"),
    ("bench llm4pp:/nowhere", "code_opt.json cannot be read"),
    ("bench llm4pp:one/k.cpp", "does not hold the toolkit's problems"),
    ("bench polybench:one", "one is no PolyBench/C tree"),
    ("bench empty", "there are no kernels in empty"),
    ("bench empty --out new/and/deep", "there are no kernels in empty"),
    ("bench twins", "2 kernels of twins are called 'a-k'"),
    ("bench one --out twins", "the folder twins is not empty"),
    ("bench one --judge who", "--judge: 'who' is not known"),
    ("bench bundled --judge toolkit", "--judge: the contest's toolkit judges nothing but its own"),
    ("bench one --toolkit-sizes no.json", "--toolkit-sizes is for the contest's driver"),
    (f"bench llm4pp:{MINIATURE} --judge toolkit --toolkit-sizes gone", "gone cannot be read"),
    (f"bench llm4pp:{MINIATURE} --judge toolkit --toolkit-sizes no.json", "no.json is not JSON"),
    (f"bench llm4pp:{MINIATURE} --judge toolkit --toolkit-sizes list.json", "sizes by problem"),
    ("bench --compare one one", "there is no result of a suite in one"),
    ("bench --compare one", "'--compare' requires 2 arguments"),
    ("bench --compare one one --threads 3", "--threads goes with a SUITE"),
    ("bench --rejudge gone", "there is no result of a suite in gone"),
    ("bench one --jobs 0", "--jobs"),
    ("export", "Missing argument 'RUN...'"),
    ("export gone", "there is no run in gone"),
    ("export one --format csv", "--format: 'csv' is not known"),
    ("export one --per-kernel 3", "--per-kernel goes with --format dpo or kto"),
    ("export one/k.cpp", "one/k.cpp is a file, and jsonl is for runs"),
    ("export one/k.cpp --format sft", "one/k.cpp, line 1: the line: Invalid JSON"),
    ("export list.json --format dpo", "list.json, line 1: the line: "),
    ("export gone --format dpo", "there is no run in gone"),
    ("export one --out gone/x.jsonl", "--out: gone/x.jsonl cannot be written"),
    ("export one --out empty", "--out: empty cannot be written"),
]


@pytest.mark.parametrize(("line", "what"), WRONG, ids=lambda text: str(text)[:30])
def test_a_wrong_request_has_two_lines_and_leaves_nothing_behind(
    line: str, what: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = held(place)
    assert run(line.split()) == 2
    told = capsys.readouterr()
    first, second = told.err.splitlines()
    assert first.startswith("error: ") and what in first
    assert second.startswith("  help: ")
    assert told.out == ""
    assert held(place) == before


@pytest.mark.parametrize("file", ["gone/curve.png", "curve.exe", "empty"])
def test_a_picture_that_cannot_be_drawn_is_refused_before_anything_is_done(
    file: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    before = held(place)
    assert run(["bench", "one", "--plot", file]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: --plot: ") and second.startswith("  help: ")
    assert held(place) == before


def test_the_folder_of_another_suite_is_refused_with_what_differs(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file without a kernel fails at once, so that this suite is done in no time."""
    same = ["bench", "none", "--out", "suite", "--threads", "2", "--quiet"]
    assert run(same) == 0
    before = (place / "suite" / "suite.json").read_text(encoding="utf-8")
    assert "failed" in capsys.readouterr().out
    others = {
        "the suite 'none', not of 'one'": ["bench", "one", *same[2:]],
        "ran with threads = 2, not 1": [*same, "--threads", "1"],
        "ran with effort = normal, not quick": [*same, "--effort", "quick"],
        "ran with seed = 0, not 7": [*same, "--seed", "7"],
    }
    for what, arguments in others.items():
        assert run(arguments) == 2
        first, second = capsys.readouterr().err.splitlines()
        assert first.startswith("error: ") and what in first
        assert "or give another --out" in second
    assert (place / "suite" / "suite.json").read_text(encoding="utf-8") == before
    assert run(["bench", "none/", *same[2:], "--budget", "0.01"]) == 0


@pytest.mark.parametrize(("name", "what"), [("k", "is another text"), ("gone", "is there no more")])
def test_the_folder_of_other_kernels_is_refused(
    name: str, what: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = ["bench", "none", "--out", "suite", "--threads", "2", "--quiet"]
    assert run(same) == 0
    original = place / "suite" / "kernels" / name / "original.cpp"
    original.parent.mkdir(parents=True)
    original.write_text(KERNEL, encoding="utf-8")
    capsys.readouterr()
    assert run(same) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: ") and what in first
    assert second.startswith("  help: Put ")


def test_a_kernel_with_the_includes_that_a_run_added_is_the_same_kernel(place: Path) -> None:
    same = ["bench", "none", "--out", "suite", "--threads", "2", "--quiet"]
    assert run(same) == 0
    [source] = (place / "none").glob("*.cpp")
    original = place / "suite" / "kernels" / source.stem / "original.cpp"
    original.parent.mkdir(parents=True, exist_ok=True)
    original.write_text(with_standard_headers(source.read_text(encoding="utf-8")), encoding="utf-8")
    assert run(same) == 0
