from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.parallel_algorithm import ParallelAlgorithm
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal

HEADERS = "#include <algorithm>\n#include <complex>\n#include <numeric>\n#include <vector>\n"


def rewritten(body: str, variant: str = "") -> Proposal:
    return ParallelAlgorithm().rewrite(parse(HEADERS + body), Options(variant=variant))


def variants(body: str) -> list[str]:
    return ParallelAlgorithm().variants(parse(HEADERS + body))


def refusal(body: str) -> str:
    with pytest.raises(NotApplicable) as refused:
        rewritten(body)
    return str(refused.value)


SORT = """struct P { float key; };
void f(std::vector<P>& v) {
    std::sort(v.begin(), v.end(), [](P const& a, P const& b) {
        return a.key < b.key;
    });
}
"""


def test_sort_goes_to_parallel_mode() -> None:
    proposal = rewritten(SORT)
    assert "    __gnu_parallel::sort(v.begin(), v.end(), [](P const& a, P const& b) {\n" in (
        proposal.source
    )
    assert "#include <vector>\n#include <parallel/algorithm>\n" in proposal.source
    assert any(reason.startswith("line 7:") for reason in proposal.reasons_for)
    assert any("equal elements" in reason for reason in proposal.reasons_against)


def test_sort_has_one_way() -> None:
    assert variants(SORT) == ["parallel_mode"]


TRANSFORM = """void f(std::vector<double>& x) {
\tstd::transform(x.begin(), x.end(), x.begin(), [](double v) { return 1 - 1 / v; });
}
"""


def test_transform_becomes_a_loop_in_the_indentation_of_the_file() -> None:
    assert variants(TRANSFORM) == ["openmp_simd", "openmp_loop"]
    assert (
        "\tconst auto op = [](double v) { return 1 - 1 / v; };\n"
        "\t#pragma omp parallel for simd\n"
        "\tfor (std::size_t i = 0; i < x.size(); ++i) {\n"
        "\t\tx[i] = op(x[i]);\n"
        "\t}\n"
        "}\n"
    ) in rewritten(TRANSFORM).source


def test_a_body_without_braces_gets_them() -> None:
    source = rewritten(
        """void f(std::vector<int>& x, int n) {
    if (n > 3) std::for_each(x.begin(), x.end(), [n](int& v) { v += n; });
}
"""
    ).source
    assert "    if (n > 3) {\n        const auto visit" in source


def test_a_sum_is_returned_from_a_reduction() -> None:
    source = rewritten(
        "double f(std::vector<double> const& x) {\n"
        "    return std::reduce(x.begin(), x.end(), 0.0) / x.size();\n}\n"
    ).source
    assert (
        "    double sum = 0.0;\n"
        "    #pragma omp parallel for simd reduction(+ : sum)\n"
        "    for (std::size_t i = 0; i < x.size(); ++i) {\n"
        "        sum += x[i];\n"
        "    }\n"
        "    return sum / x.size();\n"
    ) in source


def test_a_variable_that_only_takes_the_value_is_the_reduction_variable() -> None:
    source = rewritten(
        """double f(std::vector<double> const& x, std::vector<double> const& y) {
    double dot = std::inner_product(x.begin(), x.end(), y.begin(), 1.0);
    const double top = std::accumulate(x.begin(), x.end(), -1.0, [](double a, double b) {
        return std::max(a, b);
    });
    return dot + top;
}
"""
    ).source
    assert "    double dot = 1.0;\n    #pragma omp" in source
    assert "dot += x[i] * y[i];" in source
    assert "reduction(max : largest)" in source
    assert "const double top = largest;" in source


def test_count_and_new_names_keep_clear_of_old_ones() -> None:
    source = rewritten(
        """int f(std::vector<int> const& i, int matches) {
    return std::count(i.begin(), i.end(), matches) > 2;
}
"""
    ).source
    assert "std::ptrdiff_t matches_2 = 0;" in source
    assert "matches_2 += i[i_2] == matches;" in source


def test_complex_sums_go_to_parallel_mode() -> None:
    body = """std::complex<double> f(std::vector<std::complex<double>> const& z) {
    return std::accumulate(z.begin(), z.end(), std::complex<double>(0));
}
"""
    assert variants(body) == ["parallel_mode"]
    source = rewritten(body).source
    assert "return __gnu_parallel::accumulate(" in source
    assert "#include <parallel/numeric>" in source


def test_a_scan_is_two_passes() -> None:
    body = """void f(std::vector<double> const& x, std::vector<double>& y) {
    std::inclusive_scan(x.begin(), x.end(), y.begin());
}
"""
    source = rewritten(body).source
    assert "std::vector<double> carry(blocks + 1);" in source
    assert "carry[b + 1] = std::reduce(x.begin() + start, x.begin() + end, double{});" in source
    assert "y.begin() + start, std::plus<>(), carry[b]);" in source


def test_min_element_is_cut_into_blocks_and_not_given_to_parallel_mode() -> None:
    body = """double f(std::vector<double> const& x) {
    return *std::min_element(x.begin(), x.end());
}
"""
    assert variants(body) == ["blocks"]
    source = rewritten(body).source
    assert "best[b] = std::min_element(x.begin() + start, x.begin() + end);" in source
    assert "return *smallest;" in source


