"""What a project run hands back: a patch for the user's tree, and on demand a branch with it."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from parallel_agent.agent.project.spec import ProjectError, ProjectSpec
from parallel_agent.agent.project.tree import git, repository_of

_NO_END = "\\ No newline at end of file\n"


def patch_of(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The changed files as a patch for ``git apply`` and ``patch -p1`` at the tree's root."""
    parts: list[str] = []
    for name in sorted(after):
        old, new = (_lines(texts[name]) for texts in (before, after))
        parts += difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}" for line in parts)


def _lines(text: str) -> list[str]:
    """Lines with their ends, as ``patch`` counts them: no other character ends a line."""
    pieces = text.split("\n")
    ended = [f"{piece}\n" for piece in pieces[:-1]]
    return [*ended, pieces[-1]] if pieces[-1] else ended


def check_branch(spec: ProjectSpec) -> None:
    """Find what would keep the branch from being made, before any work. Raises ProjectError."""
    if not spec.branch:
        return
    if repository_of(spec.root) is None:
        raise ProjectError(
            f"--branch {spec.branch}: {spec.root} is in no git repository",
            "Leave --branch out, and apply the patch that the run leaves",
        )
    if git(spec.root, "check-ref-format", "--branch", spec.branch).returncode != 0:
        raise ProjectError(f"--branch {spec.branch} is no name for a branch", "Give another name")
    if _ask(spec.root, "rev-parse", "--verify", "--quiet", f"refs/heads/{spec.branch}"):
        raise ProjectError(
            f"the branch {spec.branch} is there already", "Give a new name with --branch"
        )
    if not _ask(spec.root, "var", "GIT_COMMITTER_IDENT"):
        raise ProjectError(
            "git does not know who commits", "Set user.name and user.email with git config"
        )
    if not _ask(spec.root, "rev-parse", "--verify", "--quiet", "HEAD"):
        raise ProjectError(
            f"the repository {spec.root} has no commit yet", "Commit, or leave --branch out"
        )


def make_branch(spec: ProjectSpec, patch: Path, message: str) -> str:
    """Make the branch: the commit that is checked out, and the patch as one commit on top; its id.

    Neither the working tree nor the index of the user is touched. Raises ProjectError where the
    patch does not fit the commit, as with uncommitted changes in the same lines.
    """
    top = repository_of(spec.root) or spec.root
    folder = os.path.relpath(spec.root, top)
    directory = () if folder == "." else (f"--directory={folder}",)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        index = str(Path(scratch, "index"))
        head = _must(spec, "rev-parse", "HEAD")
        _must(spec, "read-tree", head, GIT_INDEX_FILE=index)
        done = git(top, "apply", "--cached", *directory, str(patch), GIT_INDEX_FILE=index)
        if done.returncode != 0:
            raise ProjectError(
                f"the patch does not fit the commit that is checked out: {_said(done.stderr)}",
                f"Commit the changes that it is made on, then apply {patch}",
            )
        tree = _must(spec, "write-tree", GIT_INDEX_FILE=index)
    commit = _must(spec, "commit-tree", tree, "-p", head, "-m", message)
    _must(spec, "update-ref", f"refs/heads/{spec.branch}", commit, "0" * len(commit))
    return commit


def _ask(root: Path, *arguments: str) -> str:
    done = git(root, *arguments)
    return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""


def _must(spec: ProjectSpec, *arguments: str, **environment: str) -> str:
    done = git(spec.root, *arguments, **environment)
    if done.returncode != 0:
        raise ProjectError(
            f"git {arguments[0]} fails: {_said(done.stderr)}",
            "Correct what it says, then apply the patch that the run left",
        )
    return os.fsdecode(done.stdout).strip()


def _said(stderr: bytes) -> str:
    return os.fsdecode(stderr).strip().replace("\n", "; ")
