"""The numbers of a coverage, and how they are told."""

from __future__ import annotations

from parallel_agent.kernel.evidence import Coverage, Evidence, Place, Reach

COUNTS: dict[Place, int] = {
    (3, "f", -1): 4,
    (3, "f", 0): 4,
    (3, "f", 1): 0,
    (4, "f", -1): 4,
    (5, "f", -1): 0,
    (9, "unused", -1): 0,
    (9, "unused", 0): 0,
}


def test_only_what_can_be_reached_counts() -> None:
    reach = Reach.of(COUNTS, [(2, 6)])
    assert not reach.complete
    assert reach.work == 8
    coverage = reach.coverage(before=1)
    assert coverage == Coverage(
        branches=2, reached_branches=1, lines=3, reached_lines=2, uncovered=(2, 4)
    )
    assert coverage.share == 0.5
    assert str(coverage) == "1 of 2 branches, 2 of 3 lines; not all of lines 2, 4"
    assert Reach.of(COUNTS, []).coverage().lines == 4


def test_what_two_kinds_of_inputs_reach_together() -> None:
    other = Reach.of({**COUNTS, (3, "f", 0): 0, (3, "f", 1): 1, (5, "f", -1): 1}, [(2, 6)])
    assert (Reach.of(COUNTS, [(2, 6)]) | other).complete


def test_evidence_in_lines() -> None:
    told = Evidence(
        sizes=({"n": 0, "m": 0}, {"n": 5, "m": 6}),
        runs=8,
        trials=99,
        coverage=None,
        choices=("x.",),
    ).notes()
    assert told[1] == "8 runs were clean, n = 0 5, the other sizes a little more or less."
    assert told[2] == "Coverage: not measured (gcov is missing)."
    assert told[3] == "x."
