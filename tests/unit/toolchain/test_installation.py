from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.toolchain.installation import needed_paths


def compiler(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    return path


def test_a_compiler_brings_its_installation(tmp_path: Path) -> None:
    found = needed_paths(str(compiler(tmp_path / "gcc-14/bin/g++")), ())
    assert set(found) == {tmp_path / "gcc-14"}


def test_a_link_brings_what_it_leads_to(tmp_path: Path) -> None:
    real = compiler(tmp_path / "gcc-14/bin/g++")
    (tmp_path / "tools").mkdir()
    link = tmp_path / "tools/c++"
    link.symlink_to(real)
    assert set(needed_paths(str(link), ())) == {tmp_path / "tools", tmp_path / "gcc-14"}


def test_a_home_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert set(needed_paths(str(compiler(tmp_path / "bin/g++")), ())) == {tmp_path / "bin"}
    local = compiler(tmp_path / ".local/bin/g++")
    assert set(needed_paths(str(local), ())) == {tmp_path / ".local/bin"}
    assert needed_paths("g++", (f"-I{tmp_path}", f"-I{tmp_path.parent}", "-I/")) == ()


@pytest.mark.parametrize(
    "flag", ["-I{}", "-isystem{}", "-L{}", "--sysroot={}", "-Wl,-rpath,{}", "-Wl,-rpath={}", "{}"]
)
def test_paths_in_flags_are_shown(tmp_path: Path, flag: str) -> None:
    assert needed_paths("g++", ("-O3", flag.format(tmp_path))) == (tmp_path,)


def test_flags_without_a_path_that_exists_show_nothing(tmp_path: Path) -> None:
    assert needed_paths("g++", ("-O3", "-Iinclude", f"-I{tmp_path}/none", "-DX=a/b")) == ()
