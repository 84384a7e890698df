"""Gate: the user's project builds with the candidate in its place, and passes the user's test."""

from __future__ import annotations

from parallel_agent.agent.project.putting_back import CannotPutBack
from parallel_agent.agent.project.workshop import CommandFailed, Workshop
from parallel_agent.kernel.declared import declaration_of, face_of, find_declared
from parallel_agent.kernel.source import SourceError
from parallel_agent.verification.forbidden import ForbiddenGate
from parallel_agent.verification.gate import Gate, Rejection, Submission
from parallel_agent.verification.reference import thread_counts
from parallel_agent.verification.signature import SignatureGate

Gates = tuple[Gate, ...]


class ProjectGate:
    """What the user knows of the function and its contract does not say is in their test.

    With ``every_count`` it is run with several numbers of threads, for where it is the only judge.
    """

    def __init__(self, workshop: Workshop, *, every_count: bool = False) -> None:
        self.name = "project_threads" if every_count else "project_test"
        self._workshop = workshop
        self._counts = thread_counts(workshop.threads) if every_count else (workshop.threads,)

    def check(self, examination: Submission) -> str:
        """Put the candidate into a copy of the tree, build it, and run the user's test."""
        try:
            files = self._workshop.files_with(examination.source)
            with self._workshop.built(files):
                for threads in self._counts:
                    self._workshop.test(threads)
        except CannotPutBack as error:
            raise Rejection(f"cannot be put back into the files it is from: {error}") from None
        except CommandFailed as failed:
            raise Rejection(str(failed)) from None
        shown = ", ".join(map(str, self._counts))
        return f"builds in {', '.join(files) or 'place'}, and your test passes at {shown} threads"


class DeclarationGate:
    """The same function for all that call it, where it is none that a program of ours can call."""

    name = "signature"

    def check(self, examination: Submission) -> str:
        """Find the candidate's function and compare."""
        kernel = examination.kernel
        if not kernel.unsupported:
            return SignatureGate().check(examination)
        try:
            found = find_declared(examination.source, kernel.name)
        except SourceError as error:
            raise Rejection(f"{error}. {error.hint}") from None
        original = find_declared(kernel.source, kernel.name)
        if found is None or original is None:
            raise Rejection(f"the candidate has no {kernel.name} as the original has it")
        if face_of(found) != face_of(original):
            raise Rejection(
                f"the declaration of {kernel.name} is not the original's: "
                f"'{declaration_of(found)}' instead of '{declaration_of(original)}'"
            )
        return "same declaration and linkage"


def with_project(workshop: Workshop | None, cheap: Gates, dear: Gates) -> tuple[Gates, Gates]:
    """The gates of a run about a project: the user's test comes last, being the dearest.

    Where the function cannot be checked by itself, all that runs it alone is left out.
    """
    if workshop is None:
        return cheap, dear
    if workshop.known().isolated:
        return cheap, (*dear, ProjectGate(workshop))
    readings: Gates = (ForbiddenGate(), DeclarationGate())
    return (*readings, ProjectGate(workshop)), (ProjectGate(workshop, every_count=True),)
