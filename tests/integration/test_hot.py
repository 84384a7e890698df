"""`optimize --hot` on the example project: a real build, a real benchmark, real samples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from parallel_agent.cli import run

TIDES = Path(__file__).parents[2] / "examples" / "tides"
HILLSHADE = TIDES.with_name("hillshade")
BUILD = "make CXXFLAGS='-std=c++17 -O2 -g -fopenmp'"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "tides"
    shutil.copytree(TIDES, copy, ignore=shutil.ignore_patterns("build"))
    monkeypatch.chdir(copy)
    return copy


def test_the_hottest_function_comes_first_with_its_bound(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in tree.rglob("*"))
    command = ["optimize", "--hot", "--build", BUILD, "--bench", "./build/bench_smooth"]
    assert run([*command, "--quiet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    first = told["functions"][0]
    assert first["name"].endswith("near_sums")
    assert first["file"] == "src/smooth.cpp"
    assert first["total"] >= first["own"] > 0.5
    assert sorted(path.name for path in tree.rglob("*")) == before


@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
def test_a_project_with_cmake_is_sampled_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "hillshade"
    shutil.copytree(HILLSHADE, copy, ignore=shutil.ignore_patterns("build"))
    monkeypatch.chdir(copy)
    build = "cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo && cmake --build build -j2"
    command = ["optimize", "--hot", "--build", build, "--bench", "build/bench_shade"]
    assert run([*command, "--quiet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    first = told["functions"][0]
    assert first["name"] == "shade"
    assert first["file"] == "src/shade.cpp"
    assert first["total"] > 0.5
    assert not (copy / "build").exists()


def test_a_benchmark_that_fails_is_told(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["optimize", "--hot", "--build", BUILD, "--bench", "false", "--quiet"]) == 2
    assert "the project's bench fails: status 1" in capsys.readouterr().err
    assert run(["optimize", "--hot", "--build", BUILD, "--quiet"]) == 2
    assert "--bench is missing" in capsys.readouterr().err


def test_without_hot_a_file_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["optimize"]) == 2
    assert "FILE is missing" in capsys.readouterr().err
