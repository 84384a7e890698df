"""What a model may be told to pursue: the strategies that first samples are spread over."""

from __future__ import annotations

FREE_CHOICE = "free_choice"

STRATEGIES = {
    FREE_CHOICE: "Choose what gains most.",
    "better_algorithm": (
        "Do less work: an algorithm with fewer operations, or fewer passes over memory, without "
        "allocations and copies that are not needed. Threads only if they still pay afterwards."
    ),
    "simd": (
        "Vectorize the inner loops: contiguous accesses, no branches, omp simd, and where it pays a "
        "second build for a wider instruction set that is chosen at run time. Threads come second."
    ),
    "parallel_loop": (
        "Split the outermost independent loop over the threads, with a guard for small sizes; the "
        "inner loops stay vectorized."
    ),
    "reduction": (
        "Give each thread its own accumulators (sums, minima, histograms, lists) and combine them "
        "at the end; no atomics in the inner loop."
    ),
    "tiling": (
        "Reuse what is in the caches: order loops for contiguous accesses, block them, fuse passes, "
        "keep running values in registers."
    ),
    "scan": (
        "Break the chain of dependences: two passes over blocks (local results, offsets, final "
        "results), or a closed form."
    ),
}
"""By name, what a coder is told. A plan may name others in its own words."""