def test_helpers_of_the_kernel_are_rewritten_but_not_under_a_guard() -> None:
    body = """int few(std::vector<int> const& v) {
    return std::count(v.begin(), v.end(), 3);
}
int f(std::vector<int> const& x) {
    return few(x);
}
"""
    parsed = parse(HEADERS + body, name="f")
    assert "reduction(+ : matches)" in ParallelAlgorithm().rewrite(parsed, Options()).source
    with pytest.raises(NotApplicable, match="guard is not known"):
        ParallelAlgorithm().rewrite(parsed, Options(guard="x.size() > 9"))


def test_calls_in_loops_are_for_when_there_is_nothing_else() -> None:
    inner = "    for (int i = 0; i < n; ++i) y[i] = std::accumulate(x.begin(), x.end(), y[i]);\n"
    head = "void f(std::vector<double>& x, std::vector<double>& y, int n) {\n"
    assert "part of a larger expression" in refusal(f"{head}{inner}}}\n")
    both = f"{head}    std::sort(x.begin(), x.end());\n{inner}}}\n"
    proposal = rewritten(both)
    assert "std::accumulate(x.begin()" in proposal.source
    assert any("inside a loop" in reason for reason in proposal.reasons_against)


def test_iota_alone_is_not_worth_it() -> None:
    iota = "    std::iota(v.begin(), v.end(), 0);\n"
    head = "void f(std::vector<int>& v) {\n"
    assert "no call" in refusal(f"{head}{iota}}}\n")
    source = rewritten(f"{head}{iota}    std::sort(v.begin(), v.end());\n}}\n").source
    assert "        v[i] = i;\n" in source


def test_wrapped_calls_compare_iterators() -> None:
    body = """bool f(std::vector<int> const& x, std::vector<int>& y) {
    return std::unique_copy(x.begin(), x.end(), y.begin()) != y.end();
}
"""
    assert "return __gnu_parallel::unique_copy(x.begin(), x.end(), y.begin()) != y.end();" in (
        rewritten(body).source
    )


def test_what_races_in_parallel_mode_is_not_used() -> None:
    search = "    return std::find(x.begin(), x.end(), 3) != x.end();\n"
    assert variants(f"bool f(std::vector<int>& x) {{\n{search}}}\n") == []
    half = "    std::nth_element(x.begin(), x.begin() + 5, x.end());\n"
    assert variants(f"void f(std::vector<int>& x) {{\n{half}}}\n") == []


UNSAFE = {
    "the lambda writes": (
        "int s = 0; std::for_each(x.begin(), x.end(), [&](double v) { s += v > 0; }); y[0] = s;",
        "writes s",
    ),
    "a mutable lambda": (
        "std::transform(x.begin(), x.end(), y.begin(), [s = 0.0](double v) mutable { return s += v; });",
        "mutable",
    ),
    "a random number": (
        "std::transform(x.begin(), x.end(), y.begin(), [](double v) { return v + rand(); });",
        "rand has side effects",
    ),
    "a helper with a static variable": (
        "std::transform(x.begin(), x.end(), y.begin(), running);",
        "static variable total",
    ),
    "the output is read": (
        "std::transform(x.begin(), x.end(), y.begin(), [&](double v) { return v + y[0]; });",
        "reads y",
    ),
    "a shifted output": (
        "std::transform(x.begin(), x.end() - 1, x.begin() + 1, [](double v) { return 2 * v; });",
        "offset",
    ),
    "packed bits": (
        "std::transform(x.begin(), x.end(), b.begin(), [](double v) { return v > 0; });",
        "std::vector<bool>",
    ),
    "an appending iterator": (
        "std::transform(x.begin(), x.end(), std::back_inserter(y), [](double v) { return v; });",
        "no random access",
    ),
    "truncation at each step": (
        "y[0] = std::accumulate(x.begin(), x.end(), 0);",
        "folds double into an integer",
    ),
    "an operation that is not associative": (
        "y[0] = std::accumulate(x.begin(), x.end(), 0.0, [](double a, double v) { return a / 2 + v; });",
        "not known to be associative",
    ),
    "a scan that is not associative": (
        "std::partial_sum(x.begin(), x.end(), y.begin(), std::minus<>());",
        "not known to be associative",
    ),
    "evaluated on a condition": (
        "if (n > 0 && std::count(x.begin(), x.end(), 1.0) > 2) y[0] = 1;",
        "larger expression",
    ),
    "an exception": (
        "std::for_each(x.begin(), x.end(), [](double v) { if (v < 0) throw 1; });",
        "exception",
    ),
}


@pytest.mark.parametrize(("statement", "reason"), UNSAFE.values(), ids=UNSAFE.keys())
def test_unsafe_calls_are_refused(statement: str, reason: str) -> None:
    body = f"""#include <cstdlib>
#include <functional>
#include <iterator>
double running(double v) {{
    static double total = 0;
    return total += v;
}}
void f(std::vector<double>& x, std::vector<double>& y, std::vector<bool>& b, int n) {{
    {statement}
}}
"""
    parsed = parse(HEADERS + body, name="f")
    with pytest.raises(NotApplicable, match=reason):
        ParallelAlgorithm().rewrite(parsed, Options())


def test_iterators_of_unknown_origin_are_speculative() -> None:
    body = """void f(double* p, double* q, int n) {
    std::transform(p, p + n, q, [](double v) { return 2 * v; });
}
"""
    proposal = rewritten(body)
    assert "for (std::ptrdiff_t i = 0; i < n; ++i) {\n        q[i] = op(p[i]);" in proposal.source
    assert proposal.speculative
    assert any("overlap" in reason for reason in proposal.reasons_against)


def test_nothing_to_do() -> None:
    assert (
        variants("int f(std::vector<int> const& x) { for (int v : x) { return v; } return 0; }")
        == []
    )
