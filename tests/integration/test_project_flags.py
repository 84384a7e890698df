"""Kernels that only compile as their project compiles them, and those that it alone can run."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from parallel_agent import project_spec
from parallel_agent.agent.intake import take_in
from parallel_agent.agent.project.cutting import cut_out
from parallel_agent.agent.project.opening import project_files
from parallel_agent.cli import run
from parallel_agent.settings import load_settings
from parallel_agent.toolchain.compiler import Compiler
from project_examples import recorded

HEADER = """#ifndef KELP_HPP
#define KELP_HPP
#include <cstddef>
#include <vector>
#include "made.hpp"
#ifndef REAL
#error the project says what REAL is
#endif
namespace kelp {
template <typename T>
T thickest(const std::vector<T>& stems) {
    T most = GENERATED;
    for (std::size_t i = 0; i < stems.size(); ++i) {
        if (stems[i] > most) most = stems[i];
    }
    return most;
}
static inline void grow(std::vector<REAL>& stems, REAL light) {
    for (std::size_t i = 0; i < stems.size(); ++i) stems[i] += light * stems[i];
}
class Forest {
  public:
    explicit Forest(std::size_t count) : stems_(count, 1) {}
    double mass(double water) const {
        double sum = 0;
        for (std::size_t i = 0; i < stems_.size(); ++i) {
            for (std::size_t j = 0; j < stems_.size(); ++j) sum += i == j ? stems_[i] * water : 0;
        }
        return sum;
    }
  private:
    std::vector<REAL> stems_;
};
}
#endif
"""
MAIN = """#include "kelp.hpp"
#include <cstdio>
int main() {
    std::vector<REAL> stems(1000, REAL(1));
    kelp::grow(stems, REAL(0.5));
    const kelp::Forest forest(10000);
    const double mass = forest.mass(0.5);
    std::printf("%.0f %.0f\\n", double(kelp::thickest(stems) * 2), mass);
    return mass == 5e3 ? 0 : 1;
}
"""
BUILD = """
mkdir -p made && echo '#define GENERATED 0' > made/made.hpp
g++ -std=c++17 -O1 -DREAL=float -Iinclude -Imade -fopenmp src/main.cpp -o kelp
echo "[{\\"directory\\": \\"$PWD\\", \\"file\\": \\"src/main.cpp\\", \\"command\\":
 \\"g++ -std=c++17 -O1 -DREAL=float -Iinclude -Imade -fopenmp -c src/main.cpp\\"}]" > compile_commands.json
"""
FASTER = """        const auto count = static_cast<double>(stems_.size());
        return count == 0 ? 0.0 : count * (stems_[0] * water);
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, text in (("include/kelp.hpp", HEADER), ("src/main.cpp", MAIN), ("build.sh", BUILD)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return [
        "optimize", "include/kelp.hpp", "--build", "sh -e build.sh", "--test", "./kelp",
        "--bench", "./kelp", "--threads", "2", "--effort", "quick", "--json", "--quiet",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kernel", "head"),
    [
        ("grow", "static inline void grow(std::vector<REAL>& stems, REAL light)"),
        ("thickest<float>", "inline float thickest<float>(const std::vector<float>& stems)"),
    ],
)
def test_the_cut_function_compiles_with_the_builds_flags_and_headers(
    project: list[str], tmp_path: Path, kernel: str, head: str
) -> None:
    spec = project_spec(project[1], build=project[3], test="true", bench="true", root=tmp_path)
    tree = tmp_path / "copy"
    shutil.copytree(tmp_path, tree)
    subprocess.run(["sh", "-e", "build.sh"], cwd=tree, check=True)
    cut = cut_out(spec, project_files(spec), tree, load_settings(kernel=kernel))
    assert cut.why == ""
    assert head in cut.source
    assert cut.source.startswith("#define REAL float\n")
    assert "#define GENERATED 0" in cut.source
    assert "class Forest" in cut.source
    assert cut.given.cxxflags == ("-std=c++17", "-O1", "-DREAL=float", "-fopenmp")
    parsed = take_in(cut.source, cut.kernel, Compiler.find(cut.given.cxx, cut.given.cxxflags))
    assert parsed.kernel.signature.parameters[0].type.spelling == "std::vector<float>"
    assert list(cut.origins) == ["include/kelp.hpp"], "what the build made is not ours to change"


@pytest.mark.long
@pytest.mark.parametrize("kernel", ["grow", "thickest<float>"])
def test_an_estimate_reads_the_function_as_the_build_does(
    project: list[str], kernel: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = f"replay:{recorded(tmp_path / 'a.jsonl', 'none')}"
    line = [*project, "--kernel", kernel, "--estimate", "--budget", "1"]
    assert run([*line, "--model", model, "--price", "1,2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["models"][0]["answers"] > 0
    assert told["prompt_bytes"] > len(HEADER) // 2


def test_a_method_is_refused_in_two_lines_that_say_what_can_be_done(
    project: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*project, "--kernel", "kelp::Forest::mass", "--estimate"]) == 2
    error, advice = capsys.readouterr().err.splitlines()[-2:]
    assert "kelp::Forest::mass cannot be checked by itself: it is a method" in error
    assert "--trust-test" in advice


def test_a_template_without_arguments_is_asked_for_them(
    project: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*project, "--kernel", "thickest", "--estimate"]) == 2
    assert "as in --kernel 'thickest<T>'" in capsys.readouterr().err


@pytest.mark.long
def test_a_method_is_judged_by_the_users_test_where_that_may_decide(
    project: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HEADER.replace('#include "made.hpp"\n', "#define GENERATED 0\n")
    grow = text.index("static inline void grow")
    text = text[:grow] + text[text.index("class Forest") :]  # the method does not need it
    start, end = text.index("        double sum = 0;"), text.index("    }\n  private")
    faster = "#define REAL float\n" + text[:start] + FASTER + text[end:]
    wrong = faster.replace("count * (", "(")
    model = recorded(tmp_path / "b.jsonl", wrong, faster)
    line = [
        *project, "--kernel", "mass", "--trust-test", "--out", "run", "--model", f"replay:{model}",
        "--price", "free", "--answers", "2", "--branches", "1",
    ]  # fmt: skip
    assert run(line) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["project"]["checked_by"] == "test only"
    assert outcome["rejected"] == {"project_test": 1}
    assert outcome["status"] == "improved"
    assert Path(outcome["diff"]).read_text().count("+++ b/include/kelp.hpp") == 1
