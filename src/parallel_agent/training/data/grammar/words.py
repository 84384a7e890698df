"""Names for what kernels work on, from many domains, so that no one of them sticks to a form."""

from __future__ import annotations

ARRAYS = (
    "pressures", "velocities", "signal", "rainfall", "weights", "readings", "prices", "charges",
    "heights", "temperatures", "loads", "masses", "intensities", "voltages", "depths", "delays",
    "scores", "ages", "lengths", "densities", "currents", "rates", "angles", "energies", "volumes",
    "distances", "levels", "samples", "traces", "wages", "tides", "doses", "yields", "speeds",
    "amplitudes", "humidity", "counts", "strains", "forces", "errors", "ratings", "clicks",
    "balances", "spectrum", "pulses", "flows", "shares", "torques", "phases", "frequencies",
)  # fmt: skip
RESULTS = (
    "result", "out", "corrected", "filtered", "scaled", "output", "estimate", "adjusted", "mapped",
    "derived", "blended", "normalized", "response", "updated", "balanced", "shifted", "predicted",
)  # fmt: skip
SCALARS = (
    "gain", "offset", "threshold", "factor", "bias", "slope", "damping", "scale", "limit", "rate",
    "level", "decay", "share", "cutoff", "step", "alpha", "beta", "omega", "tau", "tension",
)  # fmt: skip
SUMS = ("total", "sum", "acc", "result", "value", "aggregate", "running", "accumulated")
GRIDS = (
    "grid", "field", "plate", "image", "board", "surface", "terrain", "heat", "potential", "tissue",
    "lattice", "lake", "membrane", "frame", "mask", "soil", "canvas", "pixels", "cells", "map_values",
)  # fmt: skip
MATRICES = (
    "matrix", "samples", "factors", "basis", "weights", "flows", "features", "design", "coupling",
    "stiffness", "images", "profiles", "responses", "mixing", "coefficients", "transfer", "loads",
)  # fmt: skip
LOCALS = ("here", "value", "current", "x", "v", "item", "s", "element", "now", "q")
VERBS = (
    "compute", "apply", "update", "evaluate", "estimate", "derive", "transform", "measure", "process",
    "rate", "fit", "convert", "collect", "combine", "assess", "adjust", "predict", "scan", "mix", "trace",
)  # fmt: skip
NOUNS = (
    "Response", "Profile", "Signal", "Field", "Load", "Balance", "Energy", "Drift", "Series", "Yield",
    "Exposure", "Demand", "Traffic", "Reading", "Flux", "Tension", "Stock", "Pulse", "Weather", "Route",
    "Sensor", "Harvest", "Orbit", "Cell", "Ledger", "Voltage", "Dose", "Crop", "Wave", "Market",
)  # fmt: skip
INDICES = (("i", "j", "k"), ("p", "q", "r"), ("row", "col", "k"), ("u", "v", "w"), ("a", "b", "c"))
COUNTS = ("n", "count", "length", "size", "total_count", "num")
