import random
import re
import subprocess

import pytest

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import parse
from parallel_agent.training.data.drawing import draw
from parallel_agent.training.data.grammar.registry import FAMILIES, from_template
from parallel_agent.training.data.mutating import mutated, originals
from parallel_agent.training.data.mutations import bodies, forms

INCLUDE = re.compile(r"^#include .*$", re.MULTILINE)
BY_NAME = {original.name: original for original in originals()}


def test_the_same_number_draws_the_same_kernel_whatever_came_before():
    first = [draw(7, index) for index in range(4)]
    assert [draw(7, index) for index in (3, 1, 2, 0)] == [first[k] for k in (3, 1, 2, 0)]
    assert draw(8, 0) != first[0]


def test_every_template_follows_a_bundled_kernel():
    for family in FAMILIES.values():
        assert BY_NAME[family.follows].name == family.follows


def test_what_templates_draw_compiles(tmp_path):
    """All in one file, each in a namespace of its own."""
    drawn = [from_template(name, 0, random.Random(name)) for name in FAMILIES]
    includes = sorted({line for one in drawn for line in INCLUDE.findall(one.source)})
    spaces = [
        f"namespace kernel{number} {{\n{INCLUDE.sub('', one.source)}\n}}"
        for number, one in enumerate(drawn)
    ]
    (tmp_path / "all.cpp").write_text("\n".join([*includes, *spaces]))
    done = subprocess.run(
        ["g++", "-std=c++20", "-fsyntax-only", str(tmp_path / "all.cpp")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:2000]


@pytest.mark.parametrize("name", ["window", "joined", "product", "attraction", "triangles"])
def test_the_contract_of_a_template_fits_its_kernel(name):
    one = from_template(name, 0, random.Random(3))
    contract = Contract.from_toml(one.contract)
    contract.check_against(parse(one.source, name=one.name).kernel.signature)


@pytest.mark.parametrize("name", ["star_accelerations", "codon_usage"])
def test_a_mutation_renames_kernel_and_contract_alike(name):
    one = mutated(BY_NAME[name], 0, random.Random(5))
    contract = Contract.from_toml(one.contract)
    parsed = parse(one.source, name=one.name)
    contract.check_against(parsed.kernel.signature)
    assert contract.kernel == one.name
    before = parse(BY_NAME[name].source)
    assert one.family == name
    assert one.name != before.kernel.name
    assert not {p.name for p in before.kernel.signature.parameters} & set(contract.parameters)


LOOPS = """#include <cmath>
#include <vector>

void blend(std::vector<double> const& a, std::vector<double>& b, int rows, int cols) {
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < cols; ++j) {
            if (a[i * cols + j] < 2.5) {
                b[i * cols + j] = a[i * cols + j] + std::sin(0.5 * b[i * cols + j]);
            }
        }
    }
    for (double value : a) {
        b[0] += value;
    }
}
"""


@pytest.mark.parametrize(
    ("mutation", "expected"),
    [
        (forms.interchange, r"for \(int j = 0; j < cols; \+\+j\) \{\s+for \(int i = 0; i < rows"),
        (forms.precision, r"std::vector<float> const& a.*2\.5f.*0\.5f.*for \(float value"),
        (forms.index_loops, r"k < a\.size\(\); \+\+k\) \{\s+double value = a\[k\];"),
        (forms.while_loops, r"while \("),
        (forms.increments, r"i\+\+|i \+= 1"),
        (forms.references, r"const std::vector<double>& a"),
        (forms.parameter_order, r"blend\((?!std::vector<double> const& a, std::vector<double>& b, int rows, int cols)"),
        (bodies.constants, r"(?!.*2\.5\).*0\.5 \*)"),
        (bodies.comparisons, r"cols \+ j\] (>|<=|>=) 2\.5"),
        (bodies.arithmetic, r"cols \+ j\] - std::sin"),
        (bodies.functions, r"std::cos"),
        (bodies.compositions, r"(?:= (?:std::\w+\(|\(|\d))|(?:\+= (?:std::|\(|\d))"),
    ],
)  # fmt: skip
def test_each_mutation_does_what_it_says_and_can_be_parsed(mutation, expected):
    found = mutation(parse(LOOPS), random.Random(1))
    assert found is not None
    text, said = found
    assert said
    assert text != LOOPS
    assert re.search(expected, text, re.DOTALL), text
    parse(text, name="blend")


def test_an_inner_loop_that_needs_the_outer_counter_is_not_moved():
    triangle = LOOPS.replace("int j = 0", "int j = i")
    assert forms.interchange(parse(triangle), random.Random(1)) is None
