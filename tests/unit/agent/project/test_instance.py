"""One instance of a template: a specialization behind it, and back into the file with a change."""

from __future__ import annotations

import pytest

from parallel_agent.agent.project.flattening import flattened, text_of
from parallel_agent.agent.project.instance import Instance, instance_named, specialized
from parallel_agent.agent.project.putting_back import CannotPutBack, put_back
from parallel_agent.agent.project.slicing import sliced
from parallel_agent.agent.project.spec import ProjectError
from parallel_agent.kernel.source import parse

HEADER = """#pragma once
#include <vector>
namespace sea {
template <typename T, int Width>
T swell(const std::vector<T>& heights, T least) {
    T sum{};
    for (const T height : heights) {
        if (height > least) {
            sum += height * Width;
        }
    }
    return sum;
}
inline int other() { return 1; }
}
"""
TREE = {"sea/swell.hpp": HEADER}
LINES = flattened(TREE, ["sea/swell.hpp"])


def cut(kernel: str = "swell<double, 4>") -> tuple[str, str]:
    instance = instance_named(kernel)
    assert instance is not None
    lines, name, why = sliced(specialized(LINES, instance), instance.name)
    assert why == ""
    return text_of(lines), name


def back(candidate: str) -> dict[str, str]:
    lines, _, _ = sliced(specialized(LINES, Instance("swell", ("double", "4"))), "swell")
    return put_back(lines, candidate, TREE, "sea/swell.hpp")


def test_the_name_says_what_it_is_instantiated_with() -> None:
    assert instance_named("sea::swell<std::pair<int, int>, 4>") == (
        "sea::swell", ("std::pair<int, int>", "4"),
    )  # fmt: skip
    assert instance_named("sea::swell") is None
    assert instance_named(None) is None


def test_an_instance_is_a_kernel_like_any_other() -> None:
    text, name = cut()
    assert name == "sea::swell"
    assert (
        "template <>\ninline double swell<double, 4>(const std::vector<double>& heights, double least) {"
        in text
    )
    kernel = parse(text, name=name).kernel
    assert [p.type.spelling for p in kernel.signature.parameters] == [
        "std::vector<double>",
        "double",
    ]
    assert len(kernel.loops) == 1


def test_what_is_not_changed_changes_nothing_and_a_change_leaves_the_template_alone() -> None:
    text, _ = cut()
    assert back(text) == {}
    changed = back(text.replace("sum{};\n", "sum{};  // fast\n", 2).replace("  // fast", "", 1))
    whole = changed["sea/swell.hpp"]
    template, behind = (
        HEADER[: HEADER.index("inline int other")],
        "template <>\ninline double swell",
    )
    assert whole.startswith(template + "\n" + behind), "before anything that may instantiate it"
    assert whole.count("sum{};  // fast") == 1
    assert whole.endswith("inline int other() { return 1; }\n}\n")


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        ("swell<double>", "of <T, Width>, not of <double>"),
        ("tide<int>", "no template of a function"),
    ],
)
def test_what_is_no_instance_is_refused(kernel: str, said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        cut(kernel)


def test_macros_of_the_build_come_first_where_they_are_used_and_are_not_the_trees_to_change() -> (
    None
):
    tree = {"a.cpp": "#include <vector>\nREAL first(const std::vector<REAL>& x) { return x[0]; }\n"}
    lines = flattened(tree, ["a.cpp"], macros=["#define REAL float", "#define UNUSED 1"])
    text = text_of(lines)
    assert text.startswith("#define REAL float\n#include <vector>\n")
    assert put_back(lines, "#include <cmath>\n" + text, tree, "a.cpp") == {
        "a.cpp": "#include <cmath>\n" + tree["a.cpp"]
    }
    with pytest.raises(CannotPutBack, match="of the build's flags"):
        put_back(lines, text.replace("REAL float", "REAL double"), tree, "a.cpp")


def test_folders_of_the_build_decide_which_header_is_meant() -> None:
    tree = {
        "new/shape.hpp": "int shape_new;\n",
        "old/shape.hpp": "int shape_old;\n",
        "a.cpp": '#include <shape.hpp>\n#include "shape.hpp"\n',
    }
    assert text_of(flattened(tree, ["a.cpp"], ["new", "old"])) == "int shape_new;\n"
