from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallel_agent.toolchain.disk import DiskUse
from parallel_agent.toolchain.limits import Limits
from parallel_agent.toolchain.processes import family

KIB = 1 << 10
LIMITS = Limits(disk_bytes=512 * KIB, file_bytes=400 * KIB, disk_entries=20)


@pytest.fixture
def use(tmp_path: Path) -> DiskUse:
    (tmp_path / "before").write_bytes(b"x" * 1000 * KIB)
    return DiskUse(tmp_path, LIMITS)


def test_only_what_is_new_counts(tmp_path: Path, use: DiskUse) -> None:
    assert not use.is_exceeded(family(os.getpid()))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one").write_bytes(b"x" * 300 * KIB)
    assert not use.is_exceeded(family(os.getpid()))
    (tmp_path / "folder" / "two").write_bytes(b"x" * 300 * KIB)
    assert use.is_exceeded(family(os.getpid()))


def test_holes_do_not_count(tmp_path: Path, use: DiskUse) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert not use.is_exceeded(family(os.getpid()))


def test_entries_count(tmp_path: Path, use: DiskUse) -> None:
    for number in range(20):
        (tmp_path / str(number)).touch()
    assert use.is_exceeded(family(os.getpid()))


def test_a_deleted_file_counts_while_it_is_open(tmp_path: Path, use: DiskUse) -> None:
    with (tmp_path / "gone").open("wb") as file:
        file.write(b"x" * 600 * KIB)
        file.flush()
        (tmp_path / "gone").unlink()
        assert use.is_exceeded(family(os.getpid()))
    assert not use.is_exceeded(family(os.getpid()))


def test_links_are_not_followed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "big").write_bytes(b"x" * 600 * KIB)
    use = DiskUse(tmp_path, LIMITS)
    (tmp_path / "link").symlink_to(other)
    assert not use.is_exceeded(family(os.getpid()))
