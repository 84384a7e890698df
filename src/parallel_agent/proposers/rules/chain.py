"""Strategies one after the other: each rewrites what the one before it wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from parallel_agent.kernel.source import ParsedSource, SourceError
from parallel_agent.proposers.rules import registry
from parallel_agent.proposers.rules.dispatch import dispatched
from parallel_agent.proposers.rules.induction_variables import InductionVariables
from parallel_agent.proposers.rules.rereading import reparsed
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal, Tunable

_PARALLEL = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+omp[ \t]+parallel\b.*$", re.MULTILINE)


class Step(BaseModel):
    """One strategy of a chain, in one of its variants; ``tuning`` holds what is not its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str
    variant: str = ""
    tuning: dict[str, int] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """``tiling-rows@tile=32``: for the names of branches."""
        numbers = "".join(f"@{name}={value}" for name, value in sorted(self.tuning.items()))
        return "-".join(filter(None, (self.strategy, self.variant))) + numbers


Chain = tuple[Step, ...]


def chain_of(steps: Sequence[dict[str, Any]]) -> Chain:
    """A chain from plain data."""
    return tuple(Step.model_validate(step) for step in steps)


def label(chain: Chain) -> str:
    """A name for a chain."""
    return "+".join(step.label for step in chain)


def write_chain(parsed: ParsedSource, chain: Chain) -> Proposal:
    """What the strategies make of a source one after the other, its reasons those of all of them.

    Raises NotApplicable where a strategy has nothing to rewrite, or what one wrote cannot be read by
    the next.
    """
    current, proposals = parsed, []
    for step in chain:
        proposals.append(_written(current, step))
        if step is not chain[-1]:
            current = _read_again(parsed, proposals[-1].source)
    return Proposal(
        source=proposals[-1].source,
        reasons_for=_each_once(p.reasons_for for p in proposals),
        reasons_against=_each_once(p.reasons_against for p in proposals),
        speculative=any(p.speculative for p in proposals),
    )


def with_forms(
    parsed: ParsedSource,
    proposal: Proposal,
    *,
    guard: str,
    isa: str,
    if_clause: str = "",
    num_threads: str = "",
) -> Proposal:
    """The proposal behind a choice at run time: ``guard`` and ``isa`` are those of `Options`.

    ``if_clause`` is a condition like a guard. Where it does not hold the rewritten form runs, too, but
    on one thread: that is the better choice where it is faster than the original even so.
    ``num_threads`` is for directives that start threads, too: how many, where all are too many.

    Raises NotApplicable where there can be no such choice.
    """
    source = proposal.source
    for clause, value in (("if", if_clause), ("num_threads", num_threads)):
        if value:
            source = _PARALLEL.sub(rf"\g<0> {clause}({value})", source)
    if guard or isa:
        source = dispatched(parsed, source, guard=guard, isa=isa)
    return proposal.model_copy(update={"source": source})


def starts_threads(source: str) -> bool:
    """Whether a source has an OpenMP directive that starts threads."""
    return _PARALLEL.search(source) is not None


def openings(parsed: ParsedSource) -> list[Chain]:
    """The chains to begin with, the most promising first.

    A kernel of C style is rewritten first, as the others see through little else: what they offer for
    it then comes before what they offer for it as it is.
    """
    offered: list[Chain] = [
        (Step(strategy=strategy, variant=variant),) for strategy, variant in registry.moves(parsed)
    ]
    plain = next((chain for chain in offered if opens(chain)), None)
    if plain is None:
        return offered
    behind = extensions(parsed, plain)
    known = {step.strategy for chain in behind for step in chain}
    return [*behind, *(chain for chain in offered if chain[-1].strategy not in known)]


def opens(chain: Chain) -> bool:
    """Whether a chain begins with what gains nothing and only makes room for others."""
    return chain[0].strategy == InductionVariables.name


def extensions(parsed: ParsedSource, chain: Chain) -> list[Chain]:
    """Chains that go on from one, the most promising first; none where it cannot be written.

    They do not come back to a strategy that the chain has.
    """
    taken = {step.strategy for step in chain}
    try:
        offered = registry.moves(_read_again(parsed, write_chain(parsed, chain).source))
    except NotApplicable:
        return []
    return [
        (*chain, Step(strategy=strategy, variant=variant))
        for strategy, variant in offered
        if strategy not in taken
    ]


def retunings(parsed: ParsedSource, chain: Chain) -> list[Chain]:
    """The same chain with one number of one of its strategies changed, in a fixed order.

    Numbers that change nothing in what is written are left out.
    """
    found: list[Chain] = []
    for position, step in enumerate(chain):
        strategy = registry.named(step.strategy)
        tunables = strategy.tunables if isinstance(strategy, Tunable) else {}
        for name, values in tunables.items():
            current = step.tuning.get(name, values[0])
            for value in values:
                if value != current:
                    other = step.model_copy(update={"tuning": {**step.tuning, name: value}})
                    found.append((*chain[:position], other, *chain[position + 1 :]))
    plain = write_chain(parsed, chain).source if found else ""
    return [other for other in found if write_chain(parsed, other).source != plain]


def _written(parsed: ParsedSource, step: Step) -> Proposal:
    options = Options(variant=step.variant, tuning=step.tuning)
    return registry.write(parsed, step.strategy, options)


def _read_again(parsed: ParsedSource, source: str) -> ParsedSource:
    try:
        return reparsed(source, parsed.kernel.name)
    except SourceError as error:
        raise NotApplicable(f"the rewritten source cannot be read again: {error}") from None


def _each_once(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason for group in groups for reason in group))
