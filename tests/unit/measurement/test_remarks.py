from __future__ import annotations

import pytest

from parallel_agent.measurement.remarks import LoopRemark, loops_explained

SOURCE = """#include <vector>
double run(std::vector<double>& y, const std::vector<double>& x, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) y[i] = x[i];
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j)
            sum += x[j * n + i];
    }
    do {
        sum *= 2;
    } while (sum < 1);
    return sum;
}
"""


def explained(text: str) -> dict[int, LoopRemark]:
    return {remark.line: remark for remark in loops_explained(SOURCE, text, "kernel.cpp")}


def test_only_innermost_loops_are_told_of() -> None:
    assert list(explained("")) == [4, 6, 9]


def test_what_nothing_is_said_of_is_neither_vectorized_nor_not() -> None:
    assert {remark.vectorized for remark in explained("").values()} == {None}


def test_gcc_tells_the_reason_of_the_first_attempt() -> None:
    told = explained(
        "kernel.cpp:4:23: optimized: loop vectorized using 16 byte vectors\n"
        "kernel.cpp:7:18: missed:   not vectorized: complicated access pattern.\n"
        "kernel.cpp:6:27: missed: couldn't vectorize loop\n"
        "kernel.cpp:7:18: missed:   not vectorized: no vectype for stmt: _1 = *_2;\n"
        "kernel.cpp:6:27: missed: couldn't vectorize loop\n"
    )
    assert told[4].vectorized
    assert (told[6].vectorized, told[6].compiler) == (
        False,
        "not vectorized: complicated access pattern.",
    )
    assert "far apart" in told[6].reason
    assert "interchange" in told[6].remedy


def test_a_loop_that_was_vectorized_in_one_of_its_copies_is_vectorized() -> None:
    told = explained(
        "kernel.cpp:4:23: missed: couldn't vectorize loop\n"
        "kernel.cpp:4:23: optimized: loop vectorized using 16 byte vectors\n"
    )
    assert told[4].vectorized


def test_reasons_of_loops_in_headers_are_not_taken_for_ones_of_ours() -> None:
    told = explained(
        "/usr/include/stl_algo.h:10:3: missed:   not vectorized: control flow in loop.\n"
        "/usr/include/stl_algo.h:10:3: missed: couldn't vectorize loop\n"
        "kernel.cpp:4:23: missed:   function is not vectorizable.\n"
        "kernel.cpp:4:40: missed:   not vectorized: relevant stmt not supported: _17 = sin (_16);\n"
        "kernel.cpp:4:23: missed: couldn't vectorize loop\n"
    )
    assert told[4].reason == "a call that has no form for vectors: sin"


def test_clang_remarks_are_read_as_well() -> None:
    told = explained(
        "kernel.cpp:4:5: remark: vectorized loop (vectorization width: 2, interleaved count: 2) "
        "[-Rpass=loop-vectorize]\n"
        "kernel.cpp:7:17: remark: loop not vectorized: cannot prove it is safe to reorder "
        "floating-point operations [-Rpass-analysis=loop-vectorize]\n"
        "kernel.cpp:6:9: remark: loop not vectorized [-Rpass-missed=loop-vectorize]\n"
        "kernel.cpp:9:5: remark: loop not vectorized: could not determine number of loop "
        "iterations [-Rpass-analysis=loop-vectorize]\n"
        "kernel.cpp:9:5: remark: loop not vectorized [-Rpass-missed=loop-vectorize]\n"
    )
    assert [told[line].vectorized for line in (4, 6, 9)] == [True, False, False]
    assert "order must be kept" in told[6].reason
    assert "is not known when it begins" in told[9].reason


@pytest.mark.parametrize("words", ["something new", ""])
def test_words_that_nobody_knows_are_handed_on(words: str) -> None:
    told = explained(
        f"kernel.cpp:4:2: missed: {words}\nkernel.cpp:4:2: missed: couldn't vectorize loop\n"
    )
    assert told[4].compiler == words
    assert str(told[4]) == f"line 4: scalar{', ' * bool(words)}{words}"
