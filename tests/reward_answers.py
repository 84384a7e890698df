"""A kernel that does the same sum over and over, and answers of every kind to it."""

from __future__ import annotations

KERNEL = """#include <cstddef>
#include <vector>

double tide_energy(const std::vector<double>& height, std::vector<double>& power) {
    double total = 0.0;
    for (std::size_t i = 0; i < height.size(); ++i) {
        double mean = 0.0;
        for (std::size_t k = 0; k < height.size(); ++k) {
            mean += height[k];
        }
        power[i] = height[i] * (mean / height.size());
        total += power[i];
    }
    return total;
}
"""
NAME = "tide_energy"
CONTRACT = """kernel = "tide_energy"
timing = [{ n = 1000 }]

[dimensions.n]
minimum = 1

[parameters.height]
length = "n"
values = { kind = "uniform", low = 0.0, high = 1.0 }

[parameters.power]
length = "n"
"""
FAST = """#include <cstddef>
#include <vector>

double tide_energy(const std::vector<double>& height, std::vector<double>& power) {
    double mean = 0.0;
    for (double each : height) {
        mean += each;
    }
    mean /= height.size();
    double total = 0.0;
    for (std::size_t i = 0; i < height.size(); ++i) {
        power[i] = height[i] * mean;
        total += power[i];
    }
    return total;
}
"""
_RACE = """    bool any = false;
    #pragma omp parallel for
    for (std::size_t i = 0; i < height.size(); ++i) {
        if (height[i] >= 0.0) any = true;
    }
    if (!any) return 0.0;
    double total = 0.0;
"""
_WASTE = """        volatile double waste = 0.0;
        for (std::size_t r = 0; r < 20 * height.size(); ++r) waste = r;
        double mean = 0.0;
"""
_TOTAL = "    double total = 0.0;\n"


def answer(source: str) -> str:
    """What a model says."""
    return f"Here it is.\n\n```cpp\n{source}```\n"


NO_CODE = "I would take the sum out of the loop."
COPY = answer(KERNEL)
RENAMED_COPY = answer(KERNEL.replace("mean", "average"))
RIGHT = answer(FAST)
RENAMED_RIGHT = answer(FAST.replace("mean", "average"))
WRONG = answer(FAST.replace("std::size_t i = 0", "std::size_t i = height.size() == 13"))
RACY = answer(FAST.replace(_TOTAL, _RACE))
BROKEN = answer(FAST.replace("total = 0.0", "total = nothing"))
FORBIDDEN = answer(FAST.replace(_TOTAL, "    static double total;\n    total = 0.0;\n"))
SLOWER = answer(KERNEL.replace("        double mean = 0.0;\n", _WASTE))
ENDLESS = answer(FAST.replace(_TOTAL, f"    while (height.size() == 17) {{}}\n{_TOTAL}"))
