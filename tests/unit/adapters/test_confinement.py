"""Which files a caller can name, and which not, however the way leads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallel_agent.adapters.confinement import OutsideRoot, confined, read_confined
from parallel_agent.adapters.requests import MAX_SOURCE_BYTES, BadRequest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = (tmp_path / "root").resolve()
    (root / "deep").mkdir(parents=True)
    (root / "inside.cpp").write_text("int f();\n", encoding="utf-8")
    (tmp_path / "outside.cpp").write_text("secret\n", encoding="utf-8")
    (tmp_path / "rootless").mkdir()
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "deep")
    (root / "loop").symlink_to(root / "loop")
    return root


@pytest.mark.parametrize("path", ["inside.cpp", "./deep/../inside.cpp", "in/../inside.cpp"])
def test_what_lies_below_is_read(root: Path, path: str) -> None:
    assert read_confined(path, root) == "int f();\n"
    assert read_confined(str(root / path), root) == "int f();\n"


@pytest.mark.parametrize(
    "path",
    [
        *("../outside.cpp", "../nothing.cpp", "out/outside.cpp", "out/root/../outside.cpp"),
        *("/etc/passwd", "/proc/self/environ", "../rootless/x.cpp", "loop", "a\0b", ".."),
    ],
)
def test_what_leads_out_is_refused(root: Path, path: str) -> None:
    with pytest.raises(OutsideRoot):
        read_confined(path, root)


def test_a_link_that_is_changed_after_the_look_leads_nowhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the opening, a folder becomes a link."""
    (root / "deep" / "outside.cpp").write_text("int g();\n", encoding="utf-8")
    opened = os.open

    def swapped(path: Path, flags: int) -> int:
        (root / "deep").rename(root / "moved")
        (root / "deep").symlink_to(tmp_path)
        return opened(path, flags)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(OutsideRoot):
        read_confined("deep/outside.cpp", root)


def test_what_is_no_text_file_is_refused(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "bytes.cpp").write_bytes(b"\xff\xfe")
    (root / "long.cpp").write_bytes(b" " * (MAX_SOURCE_BYTES + 1))
    for path, said in (
        ("pipe", "not a file"),
        ("deep", "not a file"),
        ("bytes.cpp", "not UTF-8"),
        ("long.cpp", "more than"),
        ("none.cpp", "cannot read"),
    ):
        with pytest.raises(BadRequest, match=said):
            read_confined(path, root)


def test_a_file_need_not_be_there_to_be_named(root: Path) -> None:
    assert confined("new/file.cpp", root) == root / "new" / "file.cpp"
