"""The options of `optimize` for a kernel inside a project: name, type and help of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Build: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--build",
        metavar="COMMAND",
        help="Project: builds a copy of the tree that FILE is in. With it go --test and --bench.",
    ),
]
Test: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--test", metavar="COMMAND", help="Project: the test that every candidate must pass."
    ),
]
Bench: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--bench", metavar="COMMAND", help="Project: the benchmark that the speedup is measured by."
    ),
]
Hot: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--hot",
        help="Project: only say which functions --bench spends its time in, the hottest first, and "
        "what each could bring at most; FILE may be left out.",
    ),
]
Metric: TypeAlias = Annotated[
    str,
    typer.Option(
        "--metric",
        metavar="REGEX",
        help="Project: finds the benchmark's number, its only group, in what it prints; default "
        "the time on the clock.",
    ),
]
HigherIsBetter: TypeAlias = Annotated[
    bool,
    typer.Option("--higher-is-better", help="Project: a higher --metric is better, not a lower."),
]
SameOutput: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--same-output",
        help="Project: what the benchmark prints, its number aside, must be the original's.",
    ),
]
With: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE",
        help="Project: another source that the kernel calls into, which may be changed with it; "
        "repeatable. Headers of the tree are found by themselves.",
    ),
]
Root: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Project: the tree; default the git repository of FILE, else the working directory.",
    ),
]
Readable: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--readable",
        metavar="DIR",
        help="Project: what the commands may read besides the tree and the system; repeatable.",
    ),
]
TreeLimit: TypeAlias = Annotated[
    int,
    typer.Option(
        "--tree-limit", metavar="MIB", min=1, help="Project: the largest tree that is copied."
    ),
]
TrustTest: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--trust-test",
        help="Project: where the function cannot be checked by itself, let your test alone decide; "
        "the outcome says so.",
    ),
]
Branch: TypeAlias = Annotated[
    str,
    typer.Option(
        "--branch",
        metavar="NAME",
        help="Project: make this git branch, with the patch as one commit on what is checked out.",
    ),
]
