from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallel_agent.toolchain.launchers import view
from parallel_agent.toolchain.launchers.launcher import SANDBOX_ID


def test_what_the_system_has_needs_no_exposing(tmp_path: Path) -> None:
    view.expose(Path("/usr/include"), tmp_path, tmp_path / "none")
    assert tmp_path in view.exposed()
    assert Path("/usr/include") not in view.exposed()
    assert tmp_path / "none" not in view.exposed()


def test_of_a_program_in_the_home_only_itself_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert view.folder_of(tmp_path / "home" / "a.out") == tmp_path / "home" / "a.out"
    assert view.folder_of(tmp_path / "home" / "run" / "a.out") == tmp_path / "home" / "run"


def test_a_home_is_never_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in (tmp_path, tmp_path / "home"):
        with pytest.raises(ValueError, match="working directory"):
            view.hand_over(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_handing_over_follows_no_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").touch()
    outside.touch()
    (folder / "link").symlink_to(outside)
    (folder / "links").symlink_to(tmp_path)
    view.hand_over(folder)
    assert {path.lstat().st_uid for path in (folder, *folder.rglob("*"))} == {SANDBOX_ID}
    assert outside.stat().st_uid == os.geteuid()
