from __future__ import annotations

import pytest

from parallel_agent.kernel.source import parse
from parallel_agent.proposers.rules.bit_packing import BitPacking
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal

HEAD = (
    "#include <vector>\n"
    "void f(std::vector<int> const& x, std::vector<bool>& on, std::vector<int>& y, int n) {\n"
)


def source(body: str, header: str = "int i = 0; i < n; ++i") -> str:
    return f"{HEAD}    for ({header}) {{\n        {body}\n    }}\n}}\n"


def rewritten(text: str, variant: str = "parallel_simd") -> Proposal:
    return BitPacking().rewrite(parse(text), Options(variant=variant))


def test_words_are_put_together_and_the_rest_is_written_bit_by_bit() -> None:
    text = rewritten(source("const int v = x[i];\n        on[i] = v > 3;")).source
    assert "    const int whole = n / 64 * 64;\n    #pragma omp parallel for sched" in text
    assert "            const int v = x[i];\n            bits[i - first] = v > 3;\n" in text
    assert "        *on[first]._M_p = word;\n    }\n    for (int i = whole; i < n; ++i) {" in text
    assert "        on[i] = v > 3;\n    }\n}" in text
    assert "#pragma" not in rewritten(source("on[i] = x[i] > 3;"), "simd").source


def test_a_number_becomes_a_truth_value_first() -> None:
    text = rewritten(source("on[i] = x[i] & 4;", "int i = 0; i < n - 1; ++i")).source
    assert "bits[i - first] = static_cast<bool>(x[i] & 4);" in text
    assert "const int whole = (n - 1) / 64 * 64;" in text


@pytest.mark.parametrize(
    ("body", "header"),
    [
        pytest.param("y[i] = x[i];", "int i = 0; i < n; ++i", id="no bits"),
        pytest.param("on[i] = x[i];", "int i = 1; i < n; ++i", id="not from the first"),
        pytest.param("on[i] = x[i];", "int i = 0; i < n; i += 2", id="not every one"),
        pytest.param("on[i] = x[i];", "int i = n - 1; i >= 0; --i", id="backwards"),
        pytest.param("on[i + 1] = x[i];", "int i = 0; i < n; ++i", id="moved"),
        pytest.param("on[x[i]] = true;", "int i = 0; i < n; ++i", id="anywhere"),
        pytest.param("if (x[i]) on[i] = true;", "int i = 0; i < n; ++i", id="not always"),
        pytest.param("if (x[i]) continue; on[i] = true;", "int i = 0; i < n; ++i", id="skips"),
        pytest.param("on[i] = on[i / 2];", "int i = 0; i < n; ++i", id="reads bits"),
        pytest.param("on[i] = x[i]; y[0] = i;", "int i = 0; i < n; ++i", id="writes more"),
    ],
)
def test_other_loops_are_left_alone(body: str, header: str) -> None:
    parsed = parse(source(body, header))
    assert BitPacking().variants(parsed) == []
    with pytest.raises(NotApplicable):
        BitPacking().rewrite(parsed, Options(variant="simd"))
