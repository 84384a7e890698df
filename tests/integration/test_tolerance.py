"""The calibrated tolerance on real code: other orders of summation pass, small mistakes do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.kernel.source import parse
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.build import build
from parallel_agent.verification.reference import Reference
from parallel_agent.verification.tolerance import calibrate

COMPILER = Compiler.find(flags=("-std=c++20", "-O2", "-fopenmp"))

# One kernel with results of every kind. VARIANT in the environment makes a candidate of it: another
# way to compute one of the results, right or wrong. Without it, it is the original.
SOURCE = r"""
#include <omp.h>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

struct Totals { double sum, squares, variance; float mean; };
struct Nearest { float value; int index; };
using Doubles = std::vector<double>;
using Floats = std::vector<float>;

static bool is(const char* name) {
    const char* variant = std::getenv("VARIANT");
    return variant != nullptr && std::strcmp(variant, name) == 0;
}
template <class T, class V>
static T pairwise(const V& x, std::size_t from, std::size_t to) {
    if (to - from <= 8) {
        T s = 0;
        for (std::size_t i = from; i < to; ++i) s += x[i];
        return s;
    }
    const std::size_t middle = from + (to - from) / 2;
    return pairwise<T>(x, from, middle) + pairwise<T>(x, middle, to);
}

static double sumOf(const Doubles& x) {
    const std::size_t n = x.size();
    double s = 0;
    if (is("sum backwards")) { for (std::size_t i = n; i-- > 0;) s += x[i]; return s; }
    if (is("sum pairwise")) return pairwise<double>(x, 0, n);
    if (is("sum in eight lanes")) {
        double lanes[8] = {};
        for (std::size_t i = 0; i < n; ++i) lanes[i % 8] += x[i];
        for (double lane : lanes) s += lane;
        return s;
    }
    if (is("sum in extended precision")) { long double e = 0; for (double v : x) e += v; return e; }
    if (is("sum in parallel")) {
        #pragma omp parallel for reduction(+ : s)
        for (std::size_t i = 0; i < n; ++i) s += x[i];
        return s;
    }
    if (is("sum in single precision")) { float f = 0; for (double v : x) f += v; return f; }
    if (is("sum without the last")) { for (std::size_t i = 0; i + 1 < n; ++i) s += x[i]; return s; }
    if (is("sum of the first twice")) { for (double v : x) s += v; return n ? s + x[0] : s; }
    if (is("sum that skips a seam")) {
        for (std::size_t i = 0; i < n; ++i) if (n < 2000 || i != n / 2) s += x[i];
        return s;
    }
    if (is("sum without one thread")) {
        #pragma omp parallel for reduction(+ : s) schedule(static)
        for (std::size_t i = 0; i < n; ++i) if (omp_get_thread_num() != 3) s += x[i];
        return s;
    }
    for (double v : x) s += v;
    return is("sum off by a billionth") ? s * (1 + 1e-9) : s;
}
static double squaresOf(const Doubles& x) {
    double s = 0;
    if (is("squares in two halves")) {
        double odd = 0;
        for (std::size_t i = 0; i < x.size(); ++i) (i % 2 ? odd : s) += x[i] * x[i];
        return s + odd;
    }
    if (is("squares in single precision")) { for (double v : x) s += float(v) * float(v); return s; }
    for (double v : x) s += v * v;
    return s;
}
static double varianceOf(const Doubles& x) {
    const double n = std::max<double>(1, x.size());
    double s = 0, q = 0;
    if (is("variance in two passes")) {
        for (double v : x) s += v;
        for (double v : x) q += (v - s / n) * (v - s / n);
        return q / n;
    }
    for (double v : x) { s += v; q += v * v; }
    if (is("variance of a sample")) return n > 1 ? (q - s * s / n) / (n - 1) : 0;
    return q / n - (s / n) * (s / n);
}
static float meanOf(const Floats& z) {
    const float n = std::max<std::size_t>(1, z.size());
    float s = 0;
    if (is("mean in double precision")) { double d = 0; for (float v : z) d += v; return d / n; }
    if (is("mean pairwise")) return pairwise<float>(z, 0, z.size()) / n;
    if (is("mean in parallel")) {
        #pragma omp parallel for reduction(+ : s)
        for (std::size_t i = 0; i < z.size(); ++i) s += z[i];
        return s / n;
    }
    if (is("mean without the last")) { for (std::size_t i = 0; i + 1 < z.size(); ++i) s += z[i]; return s / n; }
    if (is("mean of one less")) { for (float v : z) s += v; return z.size() > 1 ? s / (n - 1) : s; }
    for (float v : z) s += v;
    return s / n;
}
static void scanOf(const Doubles& x, Doubles& out) {
    const std::size_t n = x.size(), width = std::max<std::size_t>(4, n / 7);
    if (is("scan in blocks") || is("scan that forgets a carry")) {
        double carry = 0;
        for (std::size_t b = 0; b < n; b += width) {
            double s = 0;
            for (std::size_t i = b; i < std::min(n, b + width); ++i) out[i] = (s += x[i]);
            const bool forgets = is("scan that forgets a carry") && n > 64 && b + width >= n;
            if (!forgets) for (std::size_t i = b; i < std::min(n, b + width); ++i) out[i] += carry;
            carry += s;
        }
        return;
    }
    if (is("scan in single precision")) {
        float s = 0;
        for (std::size_t i = 0; i < n; ++i) out[i] = (s += float(x[i]));
        return;
    }
    double s = 0;
    for (std::size_t i = 0; i < n; ++i) {
        if (is("scan shifted by one")) { out[i] = s; s += x[i]; continue; }
        s += x[i];
        if (is("scan with a stale element") && n > 50 && i == n / 3) continue;
        out[i] = s;
    }
}
static void filterOf(const Doubles& x, Doubles& out) {
    double y = 0;
    const std::size_t n = x.size();
    for (std::size_t i = 0; i < n; ++i) {
        if (is("filter that starts anew at a seam") && n > 60 && i == n / 2) y = 0;
        y = is("filter in another order") ? 0.9 * (y + x[i]) : 0.9 * y + x[i];
        out[i] = y;
    }
    if (is("filter in blocks")) {
        for (std::size_t b = 0; b < n; b += 16) {
            double local = 0, power = 1;
            const double carry = b ? out[b - 1] : 0;
            for (std::size_t i = b; i < std::min(n, b + 16); ++i) {
                local = 0.9 * local + x[i];
                power *= 0.9;
                out[i] = local + power * carry;
            }
        }
    }
}
static void productsOf(const Doubles& x, const Floats& z, Floats& out) {
    const std::size_t n = x.size(), taps = std::min<std::size_t>(n, 64);
    for (std::size_t i = 0; i < n; ++i) {
        double s = 0;
        float f = 0;
        for (std::size_t d = 0; d < taps; ++d) {
            const std::size_t k = is("products backwards") ? taps - 1 - d : d;
            s += z[(i + k) % n] * x[k];
            f += z[(i + k) % n] * float(x[k]);
            if (is("products one tap short") && d == 62) break;
        }
        out[i] = is("products in single precision") ? f : s;
    }
}
static Nearest nearestOf(const Floats& z) {
    Nearest best{0, -1};
    float distance = std::numeric_limits<float>::max();
    const int n = z.size();
    for (int k = 0; k < n; ++k) {
        const int i = is("nearest backwards") ? n - 1 - k : k;
        const float d = std::abs(z[i] - 0.5f);
        if (d < distance || (is("nearest backwards") && d == distance)) { distance = d; best = {z[i], i}; }
    }
    if (is("nearest off by one place") && best.index > 5) --best.index;
    if (is("nearest off by one bit")) best.value = std::nextafter(best.value, 1.0f);
    return best;
}

