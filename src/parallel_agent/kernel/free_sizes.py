"""Which lengths need not agree: one size becomes several where the original runs clean with them.

Every place where a size stands, a length, the bound of an index, or a parameter that is equal to
it, is shrunk by itself. What can shrink alone drives the kernel (it loops to that length, or looks
at that many elements); what can shrink only along with a driver belongs to that driver.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from parallel_agent.kernel.contract import Contract, Values
from parallel_agent.kernel.expressions import names_in, renamed
from parallel_agent.kernel.leaves import as_length, leaves_of, with_parameter
from parallel_agent.kernel.trials import BASES, Trials

_MOST_PLACES = 10
_MANY = 150
"""Elements of a std::vector<bool> lie in words of 64, and only what is beyond them is seen."""
_SHRUNK_BASES = (8, 16, 5, _MANY)


@dataclass(frozen=True)
class _Place:
    """Where a size stands in a contract. ``detail``: a level of lengths, or a struct's member."""

    kind: str
    parameter: str
    detail: str = ""


def free_sizes(trials: Trials, contract: Contract) -> Contract:
    """The contract with as many sizes of their own as there are groups of lengths that agree."""
    for name in list(contract.dimensions):
        places = list(_places(trials, contract, name))
        if 2 <= len(places) <= _MOST_PLACES and not trials.is_late:
            contract = _split(trials, contract, name, places)
    return contract


def _places(trials: Trials, contract: Contract, size: str) -> Iterator[_Place]:
    for name, given in contract.parameters.items():
        if given.equals is not None and size in names_in(given.equals):
            yield _Place("equals", name)
        for level, length in enumerate(given.lengths()):
            if size in names_in(length):
                yield _Place("length", name, str(level))
    for leaf in leaves_of(trials.kernel, contract):
        values = leaf.of(contract)
        if values is not None and isinstance(values.high, str) and size in names_in(values.high):
            kind = "text" if values.kind == "text" else "bound"
            yield _Place(kind, leaf.parameter, leaf.member)


def _split(trials: Trials, contract: Contract, size: str, places: list[_Place]) -> Contract:
    groups = _groups(trials, contract, size, places)
    if len(groups) < 2 and (not groups or len(groups[0]) == len(places)):
        return contract
    # The size keeps its name where a parameter is equal to it, or for the group that is alone.
    keeping = next((g for g in groups if any(p.kind == "equals" for p in g)), None)
    if keeping is None and set().union(*groups) == set(places):
        keeping = groups[0]
    for group in groups:
        if group is keeping:
            continue
        attempt = _with_own_size(contract, size, group)
        for changed in (attempt, *_adjusted(attempt, size, group, places)):
            if _holds_both_ways(trials, changed):
                contract = _without_mixed_zeros(trials, changed, size)
                break
    return contract


def _groups(
    trials: Trials, contract: Contract, size: str, places: list[_Place]
) -> list[set[_Place]]:
    """Drivers, each with those that depend on it; groups that share one are one group."""
    drivers = [place for place in places if _shrinks(trials, contract, size, {place})]
    dependent = [place for place in places if place not in drivers]
    groups: list[set[_Place]] = []
    for driver in drivers:
        followers = {p for p in dependent if _shrinks(trials, contract, size, {driver, p})}
        group = {driver, *followers}
        apart = [other for other in groups if not other & followers]
        for other in groups:
            if other & followers:
                group |= other
        groups = [*apart, group]
    for orphan in set(dependent).difference(*groups):
        _adopt(trials, contract, size, orphan, groups)
    return [group for group in groups if any(place.kind != "bound" for place in group)]


def _adopt(
    trials: Trials, contract: Contract, size: str, orphan: _Place, groups: list[set[_Place]]
) -> None:
    """Put a place that depends on the bounds of several indices into one group with them."""
    needed = {place for group in groups for place in group if place.kind == "bound"}
    if not needed or not _shrinks(trials, contract, size, {orphan, *needed}):
        return
    for place in list(needed):
        if len(needed) > 1 and _shrinks(trials, contract, size, {orphan, *needed} - {place}):
            needed.remove(place)
    together = {orphan, *needed}.union(*(group for group in groups if group & needed))
    groups[:] = [*(group for group in groups if not group & needed), together]


