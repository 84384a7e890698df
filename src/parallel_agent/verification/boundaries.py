"""Sizes on both sides of a candidate's own constants: guards, block lengths, cut-offs.

Where a program's text compares or divides by a number, that is where it goes another way (boundary
value analysis: Myers, The Art of Software Testing). A parallel region behind ``if (n > 20000)`` is
only looked at with an ``n`` beyond it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from parallel_agent.kernel.contract import Contract, ContractError, evaluate
from parallel_agent.kernel.parsing import translation_unit
from parallel_agent.kernel.types import Pointer, Signature, String, Type, Vector, dtype
from parallel_agent.toolchain.runner import WorkerError
from parallel_agent.verification.reference import CHECK_BASES, Case, Reference

SMALL_BYTES = 64 << 10
"""Of inputs that are run as often as those for checking."""
LARGE_BYTES = 32 << 20
"""Of one input."""
SECONDS = 0.1
"""Of one call of the original: under the race detector it takes 10 to 50 times as long."""
MOST_SMALL, MOST_LARGE = 12, 3
_STRING_BYTES = 16
_SUFFIX = re.compile(r"[uUlLzZfF]+$")
_SEED = 6000
_MOST = 1 << 40


def constants(candidate: str, original: str) -> list[int]:
    """The numbers from 2 that a candidate's text holds and the original's does not, if sizes."""
    found = set(_numbers(candidate)) - set(_numbers(original))
    return sorted(number for number in found if 2 <= number <= _MOST)


def boundary_cases(reference: Reference, found: Iterable[int]) -> tuple[list[Case], list[Case]]:
    """Inputs at sizes around the constants, small ones and large ones, as far as they can be had.

    A constant may bound a size, the elements of a square matrix, or the work on one: so its square
    and cube roots count, too. A size at which the original fails or takes long says nothing.
    """
    small: list[Case] = []
    large: list[Case] = []
    seen = {tuple(reference.contract.sizes(base).values()) for base in CHECK_BASES}
    for base in _bases(found):
        sizes = reference.contract.sizes(base)
        if (key := tuple(sizes.values())) in seen:
            continue
        seen.add(key)
        with suppress(ContractError, WorkerError):
            bytes_ = _bytes(reference.signature, reference.contract, sizes)
            kind, most = (small, MOST_SMALL) if bytes_ <= SMALL_BYTES else (large, MOST_LARGE)
            if bytes_ <= LARGE_BYTES and len(kind) < most:
                case = reference.case(sizes, (reference.seed, _SEED, base))
                if _seconds(reference, case) <= SECONDS:
                    kind.append(case)
    return small, large


def _bases(found: Iterable[int]) -> list[int]:
    """Sizes around the constants, those just beyond one first."""
    beyond, others = [], []
    for constant in found:
        root, cube = math.isqrt(constant), round(constant ** (1 / 3))
        beyond += [constant + 1, root + 1, cube + 1]
        others += [constant, constant - 1]
    return [*dict.fromkeys([*beyond, *others])]


def _seconds(reference: Reference, case: Case) -> float:
    """Of one call of the original; WorkerTimeout where it is far too long."""
    hurried = replace(reference, limits=replace(reference.limits, wall_seconds=5 * SECONDS))
    with hurried.worker(reference.binary, 1) as worker:
        worker.prepare(case.payload)
        return worker.go().seconds


def _bytes(signature: Signature, contract: Contract, sizes: dict[str, int]) -> int:
    """About as many as an input of these sizes takes."""
    total = 0
    for parameter in signature.parameters:
        given = contract.parameters.get(parameter.name)
        lengths = [] if given is None else [evaluate(length, sizes) for length in given.lengths()]
        total += math.prod(max(1, length) for length in lengths) * _element_bytes(parameter.type)
    return total


def _element_bytes(type_: Type) -> int:
    if isinstance(type_, String):
        return _STRING_BYTES
    if isinstance(type_, Vector | Pointer):
        return _element_bytes(type_.element)
    return dtype(type_).itemsize


def _numbers(source: str) -> Iterator[int]:
    """Whole numbers among the literals, and what ``*`` and ``<<`` make of neighbours.

    Without directives, so that nothing is included: see `signature`.
    """
    unit = translation_unit(source.replace("%:", "#").replace("#", "@"))
    value, operation = None, ""
    for token in unit.get_tokens(extent=unit.cursor.extent):
        number = _whole(token.spelling) if token.kind.name == "LITERAL" else None
        if number is None:
            operation = token.spelling if value is not None else ""
            value = value if operation in ("*", "<<") else None
            continue
        if value is not None and operation == "*":
            number *= value
        elif value is not None and operation == "<<" and number < 64:
            number = value << number
        value = number
        yield number


def _whole(literal: str) -> int | None:
    if not literal[0].isdigit():
        return None
    text = literal.replace("'", "")
    with suppress(ValueError):
        if text.lower().startswith(("0x", "0b")):
            return int(text.rstrip("uUlLzZ"), 0)
        text = _SUFFIX.sub("", text)
        if text.isdigit():
            return int(text, 8 if len(text) > 1 and text[0] == "0" else 10)
        number = float(text)
        return int(number) if number.is_integer() else None
    return None
