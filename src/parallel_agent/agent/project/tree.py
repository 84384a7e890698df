"""Copies of the user's tree: which files belong to it, and how it is copied and put back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from parallel_agent.agent.project.spec import MIB, ProjectError

RUNS_FOLDER = ".parallel-agent"
_NOT_SOURCES = {RUNS_FOLDER, ".git", ".hg", ".svn"}


def git(root: Path, *arguments: str, **options: str) -> subprocess.CompletedProcess[bytes]:
    """Ask git about the user's repository, without locks; ``options`` are environment variables."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", **options}
    return subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
    )


def repository_of(folder: Path) -> Path | None:
    """The top of the git working tree that a folder is in; None without one, or without git.

    A folder that its repository ignores, as those for builds and downloads are, is in none.
    """
    if shutil.which("git") is None:
        return None
    done = git(folder, "rev-parse", "--show-toplevel")
    if done.returncode != 0:
        return None
    top = Path(os.fsdecode(done.stdout).rstrip("\n"))
    ignored = git(top, "check-ignore", "--quiet", str(folder.resolve())).returncode == 0
    return None if ignored else top


def files_of(root: Path) -> list[str]:
    """The files of a tree, relative to it: with git all that it does not ignore, else all.

    With git those are what it tracks, as it lies in the working tree, and what is new there. The
    runs of this program are never among them.
    """
    if repository_of(root) is None:
        found = sorted(_walked(root))
    else:
        tracked = _listed(root, "--cached", "--recurse-submodules")
        found = sorted({*tracked, *_listed(root, "--others", "--exclude-standard")})
    return [name for name in found if not _NOT_SOURCES & set(Path(name).parts)]


def _listed(root: Path, *options: str) -> list[str]:
    done = git(root, "ls-files", "-z", *options)
    if done.returncode != 0:
        raise ProjectError(
            f"git cannot list the files of {root}: {os.fsdecode(done.stderr).strip()}",
            "Correct what it says, or give another tree with --root",
        )
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    # Deleted files are still listed; a folder is a repository inside that is no submodule.
    return [name for name in names if _is_file(root / name)]


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _walked(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES]
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*files, *links):
            path = Path(folder, name)
            if _is_file(path):
                yield str(path.relative_to(root))


def copy_files(root: Path, names: Sequence[str], target: Path, most_mib: int) -> None:
    """Copy files of a tree, with their times, to the new folder ``target``; links stay links.

    Raises ProjectError where they are larger than ``most_mib`` or cannot be read.
    """
    size = sum((root / name).lstat().st_size for name in names)
    if size > most_mib * MIB:
        raise ProjectError(
            f"the tree {root} holds {size // MIB} MiB, more than the {most_mib} MiB that are copied",
            "Have .gitignore name what the build does not need, give a smaller tree with --root, "
            "or raise --tree-limit",
        )
    target.mkdir(parents=True)
    for name in names:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(root / name, copy, follow_symlinks=False)
        except OSError as error:
            raise ProjectError(
                f"cannot copy {root / name}: {error.strerror}", "Make it readable, or move it away"
            ) from None


def clone(source: Path, target: Path) -> None:
    """Make ``target`` what ``source`` is, times and all; what was there is gone."""
    remove(target)
    shutil.copytree(source, target, symlinks=True)


def remove(folder: Path) -> None:
    """Remove a copy, also where a build left folders that nobody may write to."""

    def allow(function: object, path: str, error: object) -> None:
        Path(path).parent.chmod(0o700)
        if Path(path).is_dir() and not Path(path).is_symlink():
            Path(path).chmod(0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            Path(path).unlink(missing_ok=True)

    if folder.exists():
        shutil.rmtree(folder, onerror=allow)
