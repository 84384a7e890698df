"""`verify` from the command line, as a reviewer uses it, and the replay of what it rejects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parallel_agent import load_settings
from parallel_agent.agent.reviewer import Reviewer
from parallel_agent.cli import run
from parallel_agent.toolchain.race_detector import RaceDetector

ORIGINAL = """#include <cstddef>
#include <vector>
double smooth(const std::vector<double>& x, std::vector<double>& y, int width) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        y[i] = x[i] * width;
        sum += y[i];
    }
    return sum;
}
"""
CONTRACT = """kernel = "smooth"
[dimensions.n]
[parameters.x]
length = "n"
[parameters.y]
length = "n"
[parameters.width]
values = { kind = "integers", low = 1, high = 9 }
"""
# Other names, a helper, an include too few, a typedef, const by value, a main, a guard.
CORRECT = """#include <vector>
using Real = double;
static Real scaled(Real value, const int factor) { return value * factor; }
Real smooth(const std::vector<Real>& in, std::vector<Real>& out, const int w) {
    Real sum = std::accumulate(in.begin(), in.begin(), 0.0);
    #pragma omp parallel for reduction(+ : sum) if (in.size() > 20000)
    for (std::size_t i = 0; i < in.size(); ++i) {
        out[i] = scaled(in[i], w);
        sum += out[i];
    }
    return sum;
}
int main() { return 0; }
"""
RACY = CORRECT.replace("reduction(+ : sum) ", "")
WRONG = ORIGINAL.replace("i = 0; i < x.size()", "i = 0; i + (x.size() == 13) < x.size()")
GATES = [
    "forbidden",
    "signature",
    "compile",
    "linkage",
    "differential",
    "history",
    "sanitizers",
    "races",
    "timing size",
    "repetition",
]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the original and its contract beside it."""
    (tmp_path / "smooth.cpp").write_text(ORIGINAL)
    (tmp_path / "smooth.toml").write_text(CONTRACT)
    return tmp_path


def verified(
    files: Path, candidate: str, capsys: pytest.CaptureFixture[str], *flags: str | Path
) -> tuple[int, dict[str, Any], str]:
    """Exit status, the JSON object, and what stands on stderr."""
    (files / "candidate.cpp").write_text(candidate)
    arguments = ["verify", files / "smooth.cpp", files / "candidate.cpp", "--threads", "2"]
    status = run([str(a) for a in (*arguments, "--json", *flags)])
    said = capsys.readouterr()
    return status, json.loads(said.out), said.err


