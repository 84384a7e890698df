from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.measurement.bounds import Bandwidth
from parallel_agent.toolchain.errors import WorkerError


def test_reading_more_takes_longer(tmp_path: Path) -> None:
    bandwidth = Bandwidth("g++", tmp_path, 2)
    none, some, more = (bandwidth.read_seconds(size) for size in (0, 1 << 16, 1 << 26))
    assert 0 <= none < some < more


def test_a_program_that_is_gone_is_an_error(tmp_path: Path) -> None:
    bandwidth = Bandwidth("g++", tmp_path, 2)
    (tmp_path / "bandwidth").unlink()
    with pytest.raises((WorkerError, OSError)):
        bandwidth.read_seconds(1 << 10)
