"""Mutations of the bundled kernels, one after the other: each gives a kernel of its own."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import tomlkit

from parallel_agent.kernel.source import ParsedSource, SourceError, parse
from parallel_agent.suites.adapters.bundled import bundled
from parallel_agent.training.data.drawn import Drawn
from parallel_agent.training.data.mutations import bodies, forms, names

BODIES: Sequence[bodies.Mutation] = (
    bodies.compositions,
    bodies.compositions,
    bodies.constants,
    bodies.comparisons,
    bodies.arithmetic,
    bodies.functions,
)
FORMS: Sequence[bodies.Mutation] = (
    forms.precision,
    forms.index_types,
    forms.increments,
    forms.while_loops,
    forms.index_loops,
    forms.interchange,
    forms.references,
    forms.parameter_order,
)
_COMMENT = re.compile(r"[ \t]*//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Original:
    """A bundled kernel: its text without comments, and its contract as plain data, if it has one."""

    name: str
    kind: str
    source: str
    contract: dict[str, Any] | None


@cache
def originals() -> tuple[Original, ...]:
    """All bundled kernels, in the suite's order."""
    return tuple(
        Original(
            kernel.name,
            kernel.category,
            plain_text(kernel.path.read_text(encoding="utf-8")),
            None
            if kernel.contract is None
            else tomlkit.parse(kernel.contract.read_text(encoding="utf-8")).unwrap(),
        )
        for kernel in bundled()
    )


def plain_text(source: str) -> str:
    """A source without its comments, which a mutation would make wrong."""
    bare = _COMMENT.sub("", source)
    return re.sub(r"\n{3,}", "\n\n", bare).lstrip("\n")


def mutated(original: Original, index: int, rng: random.Random) -> Drawn:
    """A kernel after some mutations of an original: one to three of what it computes, and of how."""
    wanted = [rng.choice(BODIES) for _ in range(rng.randint(1, 3))]
    wanted += rng.sample(FORMS, rng.randint(1, 4))
    parsed, done = parse(original.source), list[str]()
    for mutation in wanted:
        found = mutation(parsed, rng)
        if found is None:
            continue
        try:
            parsed = parse(found[0], name=parsed.kernel.name)
        except SourceError:  # it does not fit here
            continue
        done.append(found[1])
    fresh = names.renaming(parsed, rng)
    source, contract = names.renamed(parsed, fresh), original.contract
    given = "" if contract is None else tomlkit.dumps(names.contract_renamed(contract, fresh))
    return Drawn(
        index=index,
        family=original.name,
        kind=original.kind,
        name=_new_name(parsed, fresh),
        source=source,
        contract=given,
        origin=f"mutation of {original.name}",
        mutations=tuple(done),
    )


def _new_name(parsed: ParsedSource, fresh: dict[str, str]) -> str:
    return fresh.get(parsed.kernel.name, parsed.kernel.name)
