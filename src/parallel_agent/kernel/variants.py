"""Other inputs to check with: those that reach branches which ordinary ones miss.

Most branches that random numbers miss are conditions that seldom come true: a search that finds,
a pivot that is zero, equal keys. Domains in which they do are tried, for one kind of number and for
all of a kind at once, and those that reach most are kept beside the general ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from parallel_agent.kernel.contract import Contract, ParameterContract, Values
from parallel_agent.kernel.domains import domains, special
from parallel_agent.kernel.evidence import Reach
from parallel_agent.kernel.leaves import Leaf, leaves_of
from parallel_agent.kernel.trials import Trials
from parallel_agent.kernel.types import String

_ATTEMPTS = 80
"""Kinds of inputs to try."""
_MUCH = 2
"""So many times the work of other inputs: those are given up early."""
_MOST = 4
"""Variants of one contract."""

Variant = dict[str, ParameterContract]


@dataclass(frozen=True)
class Found:
    """A contract with its variants, and what all of it reaches (None: not measured)."""

    contract: Contract
    reach: Reach | None
    choices: tuple[str, ...] = ()


def vary(trials: Trials, contract: Contract) -> Found:
    """Add to a contract that holds the variants that reach what it misses."""
    contract = _with_hits(trials, contract)
    general = trials.reach(contract)
    if general is None:
        return Found(contract, general)
    contract, general, choices = _busier(trials, contract, general)
    if general.complete:
        return Found(contract, general, choices)
    reached = [*_attempts(trials, contract, general)]
    chosen = _cover(general, reached)
    if not chosen:
        return Found(contract, general, choices)
    chosen = [_without_needless(trials, contract, variant, reach) for variant, reach in chosen]
    return _assembled(contract, general, chosen, choices)


def _busier(
    trials: Trials, contract: Contract, general: Reach
) -> tuple[Contract, Reach, tuple[str, ...]]:
    """Structured matrices first where the kernel gives ordinary ones up early."""
    for leaf in leaves_of(trials.kernel, contract):
        for values in domains(leaf, contract, trials.kernel, trials.hints):
            if not values.dominant:
                continue
            variant = {leaf.parameter: leaf.changed(_given(contract, leaf, {}), values)}
            attempt = _applied(contract, variant)
            reach = trials.reach(attempt) if trials.firmly(attempt) else None
            if reach is not None and reach.work > _MUCH * general.work:
                former = {leaf.parameter: contract.parameters[leaf.parameter]}
                attempt = attempt.model_copy(update={"variants": [*contract.variants, former]})
                told = f"{leaf}: with a dominant diagonal there is more to do."
                return attempt, general | reach, (told,)
    return contract, general, ()


def _with_hits(trials: Trials, contract: Contract) -> Contract:
    """What is given to a function, a search perhaps, at times equal to an element."""
    changed: Variant = {}
    for variant in _hitting(trials, contract):
        [name] = variant
        wanted = name in trials.hints.passed and name not in changed
        if wanted and trials.firmly(_applied(contract, {**changed, **variant})):
            changed.update(variant)
    return contract.model_copy(update={"variants": [changed]}) if changed else contract


def _hitting(trials: Trials, contract: Contract) -> Iterator[Variant]:
    """For every scalar that decides something: values that equal elements of the same type."""
    leaves = leaves_of(trials.kernel, contract)
    for leaf in leaves:
        values = leaf.of(contract)
        if str(leaf) in trials.hints.indices:
            continue
        if leaf.depth or leaf.member or values is None or str(leaf) not in trials.hints.compared:
            continue
        for other in leaves:
            if other.parameter == leaf.parameter or not _same_kind(leaf, other):
                continue
            if other.depth == 0 and not isinstance(other.type, String):
                continue
            hitting = values.model_copy(update={"hits": str(other)})
            if isinstance(leaf.type, String) and other.depth == 0:  # a part of the other
                hitting = hitting.model_copy(update={"low": 1, "high": 3})
            given = contract.parameters[leaf.parameter]
            yield {leaf.parameter: leaf.changed(given, hitting)}


def _same_kind(leaf: Leaf, other: Leaf) -> bool:
    if isinstance(leaf.type, String) or isinstance(other.type, String):
        return isinstance(leaf.type, String) and isinstance(other.type, String)
    whole = ("int", "uint")
    same = leaf.type.kind == other.type.kind
    return same or (leaf.type.kind in whole and other.type.kind in whole)


def _given(contract: Contract, leaf: Leaf, changed: Variant) -> ParameterContract:
    return changed.get(leaf.parameter, contract.parameters[leaf.parameter])


def _applied(contract: Contract, variant: Variant) -> Contract:
    parameters = {**contract.parameters, **variant}
    return contract.model_copy(update={"parameters": parameters, "variants": []})


def _attempts(
    trials: Trials, contract: Contract, general: Reach
) -> Iterator[tuple[Variant, Reach]]:
    """Variants that hold and reach something new, until nothing is left to reach or to try."""
    together = general
    for variant in itertools.islice(_moves(trials, contract), _ATTEMPTS):
        attempt = _applied(contract, variant)
        if not trials.holds(attempt):
            continue
        reach = trials.reach(attempt)
        if reach is None or not reach.taken - together.taken or not trials.firmly(attempt):
            continue
        yield variant, reach
        together |= reach
        if together.complete:
            return


def _moves(trials: Trials, contract: Contract) -> Iterator[Variant]:
    """Every special domain for all numbers it suits, then for one kind of number at a time.

    More general domains than those of the contract, which were not sound for all runs, come last.
    """
    yield from _hitting(trials, contract)
    every_leaf = leaves_of(trials.kernel, contract)
    leaves = [leaf for leaf in every_leaf if str(leaf) not in trials.hints.indices]
    offered = {leaf: list(special(leaf, contract, trials.kernel)) for leaf in leaves}
    every = [values for several in offered.values() for values in several]
    elements = [leaf for leaf in leaves if leaf.depth]
    unique = list({values.model_dump_json(): values for values in every}.values())
    for several in (elements, leaves):
        for values in unique:
            variant: Variant = {}
            for leaf in several:
                if values in offered[leaf]:
                    given = leaf.changed(
                        _given(contract, leaf, variant), _kept(leaf, contract, values)
                    )
                    variant[leaf.parameter] = given
            if len(variant) > 1 or len(several) > 1:
                yield variant
    for leaf in leaves:
        more = domains(leaf, contract, trials.kernel, trials.hints)
        for values in (*offered[leaf], *more):
            given = contract.parameters[leaf.parameter]
            yield {leaf.parameter: leaf.changed(given, _kept(leaf, contract, values))}


def _kept(leaf: Leaf, contract: Contract, values: Values) -> Values:
    """A domain for a leaf whose order the kernel relies on."""
    now = leaf.of(contract)
    if now is None or not now.sorted or values.symmetric or values.dominant:
        return values
    return values.model_copy(update={"sorted": True})


def _cover(general: Reach, reached: list[tuple[Variant, Reach]]) -> list[tuple[Variant, Reach]]:
    """The fewest variants that reach all that any of them does; of equals the first."""
    chosen: list[tuple[Variant, Reach]] = []
    taken = set(general.taken)
    while len(chosen) < _MOST:
        best = max(reached, key=lambda found: len(found[1].taken - taken), default=None)
        if best is None or not best[1].taken - taken:
            break
        chosen.append(best)
        taken |= best[1].taken
    return chosen


def _without_needless(
    trials: Trials, contract: Contract, variant: Variant, reach: Reach
) -> tuple[Variant, Reach]:
    """The variant without those parts that it reaches as much without."""
    for name in list(variant):
        if len(variant) == 1:
            break
        fewer = {other: given for other, given in variant.items() if other != name}
        attempt = _applied(contract, fewer)
        found = trials.reach(attempt) if trials.firmly(attempt) else None
        if found is not None and found.taken >= reach.taken:
            variant, reach = fewer, found
    return variant, reach


def _assembled(
    contract: Contract,
    general: Reach,
    chosen: list[tuple[Variant, Reach]],
    choices: tuple[str, ...],
) -> Found:
    """The contract with its variants; the kind of input that reaches most comes first."""
    together = general
    for _, reach in chosen:
        together |= reach
    variants = [*contract.variants, *(variant for variant, _ in chosen)]
    best, most = max(chosen, key=lambda found: len(found[1].taken))
    if most.lines > general.lines and most.work >= general.work:
        # The general inputs miss a part of the work, so they are none to time with.
        former = {name: contract.parameters[name] for name in best}
        variants = [former, *(v for v in variants if v is not best)]
        parameters = {**contract.parameters, **best}
        contract = contract.model_copy(update={"parameters": parameters})
        told = (
            f"Inputs that reach more come first ({', '.join(best)}), more general ones as variants."
        )
    else:
        told = "Variants reach what the general inputs miss."
    return Found(contract.model_copy(update={"variants": variants}), together, (*choices, told))
