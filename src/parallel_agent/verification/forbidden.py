"""Gate: the candidate has no construct that reaches out of the kernel, unless the original has it.

Three readings, each of what the one before has let pass: the text as it is, before anything that it
includes is read; the tokens that the compiler reads in every kind of build; what they declare.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain.adapter import ADAPTER_FILE, adapter_sources, harness_text
from parallel_agent.toolchain.compiler import Compiler, Diagnostic, Mode
from parallel_agent.toolchain.pool import Pool
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.verification import constructs, declarations
from parallel_agent.verification.build import adapter_spec
from parallel_agent.verification.gate import Rejection, Submission
from parallel_agent.verification.reading import Reading, expected_adapter, read, tokens

_READING = "reading"


class ForbiddenGate:
    """Files, processes, clocks, state between calls, assembler, and tricks with the harness."""

    name = "forbidden"

    def check(self, examination: Submission) -> str:
        """Read the candidate; what the original itself does is not held against it."""
        source = examination.source
        excused = _excused(examination.kernel.source)
        _refuse(constructs.in_text(source), excused)
        readings = list(_readings(examination))
        _compare(readings)
        first = readings[0]
        if tokens(first.adapter) != expected_adapter(examination.kernel.signature, source):
            raise Rejection("forbidden construct: macros that change the program around the kernel")
        _refuse(constructs.in_tokens(first.tokens), excused)
        called = (name for name in first.in_pragmas if name in declarations.CALLS)
        _refuse((f"the function {name}" for name in called), excused)
        if not self._may_declare(examination, first.kernel, excused):
            return "left to the compiler, which does not accept it"
        return f"{len(first.tokens)} tokens, the same in {len(readings)} kinds of build"

    def _may_declare(self, examination: Submission, preprocessed: str, excused: _Excused) -> bool:
        """Look at the declarations; False where they are no C++, so that the next gate says why."""
        includes = constructs.included(examination.source)
        found = _declared(includes, preprocessed)
        if found.incomplete:  # it may live on what the harness, before it, includes
            includes = [*_harness_includes(), *includes]
            found = _declared(includes, preprocessed)
            if found.incomplete and not _compiles(examination):
                return False
        for finding in found.findings:
            if finding.what not in excused.constructs:
                line = finding.line - len(includes)
                raise Rejection(f"forbidden construct: {finding.what} (line {line})")
        for name, members in found.hooks.items():
            for member in sorted(members - excused.hooks.get(name, members)):
                raise Rejection(f"forbidden construct: a class of the original with '{member}'")
        return True


def _compiles(examination: Submission) -> bool:
    """Whether the compiler, unlike the parser, finds no error in what was read before."""
    sources = adapter_sources(adapter_spec(examination.kernel.signature), examination.source)
    directory, text = _reading_folder(examination, 0), sources[ADAPTER_FILE]
    compiler = examination.compiler
    return compiler.check_syntax(text, directory=directory, file=ADAPTER_FILE) is None


def _declared(includes: Sequence[str], preprocessed: str) -> declarations.Declarations:
    text = "\n".join([*(f"#include <{name}>" for name in includes), preprocessed])
    if not declarations.survives_parsing(text):
        raise Rejection("could not be checked: the parser does not get through the source")
    return declarations.examine(text)


@dataclass(frozen=True)
class _Excused:
    """What the original itself does."""

    constructs: frozenset[str]
    hooks: dict[str, set[str]]


@functools.lru_cache(maxsize=16)
def _excused(original: str) -> _Excused:
    declared = declarations.examine(original)
    found = {
        *constructs.in_text(original),
        *constructs.in_tokens(tokens(original)),
        *(finding.what for finding in declared.findings),
    }
    return _Excused(frozenset(found), declared.hooks)


@functools.cache
def _harness_includes() -> tuple[str, ...]:
    """A candidate is compiled behind the harness, and sees what that includes."""
    return tuple(constructs.included(harness_text()))


def _refuse(found: Iterable[str], excused: _Excused) -> None:
    for what in found:
        if what not in excused.constructs:
            raise Rejection(f"forbidden construct: {what}")


def _reading_folder(examination: Submission, build: int) -> Path:
    """Where the files lie that were read for one of the builds, the first for the plain one."""
    return examination.directory / _READING / str(build)


def _readings(examination: Submission) -> Iterator[Reading]:
    """The candidate as it is timed, as it is sanitized, and as races are looked for."""
    compiler, detector = examination.compiler, RaceDetector.find()
    builds: list[tuple[Compiler, Mode]] = [(compiler, "optimized"), (compiler, "sanitized")]
    if detector is not None:
        builds.append((detector.compiler(compiler), "optimized"))
    signature = examination.kernel.signature
    with Pool(len(builds)) as pool:
        readings = [
            pool.submit(
                read, builder, signature, examination.source, _reading_folder(examination, i), mode
            )
            for i, (builder, mode) in enumerate(builds)
        ]
    for future in readings:
        reading = future.result()
        if isinstance(reading, Diagnostic):
            where = f"line {reading.line}: " if reading.line else ""
            raise Rejection(f"could not be read: {where}{reading.message}", (reading,))
        yield reading


def _compare(readings: list[Reading]) -> None:
    """What the gates run must be what is timed: no code for one kind of build only."""
    timed, sanitized, *others = readings
    if timed.tokens != sanitized.tokens or any(other.names != timed.names for other in others):
        raise Rejection("forbidden construct: code that is not the same in every kind of build")
