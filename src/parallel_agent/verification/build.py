"""Building a kernel, original or candidate, with the adapter that lets us call it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from parallel_agent.kernel.types import Parameter, Pointer, Signature
from parallel_agent.toolchain.adapter import AdapterParameter, AdapterSpec, adapter_sources, prelude
from parallel_agent.toolchain.compiler import Compilation, Compiler, Mode
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector

Purpose = Literal["optimized", "sanitized", "races"]
"""What a program is built for: to be run and timed, or to run under sanitizers or for races."""


def adapter_spec(signature: Signature) -> AdapterSpec:
    """How the generated adapter calls a kernel of this signature."""
    return AdapterSpec(
        function=signature.name,
        parameters=tuple(_parameter(p) for p in signature.parameters),
        returns=None if signature.returns is None else signature.returns.spelling,
    )


def build(
    compiler: Compiler, signature: Signature, source: str, directory: Path, mode: Mode
) -> Compilation:
    """Compile ``source`` with its adapter to ``directory/mode``; the result says how it went."""
    directory.mkdir(parents=True, exist_ok=True)
    sources = adapter_sources(adapter_spec(signature), source)
    return compiler.compile(
        sources, directory=directory, output=mode, mode=mode, prelude=prelude(source)
    )


def build_for(
    purpose: Purpose, compiler: Compiler, signature: Signature, source: str, directory: Path
) -> Compilation:
    """`build` for a purpose. The optimized program lies in ``directory``, others in folders in it,
    so that several can be built at a time.

    Raises LookupError where races are asked for and there is no detector.
    """
    if purpose == "optimized":
        return build(compiler, signature, source, directory, "optimized")
    if purpose == "sanitized":
        return build(compiler, signature, source, directory / purpose, "sanitized")
    detector = RaceDetector.find()
    if detector is None:
        raise LookupError(f"no race detector; {INSTALL}")
    instrumenting = detector.compiler(compiler)
    return build(instrumenting, signature, source, directory / purpose, "optimized")


def _parameter(parameter: Parameter) -> AdapterParameter:
    type_ = parameter.type
    spelling = type_.element.spelling if isinstance(type_, Pointer) else type_.spelling
    return AdapterParameter(name=parameter.name, type=spelling, passing=parameter.passing)
