"""All strategies, and the moves that they offer for a source."""

from __future__ import annotations

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.array_reduction import ArrayReduction
from parallel_agent.proposers.rules.bit_packing import BitPacking
from parallel_agent.proposers.rules.bitset_intersection import BitsetIntersection
from parallel_agent.proposers.rules.blocked_substitution import BlockedSubstitution
from parallel_agent.proposers.rules.compaction import Compaction
from parallel_agent.proposers.rules.decorate_sort import DecorateSort
from parallel_agent.proposers.rules.dispatch import dispatched
from parallel_agent.proposers.rules.double_buffering import DoubleBuffering
from parallel_agent.proposers.rules.early_exit_search import EarlyExitSearch
from parallel_agent.proposers.rules.early_goal_test import EarlyGoalTest
from parallel_agent.proposers.rules.fast_transform import FastTransform
from parallel_agent.proposers.rules.full_unrolling import FullUnrolling
from parallel_agent.proposers.rules.fuse_passes import FusePasses
from parallel_agent.proposers.rules.hash_join import HashJoin
from parallel_agent.proposers.rules.induction_variables import InductionVariables
from parallel_agent.proposers.rules.level_synchronous import LevelSynchronous
from parallel_agent.proposers.rules.linear_recurrence import LinearRecurrence
from parallel_agent.proposers.rules.loop_canonicalization import LoopCanonicalization
from parallel_agent.proposers.rules.loop_normalization import LoopNormalization
from parallel_agent.proposers.rules.loop_order import LoopOrder
from parallel_agent.proposers.rules.loop_peeling import LoopPeeling
from parallel_agent.proposers.rules.maximum_subarray import MaximumSubarray
from parallel_agent.proposers.rules.merge_fission import MergeFission
from parallel_agent.proposers.rules.min_location import MinLocation
from parallel_agent.proposers.rules.parallel_algorithm import ParallelAlgorithm
from parallel_agent.proposers.rules.parallel_loop import ParallelLoop
from parallel_agent.proposers.rules.parallel_merge import ParallelMerge
from parallel_agent.proposers.rules.parallel_sections import ParallelSections
from parallel_agent.proposers.rules.parallel_sort import ParallelSort
from parallel_agent.proposers.rules.predicated_counting import PredicatedCounting
from parallel_agent.proposers.rules.prefix_sums import PrefixSums
from parallel_agent.proposers.rules.range_counting import RangeCounting
from parallel_agent.proposers.rules.red_black import RedBlack
from parallel_agent.proposers.rules.reduction import Reduction
from parallel_agent.proposers.rules.scalar_expansion import ScalarExpansion
from parallel_agent.proposers.rules.scan import Scan
from parallel_agent.proposers.rules.selection import Selection
from parallel_agent.proposers.rules.simd_loop import SimdLoop
from parallel_agent.proposers.rules.sorted_sweep import SortedSweep
from parallel_agent.proposers.rules.strategy import Options, Proposal, Strategy
from parallel_agent.proposers.rules.task_recursion import TaskRecursion
from parallel_agent.proposers.rules.tiling import Tiling
from parallel_agent.proposers.rules.time_skewing import TimeSkewing
from parallel_agent.proposers.rules.union_find import UnionFind
from parallel_agent.proposers.rules.unroll_and_jam import UnrollAndJam
from parallel_agent.proposers.rules.unvisited_list import UnvisitedList
from parallel_agent.proposers.rules.wavefront import Wavefront
from parallel_agent.proposers.rules.wide_vectors import WideVectors

STRATEGIES: tuple[Strategy, ...] = (
    FastTransform(),
    Wavefront(),
    UnrollAndJam(),
    BlockedSubstitution(),
    RedBlack(),
    Tiling(),
    DoubleBuffering(),
    TimeSkewing(),
    ScalarExpansion(),
    HashJoin(),
    SortedSweep(),
    MaximumSubarray(),
    PrefixSums(),
    RangeCounting(),
    TaskRecursion(),
    Selection(),
    EarlyGoalTest(),
    UnionFind(),
    UnvisitedList(),
    LevelSynchronous(),
    MergeFission(),
    BitsetIntersection(),
    FusePasses(),
    LoopPeeling(),
    PredicatedCounting(),
    BitPacking(),
    Reduction(),
    LoopOrder(),
    ParallelLoop(),
    ArrayReduction(),
    MinLocation(),
    Scan(),
    LinearRecurrence(),
    Compaction(),
    DecorateSort(),
    ParallelSort(),
    ParallelMerge(),
    ParallelAlgorithm(),
    EarlyExitSearch(),
    ParallelSections(),
    FullUnrolling(),
    SimdLoop(),
    InductionVariables(),
    LoopCanonicalization(),
    LoopNormalization(),
    WideVectors(),
)
"""In the order in which they are tried: the surest gain first."""


_BY_NAME = {strategy.name: strategy for strategy in STRATEGIES}


def named(strategy: str) -> Strategy:
    """The strategy of that name; KeyError for an unknown one."""
    return _BY_NAME[strategy]


def moves(parsed: ParsedSource) -> list[tuple[str, str]]:
    """All (strategy, variant) that apply, best first.

    Every strategy's best variant comes before any strategy's second best.
    """
    offers = [(s.name, s.variants(parsed)) for s in STRATEGIES]
    longest = max((len(variants) for _, variants in offers), default=0)
    return [
        (name, variants[rank])
        for rank in range(longest)
        for name, variants in offers
        if rank < len(variants)
    ]


def write(parsed: ParsedSource, strategy: str, options: Options) -> Proposal:
    """The proposal of one strategy; NotApplicable if it has none, KeyError for an unknown name."""
    proposal = named(strategy).rewrite(parsed, options)
    if not options.guard and not options.isa:
        return proposal
    source = dispatched(parsed, proposal.source, guard=options.guard, isa=options.isa)
    return proposal.model_copy(update={"source": source})
