"""Timing candidates against one original outside of a run, as the profiler does within one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from parallel_agent.agent.context import Context
from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.events import Event, Kind
from parallel_agent.agent.intake import HEADERS_NOTE
from parallel_agent.agent.nodes.coder import candidate_id
from parallel_agent.agent.opening import open_run
from parallel_agent.agent.profiling import Profile, profile_candidate, scale_candidate
from parallel_agent.agent.run_folder import TEMPLATE, RunFolder
from parallel_agent.agent.subject import Study
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import with_standard_headers
from parallel_agent.measurement.plan import plan_for
from parallel_agent.measurement.scaling import Scaling
from parallel_agent.settings import Settings
from parallel_agent.toolchain import sandbox
from parallel_agent.verification.build import build


class Profiler:
    """An original that was measured, and candidates that are timed against it; a context manager.

    It does not put them through the gates: that comes first (`Reviewer`), and only what passed is
    worth a timing. ``root`` becomes a folder like that of a run; without one it is a fresh one with
    ``name`` in it. ``tell`` is called with every event.
    """

    def __init__(
        self,
        original: str,
        given: Settings,
        root: Path | None,
        tell: Callable[[Event], None],
        name: str = "profile",
    ) -> None:
        """Find the contract, choose the sizes and time the original against itself.

        Raises FolderError for a folder that is not empty, CompilerMissing, SandboxUnavailable, and
        what `open_run` raises.
        """
        sandbox.choose(no_sandbox=given.no_sandbox)
        self.folder = RunFolder.create(root, name)
        try:
            self._context = _Outside.open(given, self.folder)
            self._context.tell = tell
            open_run(self._context, original)
        except ContractNeeded as needed:
            self.folder.discard()
            needed.add_note(str(self.folder.write(needed.template, TEMPLATE)))
            raise
        except BaseException:
            self.folder.discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.folder.unlock()

    @property
    def study(self) -> Study:
        """The original as it was measured."""
        return self._context.subject.study

    def profile(self, candidate: str) -> Profile:
        """Build a candidate and time it at every size; waits for the timing lane.

        Raises BuildError where it does not build; MismatchError and WorkerError where it turns out
        wrong while it is timed.
        """
        name = candidate_id(candidate)
        self._build(candidate, self.folder.path("candidates", name, "optimized").parent)
        return profile_candidate(self._context, name, plan_for(self._context.settings.effort))

    @property
    def context(self) -> Context:
        """Where the original lies, with the compiler and the lane."""
        return self._context

    def scale(self, candidate: str) -> Scaling:
        """The speed of a candidate that was profiled, at the largest size, by number of threads.

        Waits for the timing lane. Raises what `profile` raises while it is timed.
        """
        plan = plan_for(self._context.settings.effort)
        return scale_candidate(self._context, candidate_id(candidate), plan)

    def _build(self, candidate: str, directory: Path) -> None:
        """Build it as it is, or else with all standard headers, as originals are."""
        kernel, helped = self._context.subject.parsed.kernel, with_standard_headers(candidate)
        texts = [helped] if HEADERS_NOTE in kernel.notes else [candidate, helped]
        for text in texts:
            with self._context.lane.work():
                compiled = build(
                    self._context.compiler, kernel.signature, text, directory, "optimized"
                )
            if compiled.binary is not None:
                return
        first = compiled.errors[0]
        raise BuildError(f"the candidate does not build: line {first.line}: {first.message}")


class _Outside(Context):
    """A context of no graph: events go to a listener instead of a stream."""

    tell: Callable[[Event], None]

    def emit(self, kind: Kind, message: str = "", **fields: Any) -> None:
        """Tell what happened, to the listener and to ``events.jsonl``."""
        event = Event(kind=kind, message=message, data=fields)
        self.folder.log(event)
        self.tell(event)
