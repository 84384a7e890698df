from __future__ import annotations

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import parse
from parallel_agent.proposers.contract_words import in_words
from prompt_samples import CONTRACT, CONTRACT_IN_WORDS, SOURCE


def words(source: str, toml: str) -> str:
    return in_words(parse(source).kernel.signature, Contract.from_toml(toml))


def test_a_contract_in_words() -> None:
    assert words(SOURCE, CONTRACT) == CONTRACT_IN_WORDS


CSR = """#include <string>
#include <utility>
#include <vector>
void spread(const double* x, int n, std::vector<int> const& rows, std::vector<std::string>& names,
            std::vector<std::vector<float>>& grid, std::vector<std::pair<int, double>>& pairs,
            bool flag, double* out) {
    for (int i = 0; i < n; ++i) out[i] = x[i] + rows[i];
}
"""
CSR_CONTRACT = """kernel = "spread"
[dimensions.N]
power_of_two = true
[dimensions.M]
minimum = 8
multiple_of = 4
[parameters]
x = { length = "N", values = { kind = "uniform", low = 0.0, high = 1.0, normalized = true } }
n = { equals = "N" }
rows = { length = "N+1", values = { kind = "offsets", low = 0, high = "M" } }
names = { length = "N", values = { kind = "text", low = 1, high = 4, letters = "ab" } }
grid = { length = ["N", "M"] }
pairs = { length = "N", fields = { first = { kind = "integers", low = 0, high = 9, sorted = true } } }
out = { length = "N" }
[comparison]
any_order = ["names"]
ties = { pairs = ["first"] }
[[variants]]
x = { length = "N", values = { kind = "uniform", low = 0.0, high = 1.0, sorted = true } }
"""


PARTS = (
    "Size N: any power of two from 1 up.",
    "Size M: any multiple of 4 from 8 up.",
    "- `n` (int, value, read only): equals N",
    "N+1 elements; whole numbers that ascend from 0 to M",
    "N elements; texts of 1 to 4 letters, of the letters 'ab'",
    "N vectors of M elements; reals in [-10.0, 10.0)",
    "first: whole numbers from 0 to 9, sorted; second: reals in [-10.0, 10.0)",
    "- `flag` (bool, value, read only): any",
    "What pointers point to never overlaps.",
    "Checked as well, never timed: `x` (double*, const pointer, read only): N elements; reals",
    "- `names`: exactly",
    "- `names`: its elements may be in any order",
    "- `pairs`.first: exactly",
    "- `pairs`.second: |a - b| <= 1.0e-09 * min(|a|, |b|)",
    "- `pairs`: sorted; elements equal in first may be in any order",
)


def test_every_part_of_a_contract_has_words() -> None:
    said = words(CSR, CSR_CONTRACT)
    assert [part for part in PARTS if part not in said] == []


def test_results_that_are_compared_exactly() -> None:
    source = "#include <vector>\ndouble top(std::vector<double> const& x) {\n" + (
        "    double most = 0;\n    for (double v : x) most = v > most ? v : most;\n    return most;\n}\n"
    )
    contract = 'kernel = "top"\n[dimensions.N]\n[parameters.x]\nlength = "N"\n'
    assert "the returned value: the same bits" in words(
        source, f"{contract}[comparison]\nrelative = 0.0\n"
    )
    calibrated = f'{contract}[comparison.results.return]\nevidence = "copied"\n'
    assert "the returned value: the same numbers" in words(source, calibrated)