void kernel(const Doubles& x, const Floats& z, Doubles& scan, Doubles& filtered, Floats& products,
            Floats& sorted, Totals& totals, Nearest& nearest) {
    totals = {sumOf(x), squaresOf(x), varianceOf(x), meanOf(z)};
    scanOf(x, scan);
    filterOf(x, filtered);
    productsOf(x, z, products);
    if (is("sort of the input")) sorted = z;
    if (is("sort by counting")) std::stable_sort(sorted.begin(), sorted.end());
    else std::sort(sorted.begin(), sorted.end());
    if (is("sort off by one bit") && sorted.size() > 9) sorted[9] = std::nextafter(sorted[9], 1.0f);
    nearest = nearestOf(z);
    if (is("writes a read-only input") && x.size() > 3) const_cast<double&>(x[3]) += 1e-14;
    if (is("writes a read-only copy of zero") && z.size() > 3) const_cast<float&>(z[3]) = -z[3];
    if (is("NaN")) totals.squares = std::numeric_limits<double>::quiet_NaN();
    if (is("infinite") && x.size() > 80) scan[70] = std::numeric_limits<double>::infinity();
}
"""
CONTRACT = """kernel = "kernel"
[dimensions.n]
[parameters.x]
length = "n"
values = { kind = "uniform", low = -10.0, high = 10.0 }
[parameters.z]
length = "n"
values = { kind = "uniform", low = 0.0, high = 1.0 }
[parameters.scan]
length = "n"
[parameters.filtered]
length = "n"
[parameters.products]
length = "n"
[parameters.sorted]
length = "n"
"""
RIGHT = (
    "sum backwards",
    "sum pairwise",
    "sum in eight lanes",
    "sum in extended precision",
    "sum in parallel",
    "squares in two halves",
    "variance in two passes",
    "mean in double precision",
    "mean pairwise",
    "mean in parallel",
    "scan in blocks",
    "filter in blocks",
    "products backwards",
    "nearest backwards",
    "sort by counting",
)
WRONG = {
    "sum in single precision": "totals.sum",
    "sum without the last": "totals.sum",
    "sum of the first twice": "totals.sum",
    "sum that skips a seam": "totals.sum",
    "sum without one thread": "totals.sum",
    "sum off by a billionth": "totals.sum",
    "squares in single precision": "totals.squares",
    "variance of a sample": "totals.variance",
    "mean without the last": "totals.mean",
    "mean of one less": "totals.mean",
    "scan that forgets a carry": "scan[",
    "scan in single precision": "scan",
    "scan shifted by one": "scan",
    "scan with a stale element": "scan[",
    "filter that starts anew at a seam": "filtered[",
    "filter in another order": "filtered",
    "products in single precision": "products[",
    "products one tap short": "products[",
    "nearest off by one place": "nearest.index",
    "nearest off by one bit": "nearest.value",
    "sort of the input": "sorted",
    "sort off by one bit": "sorted[9]",
    "writes a read-only input": "read-only input changed: x[3]",
    "writes a read-only copy of zero": "read-only input changed: z[3]",
    "NaN": "totals.squares",
    "infinite": "scan[70]",
}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    directory = tmp_path_factory.mktemp("original")
    return _reference(SOURCE, CONTRACT, directory, ({"n": 3000}, {"n": 100_000}))


def _reference(
    source: str, toml: str, directory: Path, timing: tuple[dict[str, int], ...] = ()
) -> Reference:
    kernel = parse(source).kernel
    contract = Contract.from_toml(toml)
    contract.check_against(kernel.signature)
    binary = build(COMPILER, kernel.signature, source, directory, "optimized").binary
    assert binary is not None
    reference = Reference(
        signature=kernel.signature,
        contract=contract,
        binary=binary,
        limits=Limits(wall_seconds=60.0),
        timing_sizes=timing,
    )
    comparison = calibrate(reference, kernel, COMPILER, directory)
    reference.contract = contract.model_copy(update={"comparison": comparison})
    return reference


def judged(reference: Reference, variant: str) -> str | None:
    """What the differential gates find of a candidate at four threads."""
    cases = [*reference.check_cases(), *reference.timing_cases()]
    return reference.run_cases(reference.binary, 4, cases, env={"VARIANT": variant})


@pytest.mark.parametrize("variant", RIGHT)
def test_what_differs_by_rounding_only_is_accepted(reference: Reference, variant: str) -> None:
    assert judged(reference, variant) is None


@pytest.mark.parametrize("variant", WRONG)
def test_what_is_wrong_by_more_than_rounding_is_rejected(
    reference: Reference, variant: str
) -> None:
    assert str(judged(reference, variant)).startswith(WRONG[variant])


def test_the_evidence_tells_selections_from_sums(reference: Reference) -> None:
    results = reference.contract.comparison.results
    assert set(results) == {
        "scan",
        "filtered",
        "products",
        "sorted",
        "totals.sum",
        "totals.squares",
        "totals.variance",
        "totals.mean",
        "nearest.value",
    }
    for name in ("sorted", "nearest.value"):
        assert results[name].steps == []
        assert "selection" in results[name].evidence
    for name in ("scan", "totals.sum"):
        small, large = (results[name].at({"n": n}) for n in (8, 100_000))
        assert 0 < small.relative * 20 + small.absolute < large.absolute < 1e-7
        assert "last-bit noise" in results[name].evidence


def test_a_contract_with_its_tolerance_survives_being_written(reference: Reference) -> None:
    assert Contract.from_toml(reference.contract.to_toml()) == reference.contract


CHAOTIC = """#include <cmath>
#include <vector>
double halved(std::vector<double> const& x, std::vector<double>& orbit, std::vector<double>& root,
              int n) {
    for (int i = 0; i < n; ++i) {
        double y = 0.5 + 0.04 * x[i];
        for (int k = 0; k < n; ++k) y = 3.99 * y * (1.0 - y);
        orbit[i] = y;
        root[i] = std::sqrt(-1.0 - x[i] * x[i]);
    }
    return 2.0;
}
"""
CHAOTIC_CONTRACT = """kernel = "halved"
[dimensions.n]
[parameters.n]
equals = "n"
[parameters.x]
length = "n"
[parameters.orbit]
length = "n"
[parameters.root]
length = "n"
"""


def test_where_the_original_is_chaotic_only_the_same_numbers_pass(tmp_path: Path) -> None:
    defined = CHAOTIC.replace("-1.0 - x[i]", "1.0 + x[i]")
    comparison = _reference(defined, CHAOTIC_CONTRACT, tmp_path).contract.comparison
    orbit = comparison.results["orbit"]
    assert not orbit.at({"n": 7}).exact
    assert orbit.at({"n": 100}).exact
    assert "only the same numbers are accepted there" in orbit.caution
    assert "n = 100" in orbit.caution
    assert "n = 7" not in orbit.caution
    assert not comparison.results["root"].at({"n": 100}).exact
    assert comparison.results["root"].caution == ""
    assert comparison.results["return"].caution == "is 2 in every run, which says little"


def test_a_result_that_is_nowhere_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="'root' is NaN or infinite in every run"):
        _reference(CHAOTIC, CHAOTIC_CONTRACT, tmp_path)


def test_a_tolerance_of_the_users_own_is_left_alone(tmp_path: Path) -> None:
    toml = f"{CHAOTIC_CONTRACT}[comparison]\nrelative = 1e-3\n"
    comparison = _reference(CHAOTIC, toml, tmp_path).contract.comparison
    assert (comparison.relative, comparison.results) == (1e-3, {})
