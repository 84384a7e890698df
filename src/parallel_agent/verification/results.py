"""The floating-point numbers among a kernel's results and arguments, as flat arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from parallel_agent.kernel.codec import Outputs
from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Pointer,
    Signature,
    String,
    Struct,
    Type,
    Vector,
    is_flat,
    members,
)
from parallel_agent.verification.compare import RETURNED, arranged


def floating_results(
    signature: Signature, comparison: Comparison, outputs: Outputs
) -> dict[str, np.ndarray[Any, Any]]:
    """The floating-point and complex results of one call by their names in the contract.

    A name is that of the parameter or ``return``, followed by those of the members: ``hits.score``.
    """
    values = {
        p.name: (p.type, outputs.parameters[p.name]) for p in signature.parameters if p.mutable
    }
    if signature.returns is not None:
        values[RETURNED] = (signature.returns, outputs.returned)
    found: dict[str, list[Any]] = {}
    for name, (type_, value) in values.items():
        _collect(type_, arranged(comparison, name, value), name, found)
    return {name: _together(parts) for name, parts in found.items()}


def floating_inputs(signature: Signature, arguments: list[Any]) -> np.ndarray[Any, Any]:
    """All floating-point numbers among the arguments of one call, the parts of complex ones too."""
    found: dict[str, list[Any]] = {}
    for parameter, value in zip(signature.parameters, arguments, strict=True):
        _collect(parameter.type, value, "", found)
    parts = [real(part) for some in found.values() for part in some]
    return _together(parts) if parts else np.empty(0)


def _together(parts: list[Any]) -> Any:
    """One array of several; a single one as it is, for it may be large."""
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def real(values: Any) -> Any:
    """Numbers as they are, complex ones as their parts."""
    return np.ascontiguousarray(values).view(values.real.dtype)


def _collect(type_: Type, value: Any, name: str, found: dict[str, list[Any]]) -> None:
    if isinstance(type_, String):
        return
    if is_flat(type_):
        _collect_flat(type_, np.asarray([value]), name, found)
        return
    assert isinstance(type_, Vector | Pointer)
    if is_flat(type_.element):
        _collect_flat(type_.element, value, name, found)
        return
    for element in value:
        _collect(type_.element, element, name, found)


def _collect_flat(type_: Type, values: Any, name: str, found: dict[str, list[Any]]) -> None:
    if isinstance(type_, Struct | Pair):
        for member, of in members(type_):
            _collect_flat(of, values[member], f"{name}.{member}", found)
    elif isinstance(type_, Array):
        _collect_flat(type_.element, values, name, found)
    elif values.dtype.kind in "fc":
        found.setdefault(name, []).append(values.ravel())
