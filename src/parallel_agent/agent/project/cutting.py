"""The kernel cut out of a copy of its tree that was built: its lines, and how the build compiles them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from parallel_agent.agent.project.flags import BuiltWith, from_database, read_flags
from parallel_agent.agent.project.flattening import HEADERS, Line, flattened, text_of
from parallel_agent.agent.project.instance import instance_named, specialized
from parallel_agent.agent.project.slicing import sliced
from parallel_agent.agent.project.spec import ProjectError, ProjectSpec
from parallel_agent.kernel.parsing import look_in
from parallel_agent.settings import Settings

_MOST_MADE = 2000
"""Headers that a build made which are read, at most."""


@dataclass(frozen=True)
class Cut:
    """The slice with the kernel's whole name, and the settings with the flags of its file.

    ``why`` says why no program of ours can call it; empty where one can. ``origins`` are the texts
    of the tree's files that the lines are from.
    """

    lines: list[Line]
    kernel: str
    why: str
    given: Settings
    origins: dict[str, str]
    notes: tuple[str, ...]

    @property
    def source(self) -> str:
        """The slice as a file of its own."""
        return text_of(self.lines)


def cut_out(spec: ProjectSpec, names: list[str], built: Path, given: Settings) -> Cut:
    """Cut the kernel that ``given`` names out of the user's tree, of which ``built`` is a copy.

    Raises ProjectError for what is wrong with the tree, SourceError where the kernel is not found.
    """
    texts = sources_of(spec, names)
    flags = _flags(spec, built, given)
    look_in(flags.flags)
    made = _made(built, flags, set(names))
    files = [*(name for name in flags.forced if name in texts or name in made), *spec.others]
    lines = flattened({**texts, **made}, [*files, spec.file], flags.folders, flags.macros)
    instance = instance_named(given.kernel)
    if instance is not None:
        lines = specialized(lines, instance)
    lines, kernel, why = sliced(lines, given.kernel if instance is None else instance.name)
    kept = {line.file for line in lines if line.file in texts}
    return Cut(
        lines=lines,
        kernel=kernel,
        why=why,
        given=given.model_copy(
            update={"kernel": kernel, "cxxflags": flags.flags, "cxx": flags.cxx or given.cxx}
        ),
        origins={name: texts[name] for name in sorted({*kept, spec.file})},
        notes=tuple(_notes(flags, given)),
    )


def sources_of(spec: ProjectSpec, names: list[str]) -> dict[str, str]:
    """The texts of the kernel's files and of all headers; those that are no UTF-8 are left out."""
    wanted = {spec.file, *spec.others}
    found = {}
    for name in names:
        if name not in wanted and PurePosixPath(name).suffix not in HEADERS:
            continue
        try:
            found[name] = (spec.root / name).read_bytes().decode("utf-8")
        except (UnicodeDecodeError, OSError):
            if name in wanted:
                raise ProjectError(f"{name} is not UTF-8 text", "Convert it to UTF-8") from None
    return found


def _flags(spec: ProjectSpec, built: Path, given: Settings) -> BuiltWith:
    """The user's own flags where they gave some, else the build's, else the defaults."""
    if "cxxflags" not in given.model_fields_set:
        found = from_database(built, spec.file)
        if found is not None:
            keep = "cxx" in given.model_fields_set or _same(found.cxx, given.cxx)
            return replace(found, cxx="") if keep else found
    return replace(read_flags(given.cxxflags, built / spec.where, built), cxx="")


def _same(one: str, other: str) -> bool:
    found = shutil.which(other)
    return bool(one and found) and Path(one).resolve() == Path(found or "").resolve()


def _made(built: Path, flags: BuiltWith, names: set[str]) -> Mapping[str, str]:
    """The headers that the build made, in the folders that it looks for headers in."""
    found: dict[str, str] = {}
    for folder in flags.folders:
        for path in sorted((built / folder).rglob("*")):
            name = path.relative_to(built).as_posix()
            if path.suffix not in HEADERS or name in names or len(found) >= _MOST_MADE:
                continue
            try:
                found[name] = path.read_text(encoding="utf-8")
            except (UnicodeDecodeError, OSError):
                continue
    return found


def _notes(flags: BuiltWith, given: Settings) -> list[str]:
    if flags.flags == given.cxxflags:
        return []
    told = [f"the kernel is compiled as the project does: {' '.join(flags.flags)}"]
    if not flags.optimized:
        told.append(
            "the project compiles the kernel's file without optimization: build a release, as with "
            "-DCMAKE_BUILD_TYPE=Release, unless that is meant"
        )
    return told
