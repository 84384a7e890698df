"""What the text of a kernel tells of its inputs."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.kernel.hints import Hints, read_hints
from parallel_agent.kernel.source import parse

KERNELS = Path(__file__).parents[2] / "integration" / "inferred"


def hints_of(name: str) -> Hints:
    return read_hints(parse((KERNELS / f"{name}.cpp").read_text(encoding="utf-8")))


def test_roles_of_parameters() -> None:
    assert hints_of("csr").offsets == {"start"}
    assert hints_of("merge").ordered == {"a", "b"}
    assert hints_of("bisect").ordered >= {"table"}
    assert hints_of("filter").appended == {"chosen"}
    assert "threshold" in hints_of("filter").compared
    assert hints_of("batched").integers == ("batch", "n", "m")
    assert hints_of("halo").offsets == frozenset()
    assert hints_of("halo").ordered == frozenset()


def test_a_search_in_the_standard_library_needs_order() -> None:
    source = "#include <algorithm>\n#include <vector>\n"
    source += "int f(std::vector<int> const& t, std::vector<int> const& k) {\n  int c = 0;\n"
    source += "  for (int x : k) c += std::binary_search(t.begin(), t.end(), x);\n  return c;\n}\n"
    assert read_hints(parse(source)).ordered == {"t"}


def test_constants_and_the_lines_that_can_be_reached() -> None:
    source = "int twice(int x) { return 2 * x; }\nint never(int x) { return x; }\n"
    source += "int f(const int* x, int n) {\n  int s = 0;\n"
    source += "  for (int i = 0; i < n; ++i) s += twice(x[i]) % 256;\n  return s;\n}\n"
    hints = read_hints(parse(source, name="f"))
    assert hints.constants == (2, 256)
    assert sorted(hints.lines) == [(1, 1), (3, 7)]


def test_what_is_compared_with_an_index_is_one() -> None:
    source = """#include <vector>
int f(std::vector<int> const& next, int n, int start, int stop, int limit) {
    int steps = 0;
    for (int at = start; at != stop && steps != limit; at = next[at]) ++steps;
    return steps;
}
"""
    assert read_hints(parse(source)).indices == {"stop"}
