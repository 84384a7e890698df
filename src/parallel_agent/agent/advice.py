"""The deterministic critic: a table from what was found to what should be done."""

from __future__ import annotations

import math
from collections.abc import Mapping

from parallel_agent.agent.profiling import Profile, ProfileAtSize
from parallel_agent.agent.state import CandidateRecord, Critique
from parallel_agent.kernel.contract import Contract, ParameterContract, evaluate
from parallel_agent.kernel.types import Signature, String, Type, Vector

MARGIN = 1.3
"""Parallel execution must be expected to gain so many times its overhead before it is used."""


def stop(why: str) -> Critique:
    """The branch ends here."""
    return Critique(decision="stop", why=why, options={})


def read_verdict(record: CandidateRecord) -> Critique:
    """What to do about a candidate that did not pass a gate."""
    return stop(f"rejected by the gate '{record['failed_gate']}': {record['detail']}")


def read_profile(
    record: CandidateRecord,
    profile: Profile,
    signature: Signature,
    contract: Contract,
    isa: str = "",
) -> Critique:
    """What to do about a candidate that is correct, by its times at the sizes.

    ``isa`` is an instruction set that loops may be built for beyond what the flags allow.
    """
    if profile.better:
        return _better(record, profile, isa)
    largest, smaller = profile.sizes[-1], profile.sizes[:-1]
    if largest.result != "faster":
        return stop(f"not faster at the largest size ({largest.speedup:.2f})")
    if not any(size.result == "slower" for size in smaller):
        return stop("no faster than the noise on the whole")
    options = record["options"]
    if options.get("guard") and smaller[0].result == "slower":
        return stop("still slower at the smallest size, where the original code runs")
    guard = _guard(profile, signature, contract)
    if guard is None:
        return stop("slower at small sizes, and no condition on the inputs can tell them")
    if guard == options.get("guard"):
        return stop(f"still slower at a small size with the guard {guard}")
    slower = next(size for size in smaller if size.result == "slower")
    why = f"slower at {_shown(slower)}: parallel only if {guard}"
    return Critique(decision="refine", why=why, options={**options, "guard": guard})


def _better(record: CandidateRecord, profile: Profile, isa: str) -> Critique:
    """A better candidate with vectorized loops may be better still with wider vectors.

    Only then: the form for processors without them is the candidate that has passed every gate.
    """
    why = f"{profile.speedup:.2f} times as fast, and slower at no size"
    options = record["options"]
    if not isa or options.get("isa") or not record.get("vectorized"):
        return stop(why)
    return Critique(decision="refine", why=f"{why}; {isa} next", options={**options, "isa": isa})


def _shown(size: ProfileAtSize) -> str:
    return ", ".join(f"{name}={value}" for name, value in size.sizes.items()) or "the small size"


def _guard(profile: Profile, signature: Signature, contract: Contract) -> str | None:
    """A C++ condition on the kernel's parameters under which parallel execution should pay."""
    smallest, largest = profile.sizes[0].sizes, profile.sizes[-1].sizes
    return size_condition(signature, contract, smallest, largest, _break_even(profile))


def size_condition(
    signature: Signature,
    contract: Contract,
    small: Mapping[str, int],
    large: Mapping[str, int],
    share: float,
) -> str | None:
    """A C++ condition on the kernel's parameters that holds for the large and not the small sizes.

    ``share`` is where it begins to hold, from 0 (small) to 1 (large) on a logarithmic scale. None
    where no parameter tells the sizes.
    """
    return _product_guard(signature, contract, small, large, share) or (
        _length_guard(signature, contract, small, large, share)
    )


def _break_even(profile: Profile) -> float:
    """Where to switch, from 0 (smallest size) to 1 (largest), on a logarithmic scale of sizes.

    The overhead is what the candidate takes at the smallest size beyond the original's time there,
    divided by the speedup it has at the largest. It pays where the original's time, interpolated
    between the sizes as a power of the size, exceeds the overhead by a margin.
    """
    smallest, largest = profile.sizes[0], profile.sizes[-1]
    gain = 1.0 - 1.0 / largest.speedup
    overhead = smallest.candidate_seconds - smallest.original_seconds / largest.speedup
    needed = MARGIN * overhead / gain
    span = math.log(largest.original_seconds / smallest.original_seconds)
    share = math.log(needed / smallest.original_seconds) / span if span > 0 and needed > 0 else 0.0
    slower = [
        (position + 1) / (len(profile.sizes) - 1)
        for position, size in enumerate(profile.sizes)
        if size.result == "slower"
    ]
    # Never below a size where it was seen to lose: half way to the next one at least.
    least = max(slower) - 0.5 / (len(profile.sizes) - 1)
    return min(max(share, least), 1.0 - 1e-6)


def _product_guard(
    signature: Signature,
    contract: Contract,
    small: Mapping[str, int],
    large: Mapping[str, int],
    share: float,
) -> str | None:
    """For sizes that are parameters: ``rows * columns >= 10000``."""
    holders = {
        given.equals: name
        for name, given in contract.parameters.items()
        if given.equals is not None
    }
    if not contract.dimensions or any(name not in holders for name in contract.dimensions):
        return None
    names = [holders[name] for name in contract.dimensions]
    threshold = _between(math.prod(small.values()), math.prod(large.values()), share)
    if len(names) == 1:
        return f"{names[0]} >= {threshold}"
    return f"{' * '.join([f'static_cast<double>({names[0]})', *names[1:]])} >= {threshold}"


def _length_guard(
    signature: Signature,
    contract: Contract,
    small: Mapping[str, int],
    large: Mapping[str, int],
    share: float,
) -> str | None:
    """For sizes that are lengths of vectors and strings: ``x.size() >= 10000``."""
    for parameter in signature.parameters:
        given = contract.parameters.get(parameter.name)
        length = None if given is None else _length(parameter.type, given)
        if length is None:
            continue
        low, high = (evaluate(length, sizes) for sizes in (small, large))
        if high > low:
            return f"{parameter.name}.size() >= {_between(low, high, share)}"
    return None


def _length(type_: Type, given: ParameterContract) -> str | None:
    """How long a vector or a string is, by the dimensions; None for what has no length."""
    if isinstance(type_, Vector):
        return given.lengths()[0]
    if isinstance(type_, String) and given.values is not None and given.values.kind == "text":
        high = given.values.high
        return high if isinstance(high, str) else None
    return None


def _between(low: int, high: int, share: float) -> int:
    """A number between two on a logarithmic scale, with two digits that count."""
    value = float(max(low, 1) * (high / max(low, 1)) ** share)
    unit: int = 10 ** max(0, int(math.log10(value)) - 1)
    return max(1, math.ceil(value / unit)) * unit
