"""What a program is run on: the user's arguments and inputs, or inputs that are generated."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from parallel_agent.kernel.source import SourceError
from parallel_agent.toolchain.program import ProgramCase, ProgramRun

GENERATED_SIZES = (1, 2, 5, 16, 100, 1000)
"""The sizes that generated inputs begin with."""
LEADING = 3
"""How often: most formats begin with up to three sizes."""

_TOKENS_A_SIZE = 40
_MAX_TOKENS = 20_000


def given_cases(arguments: str, inputs: Sequence[Path]) -> list[ProgramCase]:
    """One case for each input file, or one without input; SourceError if a file cannot be read."""
    words = tuple(shlex.split(arguments))
    if not inputs:
        return [ProgramCase(words)]
    return [ProgramCase(words, _content(path), str(path)) for path in inputs]


def complete_cases(
    cases: Sequence[ProgramCase],
    reads: Callable[[ProgramCase], bool],
    run: Callable[[ProgramCase], ProgramRun],
    *,
    seed: int = 0,
) -> list[ProgramCase]:
    """The cases, with inputs generated where a program reads its input and was given none.

    ``reads`` tells whether the original reads any of the input that it is offered, ``run`` runs it
    under sanitizers. Generated are plain numbers: a size, repeated, then integers below it; those
    are kept with which the original runs clean and ends with status 0. Raises SourceError where
    none is.
    """
    if any(case.stdin for case in cases):
        return list(cases)
    (only,) = cases
    generated = list(_generated(only, seed))
    if not reads(generated[-1]):
        return [only]
    kept = [case for case in generated if _is_clean(run(case))]
    if not kept:
        raise SourceError(
            "the program reads its standard input, and no input that was generated suits it",
            "Give one with --input FILE; repeat it for several",
        )
    return kept


def _generated(case: ProgramCase, seed: int) -> Iterator[ProgramCase]:
    for size in GENERATED_SIZES:
        rng = np.random.default_rng([seed, size])
        count = min(_MAX_TOKENS, _TOKENS_A_SIZE * size)
        values = rng.integers(0, size, count)
        text = " ".join([str(size)] * LEADING) + "\n" + "\n".join(map(str, values)) + "\n"
        name = f"generated, size {size}, seed {seed}"
        yield ProgramCase(case.arguments, text.encode(), name)


def _is_clean(run: ProgramRun) -> bool:
    return not run.broken and run.completed.ok


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"cannot read the input {path}: {error.strerror}", "Give files with --input FILE"
        ) from None
