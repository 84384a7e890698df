"""A kernel of 40 lines with all that a model is told of it, as tests of prompts use it."""

from __future__ import annotations

from parallel_agent.proposers.tasks import (
    CompilerError,
    Diagnosis,
    KernelFacts,
    OriginalTime,
    Platform,
    Result,
    TimeAtSize,
    Version,
)

SOURCE = """#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

struct Station {
    double latitude, longitude;  // radians
    int group;
};

constexpr double kRadius = 6371.0;  // kilometres

/* The great-circle distance of two stations. */
static double distance(Station const& a, Station const& b) {
    const double u = std::sin((b.latitude - a.latitude) / 2);
    const double v = std::sin((b.longitude - a.longitude) / 2);
    const double w = u * u + std::cos(a.latitude) * std::cos(b.latitude) * v * v;
    return 2 * kRadius * std::asin(std::sqrt(std::min(1.0, w)));
}

/* For every station the distance to the nearest one of another group, and the mean of these.
   Where all stations are of one group the distance is -1, and it does not count. */
double isolation(std::vector<Station> const& stations, std::vector<double>& nearest) {
    nearest.assign(stations.size(), -1.0);
    double sum = 0.0;
    int counted = 0;
    for (std::size_t i = 0; i < stations.size(); ++i) {
        for (std::size_t j = 0; j < stations.size(); ++j) {
            if (stations[i].group == stations[j].group) continue;
            const double d = distance(stations[i], stations[j]);
            if (nearest[i] < 0 || d < nearest[i]) nearest[i] = d;
        }
        if (nearest[i] >= 0) {
            sum += nearest[i];
            ++counted;
        }
    }
    return counted > 0 ? sum / counted : -1.0;
}
"""
CONTRACT = """
kernel = "isolation"
[dimensions.n]
[parameters.stations]
length = "n"
[parameters.stations.fields]
latitude = { kind = "uniform", low = -1.5, high = 1.5 }
longitude = { kind = "uniform", low = -3.0, high = 3.0 }
group = { kind = "integers", low = 0, high = 4 }
[parameters.nearest]
length = "0"
[comparison.results.return]
steps = [
    { upto = { n = 100 }, relative = 8e-16, absolute = 2e-13 },
    { upto = { n = 10000 }, relative = 8e-16, absolute = 3e-11 },
]
[comparison.results.nearest]
steps = [{ upto = { n = 10000 }, relative = 9e-15, absolute = 0.0 }]
"""
CONTRACT_IN_WORDS = """\
Size n: any number from 0 up.
Arguments:
- `stations` (std::vector<Station>, const reference, read only): n elements; latitude: reals in \
[-1.5, 1.5); longitude: reals in [-3.0, 3.0); group: whole numbers from 0 to 4
- `nearest` (std::vector<double>, reference, read and written): empty
Results, and how they are compared with the original's:
- `nearest`: |a - b| <= 9.0e-15 * min(|a|, |b|) up to n=10000
- the returned value: |a - b| <= 2.0e-13 + 8.0e-16 * min(|a|, |b|) up to n=100, \
|a - b| <= 3.0e-11 + 8.0e-16 * min(|a|, |b|) at n=10000"""
PLATFORM = Platform(
    cpu="Example CPU @ 2.10GHz",
    cores=8,
    threads=8,
    caches={"L1d": 32 << 10, "L2": 1 << 20, "L3": 33 << 20},
    instruction_sets=("sse4.2", "avx", "fma", "avx2"),
    compiler="g++ (Debian 12.2.0-14) 12.2.0",
    flags=("-std=c++20", "-O3", "-fopenmp"),
)
SIZES = ({"n": 20}, {"n": 400}, {"n": 4000})
KERNEL = KernelFacts(
    name="isolation",
    source=SOURCE,
    contract=CONTRACT_IN_WORDS,
    platform=PLATFORM,
    times=tuple(
        OriginalTime(sizes=sizes, seconds=seconds)
        for sizes, seconds in zip(SIZES, (2.31e-5, 1.04e-2, 1.07), strict=True)
    ),
)
PARALLEL = SOURCE.replace(
    "    for (std::size_t i = 0;",
    "    #pragma omp parallel for reduction(+ : sum, counted)\n    for (std::size_t i = 0;",
)
RACY = SOURCE.replace(
    "    for (std::size_t i = 0;", "    #pragma omp parallel for\n    for (std::size_t i = 0;"
)
BEST = Result(
    strategy="better_algorithm",
    speedup=3.91,
    times=tuple(
        TimeAtSize(sizes=sizes, original_seconds=before, candidate_seconds=now, speedup=before / now,
                   result="faster")
        for sizes, before, now in zip(
            SIZES, (2.31e-5, 1.04e-2, 1.07), (1.2e-5, 2.5e-3, 0.14), strict=True
        )
    ),
)  # fmt: skip
PARENT = Version(
    source=PARALLEL,
    result=Result(
        strategy="parallel_loop",
        speedup=2.35,
        times=(
            TimeAtSize(
                sizes=SIZES[0],
                original_seconds=2.31e-5,
                candidate_seconds=3.9e-5,
                speedup=0.59,
                result="slower",
            ),
        ),
    ),
    findings=("slower at n=20: parallel only if stations.size() >= 120",),
)
LESSONS = ("parallel_loop: parallel execution pays if stations.size() >= 120",)
RACE = Diagnosis(
    gate="races",
    detail="the process ended with status 66: a data race at lines 37, 38 (n=3, seed [0, 3, 0], 16 threads)",
)
NOT_COMPILED = Diagnosis(
    gate="compile",
    detail="line 30: 'omp_get_thread' was not declared in this scope",
    errors=(
        CompilerError(line=30, column=9, message="'omp_get_thread' was not declared in this scope"),
        CompilerError(message="undefined reference to `helper(int)'"),
    ),
)
