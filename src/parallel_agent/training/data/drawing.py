"""Which kernel belongs to a number: drawn from seed and index alone, in any order."""

from __future__ import annotations

import random

from parallel_agent.training.data.drawn import Drawn
from parallel_agent.training.data.grammar.registry import FAMILIES, from_template
from parallel_agent.training.data.mutating import mutated, originals

MUTATED_SHARE = 0.4
"""Of all drawings: mutations of the bundled kernels; the others are of templates."""


def draw(seed: int, index: int) -> Drawn:
    """The kernel with that number. The same on every machine, whatever was drawn before."""
    rng = random.Random(f"{seed}/{index}")
    if rng.random() < MUTATED_SHARE:
        kernels = originals()
        return mutated(kernels[rng.randrange(len(kernels))], index, rng)
    return from_template(rng.choice(sorted(FAMILIES)), index, rng)
