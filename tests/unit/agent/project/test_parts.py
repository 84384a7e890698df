"""The smaller parts of project mode: the benchmark's number, the patch, which files are copied."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from parallel_agent.agent.project.benchmark import NoNumber, difference, read_run
from parallel_agent.agent.project.patch import patch_of
from parallel_agent.agent.project.spec import ProjectError, ProjectSpec, check_spec
from parallel_agent.agent.project.tree import copy_files, files_of, repository_of
from parallel_agent.toolchain.sandbox import Completed


def spec(**more: object) -> ProjectSpec:
    given = {"root": "/nowhere", "file": "a.cpp", "build": "b", "test": "t", "bench": "./b"}
    return ProjectSpec.model_validate({**given, **more})


def printed(text: str) -> Completed:
    return Completed(returncode=0, stdout=text, stderr="", seconds=2.0)


def test_without_a_metric_the_clock_counts() -> None:
    run = read_run(printed("anything"), spec())
    assert (run.value, run.seconds, run.wall) == (2.0, 2.0, 2.0)


def test_a_higher_number_is_a_shorter_time_where_higher_is_better() -> None:
    run = read_run(printed("rate 4,000/s\n"), spec(metric="rate (.*)/s", higher_is_better=True))
    assert (run.value, run.seconds) == (4000.0, 1 / 4000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing", "nowhere"),
        ("t=1 t=2", "in 2 places"),
        ("t=0", "no positive number"),
        ("t=inf", "no positive number"),
        ("t=-3", "no positive number"),
        ("t=abc", "'abc', which is no number"),
    ],
)
def test_a_number_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(NoNumber, match=said):
        read_run(printed(text), spec(metric=r"t=(\S+)"))


def test_output_is_compared_without_the_number_where_it_must_be_the_same() -> None:
    strict = spec(metric="t=([0-9]+)", same_output=True)
    one, other, third = (
        read_run(printed(text), strict) for text in ("t=1\nsum 5\n", "t=9\nsum 5\n", "t=9\nsum 6\n")
    )
    assert difference(one, other, strict) is None
    assert difference(one, third, strict) == "the benchmark's line 2 is 'sum 6', and was 'sum 5'"
    assert difference(one, third, spec()) is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"test": " "}, "--test is missing"),
        ({"metric": "t=("}, "no regular expression"),
        ({"metric": "t=.*"}, "has 0 groups"),
        ({"higher_is_better": True}, "the time on the clock"),
        ({"readable": ("/nowhere/at/all",)}, "no such folder"),
    ],
)
def test_a_project_that_cannot_be_is_refused_at_once(more: dict[str, object], said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        check_spec(spec(**more))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\n", "a\nc\nd\n"),
        ("a\nb", "a\nc"),
        ("a\nb", "b\n"),
        ("a\x0cb\r\nx\r\n", "a\x0cb\r\ny\r\n"),
    ],
)
def test_a_patch_applies(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "a.cpp"
    file.write_bytes(before.encode())
    patch = patch_of({"deep/a.cpp": before}, {"deep/a.cpp": after})
    for command in (
        ["git", "apply", "-"],
        ["patch", "-p1", "--binary", "--reverse"],
        ["git", "apply", "-"],
    ):
        subprocess.run(command, input=patch.encode(), cwd=tmp_path, check=True, capture_output=True)
    assert file.read_bytes() == after.encode()


def test_files_that_git_ignores_and_runs_are_not_copied(tmp_path: Path) -> None:
    for name in ("kept.cpp", "new.cpp", "build/x.o", ".parallel-agent/runs/1/run.json", "gone.cpp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert "build/x.o" in files_of(tmp_path)
    (tmp_path / ".gitignore").write_text("build/\n")
    for arguments in (["init", "--quiet"], ["add", "kept.cpp", "gone.cpp"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    (tmp_path / "gone.cpp").unlink()
    assert files_of(tmp_path) == [".gitignore", "kept.cpp", "link", "new.cpp"]


def test_a_tree_that_an_outer_repository_ignores_is_taken_whole(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("vendor/\n")
    (tmp_path / "vendor" / "src").mkdir(parents=True)
    (tmp_path / "vendor" / "src" / "a.cpp").write_text("x")
    assert files_of(tmp_path / "vendor") == ["src/a.cpp"]
    assert repository_of(tmp_path / "vendor") is None
    assert repository_of(tmp_path) == tmp_path.resolve()


def test_a_tree_that_is_too_large_is_an_error_before_anything_is_copied(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"0" * (3 << 20))
    with pytest.raises(ProjectError, match="3 MiB, more than the 2 MiB"):
        copy_files(tmp_path, ["large"], tmp_path / "copy", 2)
    assert not (tmp_path / "copy").exists()
