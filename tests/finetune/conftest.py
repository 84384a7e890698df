"""A tiny model, and verified pairs of a real run: made once for all tests of fine-tuning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from finetune_running import run

ROOT = Path(__file__).parents[2]
KERNEL = """#include <cmath>
#include <vector>

// How loud each sample is, in decibels above the quietest that counts.
void loudness(std::vector<double> const& samples, std::vector<double>& levels) {
    for (int i = 0; i < (int)samples.size(); ++i) {
        levels[i] = 20.0 * std::log10(1.0 + std::fabs(std::sin(samples[i]) * samples[i]));
    }
}
"""
CONTRACT = """kernel = "loudness"
[dimensions.n]
[parameters.samples]
length = "n"
[parameters.levels]
length = "n"
"""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights, as tools/tiny_model.py makes it."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    subprocess.run([sys.executable, ROOT / "tools" / "tiny_model.py", folder], check=True)
    return folder


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of one kernel, with its contract."""
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "loudness.cpp").write_text(KERNEL, encoding="utf-8")
    (folder / "loudness.toml").write_text(CONTRACT, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def pairs(command: list[str], kernels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pairs that a run of the free proposer leaves behind."""
    place = tmp_path_factory.mktemp("pairs")
    run(command, "optimize", kernels / "loudness.cpp", "--effort", "quick", "--threads", 2,
        "--out", place / "run", "--quiet")  # fmt: skip
    run(command, "export", place / "run", "--out", place / "pairs.jsonl")
    assert (place / "pairs.jsonl").read_text(encoding="utf-8").strip()
    return place / "pairs.jsonl"
