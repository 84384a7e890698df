"""Preprocessed text: what of it is of which file."""

from __future__ import annotations

from parallel_agent.verification.reading import _lines

TEXT = """no file yet
# 1 "adapter.cpp"
# 1 "/usr/include/c++/12/vector" 1 3
class vector;
# 2 "adapter.cpp" 2

# 1 "./kernel.hpp" 1
int f();
 # 9 "adapter.cpp"

int g();
# 7 "kernel.hpp"
#pragma omp for
# 3 "adapter.cpp" 2
int main();"""


def test_lines_are_of_the_file_that_the_marker_before_them_names() -> None:
    assert list(_lines(TEXT, {"kernel.hpp"})) == [
        ("kernel.hpp", 1, "int f();"),
        ("kernel.hpp", 2, ' # 9 "adapter.cpp"'),
        ("kernel.hpp", 4, "int g();"),
        ("kernel.hpp", 7, "#pragma omp for"),
    ]
    assert list(_lines(TEXT, {"adapter.cpp"})) == [("adapter.cpp", 3, "int main();")]


def test_text_without_markers_is_of_no_file() -> None:
    assert not list(_lines("int f();\n", {"kernel.hpp"}))
