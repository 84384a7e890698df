"""What tests share: kernels to optimize, and a cache folder of their own."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, and no fault of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A job in the background starts with Ctrl-C ignored, and so would everything that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

SUM_OF_ROOTS = """#include <cmath>
#include <cstddef>
#include <vector>

// The sum of the square roots of the sines, which takes long enough to be worth two threads.
double sumOfRoots(std::vector<double> const& x) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        sum += std::sqrt(2.0 + std::sin(x[i]) * std::cos(x[i]));
    }
    return sum;
}
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, but for headers: precompiling takes seconds."""
    shared = tmp_path_factory.getbasetemp().parent / "precompiled"
    shared.mkdir(mode=0o755, exist_ok=True)
    cache = tmp_path_factory.mktemp("cache")
    kept = cache / "parallel-agent"
    kept.mkdir()
    (kept / "precompiled").symlink_to(shared)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("MPLCONFIGDIR", str(shared.with_name("matplotlib")))  # its list of fonts
    for name in ("PARALLEL_AGENT_OUT", "PARALLEL_AGENT_BUDGET"):
        monkeypatch.delenv(name, raising=False)
    return cache


@pytest.fixture
def sum_of_roots(tmp_path: Path) -> Path:
    """A file with one kernel: a reduction that is bound by computing."""
    path = tmp_path / "sum_of_roots.cpp"
    path.write_text(SUM_OF_ROOTS, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def command() -> list[str]:
    """The installed command of the environment that runs the tests."""
    return [str(Path(sys.executable).with_name("parallel-agent"))]
