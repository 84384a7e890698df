"""All families of templates, and the kernel that one of them gives for a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parallel_agent.training.data.drawn import Drawn
from parallel_agent.training.data.grammar import dense, grids, maps, series, sparse, things
from parallel_agent.training.data.grammar.maps import Body
from parallel_agent.training.data.grammar.sketch import Sketch

Template = Callable[[Sketch], Body]


@dataclass(frozen=True)
class Family:
    """A template with the bundled suite's kind that it belongs to, and the kernel that it follows."""

    kind: str
    follows: str
    template: Template


FAMILIES: Mapping[str, Family] = {
    "elementwise": Family("transform", "absorbance", maps.elementwise),
    "in_place": Family("transform", "encode_srgb", maps.in_place),
    "iterated": Family("transform", "escape_times", maps.iterated),
    "total": Family("reduce", "decay_misfit", maps.total),
    "moments": Family("reduce", "vibration_level", maps.moments),
    "extreme": Family("reduce", "largest_drawdown", maps.extreme),
    "position": Family("search", "nearest_color", maps.position),
    "counted": Family("reduce", "vibration_level", maps.counted),
    "running": Family("scan", "cumulative_integral", series.running),
    "window": Family("scan", "smoothed_power", series.window),
    "recurrence": Family("scan", "smoothed_quotes", series.recurrence),
    "stretch": Family("scan", "richest_stretch", series.stretch),
    "pairs_before": Family("geometry", "neighbor_spacing", series.pairs_before),
    "lagged": Family("fft", "power_spectrum", series.lagged),
    "taps": Family("stencil", "pattern_scores", series.taps),
    "thresholds": Family("sort", "flood_ranks", series.thresholds),
    "bands": Family("stencil", "wave_step", series.bands),
    "ladder": Family("histogram", "shaking_classes", series.ladder),
    "histogram": Family("histogram", "level_histogram", series.histogram),
    "product": Family("dense_la", "beam_power", dense.product),
    "gram": Family("dense_la", "second_moments", dense.gram),
    "matrix_vector": Family("dense_la", "second_moments", dense.matrix_vector),
    "column_sums": Family("dense_la", "second_moments", dense.column_sums),
    "substitution": Family("dense_la", "discount_factors", dense.substitution),
    "transposed": Family("transform", "mix_tracks", dense.transposed),
    "outer": Family("transform", "mix_tracks", dense.outer),
    "distances": Family("search", "nearest_color", dense.distances),
    "stencil": Family("stencil", "wave_step", grids.stencil),
    "stepped": Family("stencil", "turing_patterns", grids.stepped),
    "line_steps": Family("stencil", "pipe_wall", grids.line_steps),
    "window2d": Family("stencil", "pattern_scores", grids.window2d),
    "coloured": Family("stencil", "relax_potential", grids.coloured),
    "pair_distances": Family("geometry", "neighbor_spacing", things.pair_distances),
    "attraction": Family("geometry", "star_accelerations", things.attraction),
    "within": Family("geometry", "neighbor_spacing", things.within),
    "sorted_records": Family("sort", "order_print_jobs", things.sorted_records),
    "sorted_numbers": Family("sort", "median_wait", things.sorted_numbers),
    "ordered_places": Family("sort", "finish_order", things.ordered_places),
    "joined": Family("sparse_la", "order_values", things.joined),
    "selected": Family("search", "visible_pins", things.selected),
    "first_place": Family("search", "first_glitch", things.first_place),
    "compressed_rows": Family("sparse_la", "relax_pressure", sparse.compressed_rows),
    "many_vectors": Family("sparse_la", "diagonal_product", sparse.many_vectors),
    "banded": Family("sparse_la", "diagonal_product", sparse.banded),
    "triangles": Family("graph", "triangle_count", sparse.triangles),
    "weights_at": Family("graph", "transfer_hops", sparse.weights_at),
    "fourier": Family("fft", "power_spectrum", sparse.fourier),
    "cosine": Family("fft", "block_cosine", sparse.cosine),
    "butterflies": Family("fft", "walsh_spectrum", sparse.butterflies),
}
"""By the name of the family."""


def from_template(name: str, index: int, rng: random.Random) -> Drawn:
    """The kernel of a family that a generator of random numbers gives, the same each time."""
    family, sketch = FAMILIES[name], Sketch.begin(rng)
    function = sketch.function()
    sketch.taken.add(function)
    returns, body = family.template(sketch)
    rng.shuffle(sketch.parameters)
    return Drawn(
        index=index,
        family=family.follows,
        kind=family.kind,
        name=function,
        source=sketch.text(function, returns, body),
        contract=sketch.contract(function),
        origin=f"template {name}",
        mutations=tuple(sketch.notes),
    )
