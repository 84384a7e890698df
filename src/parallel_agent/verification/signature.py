"""Gate: the candidate has the original's signature and none of the constructs that are forbidden."""

from __future__ import annotations

import re

from parallel_agent.kernel.source import SourceError, translation_unit
from parallel_agent.verification.gate import Rejection, Submission
from parallel_agent.verification.linkage import mismatch

FORBIDDEN = (
    r"\basm\b",
    r"\b__asm",
    r"\b(?:system|popen|fork|vfork|exec[lv][pe]*|dlopen|dlsym|syscall|ptrace|mmap|raise|abort|_?[eE]xit|quick_exit) \(",
    r"\b__attribute(?:__)? \( \([^;{}]*\b(?:__)?(?:constructor|destructor|section|alias|weak)(?:__)?\b",
    r"\bgnu :: (?:__)?(?:constructor|destructor|section|alias|weak)(?:__)?\b",
    r"\bparallel_agent_harness\b",
    r"# include (?:<|\") ?(?:/|\. ?\.|\.\.\.|(?:unistd|sys|signal|dlfcn|fcntl|netinet|sched|setjmp|fstream|filesystem)\b)",
    r"# pragma GCC (?:optimize|poison)\b",
    r"# (?:include_next|embed)\b",
)
"""Patterns over a source's tokens with one space between them."""


class SignatureGate:
    """The same function with the same parameters and result, and nothing that reaches outside."""

    name = "signature"

    def check(self, examination: Submission) -> str:
        """Parse the candidate and compare; constructs the original itself uses are not held against it."""
        code, original = _code(examination.source), _code(examination.kernel.source)
        for pattern in FORBIDDEN:  # before anything that it includes is read
            found = re.search(pattern, code)
            if found and not re.search(pattern, original):
                raise Rejection(f"forbidden construct: {found[0]}")
        try:
            problem = mismatch(examination.kernel, examination.source)
        except SourceError as error:
            raise Rejection(f"{error}. {error.hint}") from None
        if problem:
            raise Rejection(problem)
        return "same signature and linkage, no forbidden construct"


def _code(source: str) -> str:
    """The tokens of a source without comments and the contents of literals, but for file names.

    libclang's tokens, because raw strings, digit separators and spliced lines defeat simpler means.
    Without directives, so that nothing is included.
    """
    unit = translation_unit(source.replace("%:", "#").replace("#", "@"))
    words = [""]
    for token in unit.get_tokens(extent=unit.cursor.extent):
        if token.kind.name == "LITERAL" and words[-1] != "include":
            words.append("0")
        elif token.kind.name != "COMMENT":
            words.append("#" if token.spelling == "@" else token.spelling)
    return " ".join(words)