def _shrinks(trials: Trials, contract: Contract, size: str, group: Collection[_Place]) -> bool:
    """True if the places can have a smaller size than the rest."""
    attempt = _with_own_size(contract, size, group)
    own = next(reversed(attempt.dimensions))
    sizes = [
        {**contract.sizes(base), own: attempt.dimensions[own].fit(smaller)}
        for base in _SHRUNK_BASES
        for smaller in (base // 2, base - 1)
    ]
    return trials.problem(attempt, sizes=sizes) is None


def _holds_both_ways(trials: Trials, contract: Contract) -> bool:
    """True if the newest size may be smaller and larger than the others."""
    own = next(reversed(contract.dimensions))
    dimension = contract.dimensions[own]
    sizes = [
        {**contract.sizes(base), own: dimension.fit(other)}
        for base in (*BASES, _MANY)
        if base > 1
        for other in (base // 2, 2 * base + 1)
    ]
    return trials.firmly(contract) and trials.problem(contract, sizes=sizes) is None


def _without_mixed_zeros(trials: Trials, contract: Contract, size: str) -> Contract:
    """Of two sizes that cannot be 0 where the other is not, the one that must be 1 is so."""
    own = next(reversed(contract.dimensions))
    for name in (own, size):
        if contract.dimensions[name].fit(0):
            continue
        if trials.problem(contract, sizes=[{**contract.sizes(5), name: 0}]) is not None:
            changed = contract.dimensions[name].model_copy(update={"minimum": 1})
            dimensions = {**contract.dimensions, name: changed}
            contract = contract.model_copy(update={"dimensions": dimensions})
    return contract


def _with_own_size(contract: Contract, size: str, group: Collection[_Place]) -> Contract:
    own = _name(contract, size, group)
    dimensions = {**contract.dimensions, own: contract.dimensions[size]}
    changed = contract.model_copy(update={"dimensions": dimensions})
    for place in group:
        changed = _renamed_at(changed, place, size, own)
    return changed


def _name(contract: Contract, size: str, group: Collection[_Place]) -> str:
    order = list(contract.parameters)
    ranked = sorted(group, key=lambda p: (p.kind == "bound", order.index(p.parameter), p.detail))
    name = f"n_{ranked[0].parameter}"
    while name in contract.dimensions or name in contract.parameters:
        name += "_"
    return name


def _renamed_at(contract: Contract, place: _Place, old: str, new: str) -> Contract:
    given = contract.parameters[place.parameter]
    if place.kind == "equals":
        assert given.equals is not None
        update: dict[str, object] = {"equals": renamed(given.equals, old, new)}
    elif place.kind == "length":
        lengths = [*given.lengths()]
        lengths[int(place.detail)] = renamed(lengths[int(place.detail)], old, new)
        update = {"length": as_length(lengths)}
    elif place.detail:
        fields = {**given.fields, place.detail: _bound(given.fields[place.detail], old, new)}
        update = {"fields": fields}
    else:
        assert given.values is not None
        update = {"values": _bound(given.values, old, new)}
    return with_parameter(contract, place.parameter, given.model_copy(update=update))


def _bound(values: Values, old: str, new: str) -> Values:
    ends = {"low": values.low, "high": values.high}
    update = {k: renamed(end, old, new) for k, end in ends.items() if isinstance(end, str)}
    return values.model_copy(update=update)


def _adjusted(
    contract: Contract, size: str, group: Collection[_Place], places: list[_Place]
) -> Iterator[Contract]:
    """What was a multiple of one size as a sum or a product of it and the new one."""
    own = next(reversed(contract.dimensions))
    forms = {f"2*{size}": f"{size}+{own}", f"{size}*{size}": f"{size}*{own}"}
    changed = contract
    for place in places:
        if place.kind != "length" or place in group:
            continue
        given = contract.parameters[place.parameter]
        lengths = [*given.lengths()]
        if (form := forms.get(lengths[int(place.detail)])) is not None:
            lengths[int(place.detail)] = form
            update = {"length": as_length(lengths)}
            changed = with_parameter(changed, place.parameter, given.model_copy(update=update))
    if changed != contract:
        yield changed
