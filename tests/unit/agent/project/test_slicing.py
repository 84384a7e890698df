"""The kernel cut out of its file, and what was changed put back where it is from."""

from __future__ import annotations

import pytest

from parallel_agent.agent.project.flattening import flattened, lines_of, text_of
from parallel_agent.agent.project.putting_back import CannotPutBack, put_back
from parallel_agent.agent.project.slicing import sliced
from parallel_agent.agent.project.spec import ProjectError

HEADER = """#pragma once
#include <vector>
namespace bees {
inline int weight(int bee) { return bee % 7; }
int elsewhere(int hive);
}
"""
SOURCE = """// Honey of a hive.
#include "bees/hive.hpp"

#include <cstdio>

static int printed = 0;
static const int spoonful = 3;

void report(int honey) {
    ++printed;
    std::printf("%d\\n", elsewhere(honey));
}

namespace bees {

long honey(const std::vector<int>& bees) {
    long sum = 0;
    for (const int bee : bees) {
        sum += weight(bee) * spoonful;
    }
    return sum;
}

}  // namespace bees

int main() {
    report(1);
    return 0;
}
"""
TREE = {"include/bees/hive.hpp": HEADER, "src/honey.cpp": SOURCE}


def cut(tree: dict[str, str] = TREE, *files: str) -> str:
    return text_of(sliced(flattened(tree, files or ("src/honey.cpp",)), "honey")[0])


def back(candidate: str, tree: dict[str, str] = TREE) -> dict[str, str]:
    slice_, *_ = sliced(flattened(tree, ["src/honey.cpp"]), "honey")
    return put_back(slice_, candidate, tree, "src/honey.cpp")


def test_what_the_kernel_cannot_reach_is_left_out() -> None:
    text = cut()
    for kept in ("#include <vector>", "int weight(", "spoonful = 3", "long honey(", "// Honey"):
        assert kept in text
    for gone in ("main", "report", "printed", "hive.hpp", "pragma once"):
        assert gone not in text


def test_a_slice_that_is_not_changed_changes_nothing() -> None:
    assert back(cut()) == {}
    assert back("\n\n" + cut().replace("\n\n", "\n")) == {}


def test_a_changed_kernel_goes_back_to_its_place() -> None:
    candidate = cut().replace("    for (const", "    #pragma omp parallel for\n    for (const")
    (changed,) = back(candidate).items()
    assert changed == (
        "src/honey.cpp",
        SOURCE.replace("    for (const", "    #pragma omp parallel for\n    for (const"),
    )


def test_a_new_include_goes_to_the_kernels_file_and_below_its_comment() -> None:
    (changed,) = back("#include <omp.h>\n" + cut()).items()
    assert changed == (
        "src/honey.cpp",
        SOURCE.replace('#include "b', '#include <omp.h>\n#include "b'),
    )


def test_a_helper_that_changed_changes_the_header_that_it_is_from() -> None:
    (changed,) = back(cut().replace("bee % 7", "bee & 7")).items()
    assert changed == ("include/bees/hive.hpp", HEADER.replace("bee % 7", "bee & 7"))


def test_a_new_helper_comes_before_the_kernel() -> None:
    candidate = cut().replace(
        "long honey(", "static int twice(int x) { return 2 * x; }\n\nlong honey("
    )
    text = back(candidate)["src/honey.cpp"]
    assert text.index("int twice(") < text.index("long honey(") < text.index("int main(")
    assert "void report(" in text


def test_a_change_across_files_cannot_be_put_back() -> None:
    lines = cut().splitlines()
    first = next(n for n, line in enumerate(lines) if "weight(int" in line)
    last = next(n for n, line in enumerate(lines) if "<cstdio>" in line)
    candidate = "\n".join([*lines[:first], "int all_new;", *lines[last + 1 :]])
    with pytest.raises(CannotPutBack, match="into another"):
        back(candidate)


def test_the_ends_of_lines_stay_what_they_are() -> None:
    tree = {**TREE, "src/honey.cpp": SOURCE.replace("\n", "\r\n")}
    text = back(cut(tree).replace("sum = 0;", "sum = 0;\n    // new"), tree)["src/honey.cpp"]
    assert text == SOURCE.replace("sum = 0;", "sum = 0;\n    // new").replace("\n", "\r\n")


def test_a_file_without_a_last_end_of_line_stays_without() -> None:
    tree = {**TREE, "src/honey.cpp": SOURCE.rstrip("\n")}
    assert back(cut(tree).replace("sum = 0;", "sum = 1;"), tree)["src/honey.cpp"].endswith("0;\n}")


def test_two_headers_that_could_be_meant_are_an_error() -> None:
    tree = {**TREE, "old/bees/hive.hpp": HEADER}
    with pytest.raises(ProjectError, match=r"may be include/bees/hive.hpp or old/bees/hive.hpp"):
        cut(tree)


def test_a_header_beside_its_includer_is_the_one_that_is_meant() -> None:
    tree = {"src/bees/hive.hpp": HEADER, "old/bees/hive.hpp": "#error old", "src/honey.cpp": SOURCE}
    assert "int weight(" in cut(tree)


def test_a_source_that_is_named_too_comes_first() -> None:
    tree = {
        **TREE,
        "src/other.cpp": '#include "bees/hive.hpp"\nint unused() { return 1; }\nint x;\n',
    }
    text = cut(tree, "src/other.cpp", "src/honey.cpp")
    assert text.count("int weight(") == 1
    assert "unused" not in text


def test_lines_are_those_between_ends_of_lines_and_nothing_else() -> None:
    assert lines_of("a\x0cb\r\nc") == ["a\x0cb", "c"]
