"""Optimizing a kernel inside a project: `optimize_project`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parallel_agent.agent.context import Context
from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import read_source, with_contract_beside
from parallel_agent.agent.outcome import Outcome
from parallel_agent.agent.project.isolation import ALONE, NOT_ISOLATED, not_isolated
from parallel_agent.agent.project.opening import open_project, project_files, save
from parallel_agent.agent.project.patch import check_branch
from parallel_agent.agent.project.spec import FOLDER, SPEC, ProjectError, ProjectSpec, check_spec
from parallel_agent.agent.project.tree import remove, repository_of
from parallel_agent.agent.project.workshop import Workshop
from parallel_agent.agent.run import Interrupted, Listener, check_choices, ignore, run_graph
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.state import RunInput
from parallel_agent.settings import Settings, load_settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler


def project_spec(
    file: str | Path,
    *,
    build: str,
    test: str,
    bench: str,
    others: Sequence[str | Path] = (),
    root: str | Path | None = None,
    readable: Sequence[str | Path] = (),
    **more: Any,
) -> ProjectSpec:
    """A project from paths as the user gives them, seen from the working directory.

    ``more`` are fields of `ProjectSpec`. Without ``root`` the tree is the git repository that the
    file is in, or else the working directory. Raises ProjectError, and SourceError for a file that
    cannot be read.
    """
    path = Path(file).resolve()
    read_source(path)
    top = Path(root) if root is not None else repository_of(path.parent) or Path.cwd()
    top = top.resolve()
    here = Path.cwd().resolve()
    spec = ProjectSpec(
        root=top,
        file=_inside(path, top),
        others=tuple(_inside(Path(other).resolve(), top) for other in others),
        where=str(here.relative_to(top)) if here.is_relative_to(top) else ".",
        build=build,
        test=test,
        bench=bench,
        readable=tuple(Path(folder).resolve() for folder in readable),
        **more,
    )
    check_spec(spec)
    return spec


def _inside(path: Path, root: Path) -> str:
    if not path.is_relative_to(root):
        raise ProjectError(f"{path} is not in the tree {root}", "Give the tree with --root DIR")
    return path.relative_to(root).as_posix()


def optimize_project(
    spec: ProjectSpec,
    *,
    given: Settings | None = None,
    listener: Listener = ignore,
    **overrides: Any,
) -> Outcome:
    """Optimize a kernel where it is: in a tree with its own build, test and benchmark.

    The user's tree is read, and never written but for the branch that ``spec`` may ask for. All
    that is wrong with it and with the commands is found before any candidate is written. The
    outcome's speedup is the benchmark's, and its ``diff`` a patch for the tree.

    Raises ProjectError for what is wrong with the project, and what `optimize` raises.
    """
    chosen = given if given is not None else load_settings(**overrides)
    chosen = with_contract_beside(chosen, spec.root / spec.file)
    check_choices(chosen)
    check_branch(spec)
    names = project_files(spec)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    Compiler.find(chosen.cxx, chosen.cxxflags)
    folder = RunFolder.create(chosen.out, Path(spec.file).stem)
    try:
        return _run(spec, names, chosen, folder, listener)
    except Interrupted:
        raise
    except BaseException as error:
        resumable = folder.exists("run.json") and not isinstance(error, Exception)
        if not (resumable or folder.exists("original", "study.json")):
            _discard(folder)
        raise
    finally:
        folder.unlock()


def _run(
    spec: ProjectSpec, names: list[str], given: Settings, folder: RunFolder, listener: Listener
) -> Outcome:
    def tell(text: str) -> None:
        event = Event(kind="stage", message=text)
        folder.log(event)
        listener(event)

    workshop = Workshop(folder.path(FOLDER, SPEC).parent, spec, given.thread_count)
    cut = open_project(workshop, names, given, tell)
    if cut.why and not spec.trust_test:
        raise not_isolated(cut.kernel, cut.why)
    folder.write(cut.source, "original.cpp")
    folder.write(spec.model_dump_json(indent=2), FOLDER, SPEC)
    given = cut.given
    folder.write_json(given.model_dump(mode="json"), "run.json")
    for note in cut.notes:
        tell(note)

    def started() -> Outcome:
        return run_graph(Context.open(given, folder), RunInput(source=cut.source), listener)

    if cut.why:
        tell(ALONE.format(why=cut.why))
        return started()
    try:
        return started()
    except ProjectError:
        raise
    except NOT_ISOLATED as error:
        if folder.exists("original", "study.json"):
            raise
        if not spec.trust_test:
            raise not_isolated(cut.kernel, str(error), error) from error
        why = " ".join(str(error).split())
        tell(ALONE.format(why=why))
        known = workshop.known()
        save(workshop, known.model_copy(update={"isolated": False, "why": why}))
        folder.path("checkpoint.sqlite").unlink(missing_ok=True)
        return started()


def _discard(folder: RunFolder) -> None:
    """Remove the run, also what builds left that not everybody may remove."""
    remove(folder.root / FOLDER)
    folder.discard()


__all__: list[Any] = ["optimize_project", "project_spec"]
