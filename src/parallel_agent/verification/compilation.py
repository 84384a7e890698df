"""Gate: the candidate compiles with the user's compiler and flags."""

from __future__ import annotations

from parallel_agent.toolchain.objectcode import object_hash
from parallel_agent.verification.build import build
from parallel_agent.verification.gate import Examination, Rejection


class CompilationGate:
    """Builds the optimized binary that later gates run and time."""

    name = "compile"

    def check(self, examination: Examination) -> str:
        """Compile; the compiler's errors go with the rejection."""
        compiled = build(
            examination.compiler,
            examination.kernel.signature,
            examination.source,
            examination.directory,
            "optimized",
        )
        if compiled.binary is None:
            first = compiled.errors[0]
            where = f"line {first.line}: " if first.line else ""
            raise Rejection(f"{where}{first.message}", compiled.errors)
        examination.optimized = compiled.binary
        examination.code_hash = object_hash(compiled.binary)
        return " ".join(examination.compiler.flags)