def test_a_correct_candidate_is_accepted(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = files / "run"
    status, told, err = verified(files, CORRECT, capsys, "--out", out)
    assert (status, told["accepted"]) == (0, True), told["gates"][-1]
    assert [gate["name"] for gate in told["gates"]] == GATES
    assert all(gate["passed"] and gate["seconds"] >= 0 for gate in told["gates"])
    assert told["contract"]["kernel"] == "smooth"
    assert told["seconds"] >= max(gate["seconds"] for gate in told["gates"])
    assert any("<bits/stdc++.h> was added" in note for note in told["notes"])
    assert "timing size: passed" in err
    kept = {path.name for path in out.iterdir()}
    assert kept == {"original.cpp", "candidate.cpp", "contract.toml", "verdict.json", "lock"}
    assert json.loads((out / "verdict.json").read_text()) == told


@pytest.mark.skipif(RaceDetector.find() is None, reason="no race detector is installed")
def test_a_race_behind_a_guard_is_found_and_seen_again(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told, _ = verified(files, RACY, capsys, "--out", files / "run", "--size", "100")
    last = told["gates"][-1]
    assert (status, told["accepted"]) == (1, False)
    if last["name"] != "races":  # its wrong result was seen first
        assert last["name"] in ("sanitizers", "timing size")
        return
    assert "a data race at line" in last["detail"]
    assert "n=20001" in last["detail"]  # one beyond the guard, whatever sizes were asked for
    status, told, _ = verified(files, RACY, capsys, "--replay", last["replay"])
    assert (status, told["accepted"]) == (1, False)
    assert "a data race at line" in told["difference"]
    assert told["purpose"] == "races"
    assert "kernel.hpp" in told["printed"]


def test_a_rejection_can_be_run_again(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, told, _ = verified(files, WRONG, capsys, "--out", files / "run")
    last = told["gates"][-1]
    assert (status, last["name"], last["passed"]) == (1, "differential", False)
    assert "(n=13, seed [0, 13, 0], 1 threads)" in last["detail"]
    replay = files / "run" / "replay.json"
    assert last["replay"] == str(replay)

    status, told, _ = verified(files, WRONG, capsys, "--replay", replay)
    assert (status, told["accepted"], told["gate"]) == (1, False, "differential")
    assert told["difference"] == told["recorded"]
    assert told["sizes"] == {"n": 13}
    assert told["inputs"]["x"].endswith("(13)")
    assert set(told["expected"]) == set(told["got"]) == {"return", "y"}
    assert told["expected"] != told["got"]

    status, told, _ = verified(files, ORIGINAL, capsys, "--replay", replay)
    assert (status, told["accepted"], told["got"]) == (0, True, {})

    damaged = json.loads(replay.read_text())
    damaged["case"]["sha256"] = "0" * 64
    replay.write_text(json.dumps(damaged))
    status, told, _ = verified(files, WRONG, capsys, "--replay", replay)
    assert status == 2
    assert "cannot be drawn again" in told["error"]


@pytest.fixture(scope="module")
def reviewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewer]:
    """Of the original, which is built once."""
    directory = tmp_path_factory.mktemp("reviewer")
    with Reviewer(ORIGINAL, load_settings(threads=2), directory, lambda event: None) as reviewer:
        yield reviewer


@pytest.mark.parametrize(
    ("candidate", "gate", "detail"),
    [
        ("double fft(double);\n" + ORIGINAL.replace("= x[i]", "= fft(x[i])"), "compile",
         "does not stand alone: undefined reference to fft(double)"),
        (ORIGINAL.replace("y[i]", "z[i]", 1), "compile", "was not declared"),
        (ORIGINAL.replace("double smooth", "static double smooth"), "signature", "is static"),
        (ORIGINAL + "double smooth(double x) { return x; }", "signature",
         "several functions are named 'smooth'"),
    ],
    ids=["stands not alone", "does not compile", "static", "overloaded"],
)  # fmt: skip
def test_what_is_wrong_in_the_text_needs_no_contract(
    candidate: str, gate: str, detail: str, reviewer: Reviewer, tmp_path: Path
) -> None:
    verdict = reviewer.review(candidate, tmp_path).verdict
    assert verdict.failed is not None
    assert (verdict.failed.name, detail in verdict.failed.detail) == (gate, True), verdict.failed
    assert verdict.failed.replay == ""
    assert not reviewer.has_contract


BAD = [
    (["--contract", "missing.toml"], 2, "missing.toml"),
    (["--replay", "missing.json"], 2, "cannot read missing.json"),
    (["--replay", "smooth.toml"], 2, "is no replay file"),
    (["--kernel", "rough"], 2, "no function is named 'rough'"),
    (["--cxx", "no-such-compiler"], 3, "is not on PATH"),
]


@pytest.mark.parametrize(("flags", "status", "error"), BAD, ids=lambda value: str(value)[:24])
def test_a_request_that_cannot_be_met(
    flags: list[str],
    status: int,
    error: str,
    files: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(files)
    code, told, err = verified(files, CORRECT, capsys, *flags)
    assert (code, told["status"]) == (status, status)
    assert error in told["error"]
    assert len(err.splitlines()) <= 4
    runs = files / ".parallel-agent" / "runs"
    assert not runs.exists() or not list(runs.iterdir())


def test_a_candidate_that_there_is_not(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(files / "smooth.cpp"), str(files / "none.cpp")]) == 2
    assert "there is no file" in capsys.readouterr().err
