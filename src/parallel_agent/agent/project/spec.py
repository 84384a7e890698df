"""What a project is: its tree, the kernel's file, and the user's own commands."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.kernel.source import SourceError

FOLDER = "project"
"""Of a run folder: the copies of the tree and what is known of them."""
SPEC = "project.json"
MIB = 1 << 20


class ProjectError(SourceError):
    """A project that cannot be used. ``hint`` says what to do, ``appendix`` what helps with it."""

    appendix: str = ""


class ProjectSpec(BaseModel):
    """A project as it was asked for; in the run folder as ``project/project.json``.

    ``root`` is the user's tree, which is read and never written. ``file`` and ``others`` are the
    kernel's file and those that may be changed with it, and ``where`` the folder that commands are
    run in, all relative to ``root``. ``metric`` is a regular expression whose group is a number in
    what the benchmark prints; empty for the time on the clock.
    """

    model_config = ConfigDict(frozen=True)

    root: Path
    file: str
    others: tuple[str, ...] = ()
    where: str = "."
    build: str
    test: str
    bench: str
    metric: str = ""
    higher_is_better: bool = False
    same_output: bool = False
    """What the benchmark prints, its number aside, must be the same."""
    readable: tuple[Path, ...] = ()
    """What the commands may read outside of the system and the tree."""
    tree_mib: int = 1024
    """The largest tree that is copied, in MiB."""
    trust_test: bool = False
    """The user's test alone may decide, where the function cannot be checked by itself."""
    branch: str = ""
    """A git branch to be made with the patch as its one commit."""

    @property
    def unit(self) -> str:
        """What the benchmark's number is, in words."""
        if not self.metric:
            return "seconds on the clock"
        return f"/{self.metric}/, {'higher' if self.higher_is_better else 'lower'} is better"


def check_spec(spec: ProjectSpec) -> None:
    """Find what is wrong with a project before anything is copied. Raises ProjectError."""
    for flag, command in (("build", spec.build), ("test", spec.test), ("bench", spec.bench)):
        if not command.strip():
            raise ProjectError(
                f"--{flag} is missing",
                'A project needs --build, --test and --bench, each a command: --build "make -j2"',
            )
    for path in spec.readable:
        if not path.exists():
            raise ProjectError(f"--readable {path}: there is no such folder", "Give one that is")
    if spec.metric:
        try:
            groups = re.compile(spec.metric).groups
        except re.error as error:
            raise ProjectError(
                f"--metric is no regular expression: {error}",
                r"Give one with the number as its group, as in 'time: ([0-9.]+) ms'",
            ) from None
        if groups != 1:
            raise ProjectError(
                f"--metric has {groups} groups",
                r"Give one with the number as its only group, as in 'time: ([0-9.]+) ms'",
            )
    elif spec.higher_is_better:
        raise ProjectError(
            "--higher-is-better says nothing of the time on the clock",
            "Give the number that is better when it is higher with --metric REGEX",
        )
