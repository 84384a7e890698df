"""Gate: the candidate compiles with the user's compiler and flags, and stands alone."""

from __future__ import annotations

import re

from parallel_agent.toolchain.compiler import Compilation
from parallel_agent.toolchain.objectcode import object_hash
from parallel_agent.verification.gate import Rejection, Submission

_UNDEFINED = re.compile(r"undefined (?:reference to|symbol:) [`'\"]?(.+?)['\"]?$")
"""How GNU ld, gold and lld name what is called and never defined."""


class CompilationGate:
    """Builds the optimized binary that later gates run and time."""

    name = "compile"

    def check(self, examination: Submission) -> str:
        """Compile; the compiler's errors go with the rejection."""
        compiled = examination.built("optimized")
        if compiled.binary is None:
            raise Rejection(_reason(compiled), compiled.errors)
        examination.optimized = compiled.binary
        examination.code_hash = object_hash(compiled.binary)
        return " ".join(examination.compiler.flags)


def _reason(compiled: Compilation) -> str:
    """The first error, in words that say so where a function is called that is only declared."""
    first = compiled.errors[0]
    if missing := _UNDEFINED.search(first.message):
        return f"does not stand alone: undefined reference to {missing[1]}"
    return f"line {first.line}: {first.message}" if first.line else first.message
