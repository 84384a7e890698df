"""Whether a kernel can be checked by itself, and what is said and done where it cannot."""

from __future__ import annotations

from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.project.spec import ProjectError
from parallel_agent.kernel.contract import ContractError
from parallel_agent.kernel.declared import declaration_of
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import ParsedSource, SourceError
from parallel_agent.toolchain.errors import WorkerError

NOT_ISOLATED = (SourceError, ContractNeeded, ContractError, BuildError, WorkerError)
"""How a function fails that cannot be run by itself, before anything was measured."""
ALONE = "the function cannot be checked by itself: {why}; your test and your benchmark alone decide"
_ISOLATING = (
    "Give the files that it calls with --with FILE, its inputs with --contract FILE, or let your "
    "test alone decide with --trust-test"
)
_METHOD = (
    "Move its loop into a free function of numbers, vectors and plain structs, or let your test and "
    "your benchmark decide with --trust-test"
)
_WORDS = """\
No contract says what it is called with, because it cannot be run by itself: {why}.
Its declaration, which stays what it is: `{declaration}`
A version counts if the project's own test passes with 1 and with several threads, and if the \
project's own benchmark is faster with it. Keep all that callers can see, counters and the order of \
calls included, for every argument that the declaration allows."""


def not_isolated(kernel: str, why: str, error: BaseException | None = None) -> ProjectError:
    """The error for a kernel that its own gates cannot judge, where the test alone may not."""
    told = " ".join(why.split())
    wrapped = ProjectError(
        f"{kernel} cannot be checked by itself: {told}", _METHOD if error is None else _ISOLATING
    )
    template = getattr(error, "template", "")
    if template:
        wrapped.appendix = f"A template for --contract:\n\n{template}"
    return wrapped


def in_words(parsed: ParsedSource, why: str) -> str:
    """For models, in place of a contract: the real signature, and who decides."""
    return _WORDS.format(why=why, declaration=declaration_of(parsed))
