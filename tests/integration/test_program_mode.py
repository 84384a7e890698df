"""Whole programs before the gates: output, exit status, files, sanitizers, races, timing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.program import ProgramJudge, has_main
from parallel_agent.agent.program_replaying import replay_program
from parallel_agent.cli import run
from parallel_agent.kernel.source import SourceError
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.settings import load_settings
from parallel_agent.toolchain.program import ProgramCase
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector
from parallel_agent.verification.program.inputs import given_cases

GIVEN = load_settings(threads=2, effort="quick", cxxflags="-std=c++20 -O2 -fopenmp")
ORIGINAL = """#include <cstdio>
#include <cstdlib>
#include <vector>

double total(const std::vector<double>& x) {
    double sum = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * 0.1;
    return sum;
}

int main(int argc, char** argv) {
    const int scale = argc > 1 ? std::atoi(argv[1]) : 1;
    int n = 0;
    if (std::scanf("%d", &n) != 1 || n < 0) return 3;
    std::vector<double> x(n);
    for (double& value : x) {
        if (std::scanf("%lf", &value) != 1) return 4;
    }
    const double sum = scale * total(x);
    std::printf("%d values, total = %.12g\\n", n, sum);
    if (std::FILE* log = std::fopen("log.txt", "w")) {
        std::fprintf(log, "%d\\n", n);
        std::fclose(log);
    }
    return n == 2 ? 7 : 0;
}
"""
LOOP = "    for (std::size_t i = 0; i < x.size(); ++i) sum"
PRINT = '    std::printf("%d values'
INPUTS = {
    "no values": "0\n",
    "two values": "2\n1.5 2.5\n",
    "many values": "500\n" + "\n".join(str(i * 0.7) for i in range(500)),
}
CASES = [ProgramCase(("3",), text.encode(), name) for name, text in INPUTS.items()]

needs_detector = pytest.mark.skipif(
    RaceDetector.find() is None, reason=f"no race detector; {INSTALL}"
)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> ProgramJudge:
    return ProgramJudge(ORIGINAL, CASES, GIVEN, tmp_path_factory.mktemp("judge"))


def instead(old: str, new: str) -> str:
    assert old in ORIGINAL
    return ORIGINAL.replace(old, new)


PARALLEL = instead(LOOP, f"#pragma omp parallel for reduction(+ : sum)\n{LOOP}")
RACY = instead(
    LOOP,
    "    int last = 0;\n#pragma omp parallel for reduction(+ : sum)\n"
    "    for (std::size_t i = 0; i < x.size(); ++i) last = 1, sum",
)
REJECTED = {
    "does not compile": (instead("return sum;", "return son;"), "compile", "line 8: "),
    "wrong on one input": (
        instead("    return sum;", "    return x.size() == 500 ? sum + 1e-3 : sum;"),
        "differential",
        "(arguments 3, input many values, 1 threads)",
    ),
    "another exit status": (instead("? 7 : 0", "? 0 : 0"), "differential", "exit status 7 expected"),
    "prints one line more": (
        instead(PRINT, f'    std::puts("ready");\n{PRINT}'),
        "differential",
        "line 1: '0' expected, 'ready' printed",
    ),
    "leaves no file": (instead("if (std::FILE", "if (n < 0) if (std::FILE"), "differential", "log.txt"),
    "another text in the file": (instead("n);\n        std::fclose", "n + 1);\n        std::fclose"), "differential", "file log"),
    "crashes": (instead("int n = 0;", "int n = *(volatile int*)8;"), "differential", "SIGSEGV"),
    "depends on the number of threads": (
        "#include <omp.h>\n" + instead("scale * total(x)", "scale * total(x) + omp_get_max_threads()"),
        "differential",
        "(arguments 3, input no values, 1 threads)",
    ),
    "reads out of bounds": (
        instead("    return sum;", "    volatile double end = x.empty() ? 0.0 : x.data()[x.size()];\n    (void)end;\n    return sum;"),
        "sanitizers",
        "heap-buffer-overflow",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REJECTED)
def test_wrong_candidates_are_rejected(case: str, judge: ProgramJudge) -> None:
    candidate, gate, detail = REJECTED[case]
    verdict = judge.verdict(candidate, case.replace(" ", "_"))
    assert verdict.failed is not None
    assert (verdict.failed.name, detail in verdict.failed.detail) == (gate, True), verdict.failed
    assert not verdict.accepted
    assert bool(verdict.diagnostics) == (gate == "compile")


@needs_detector
def test_a_race_in_the_whole_program_is_found_with_its_line(judge: ProgramJudge) -> None:
    verdict = judge.verdict(RACY, "racy")
    assert verdict.failed is not None
    assert verdict.failed.name == "races"
    assert re.search(r"a data race at lines? (\d+, )*8\b", verdict.failed.detail)


def test_a_correct_candidate_is_accepted_and_timed(judge: ProgramJudge) -> None:
    verdict = judge.verdict(PARALLEL, "parallel")
    assert verdict.failed is None, verdict.failed
    assert [gate.name for gate in verdict.gates] == [
        "compile", "differential", "sanitizers", "races", "repetition",
    ]  # fmt: skip
    assert verdict.code_hash
    timing = judge.timing("parallel")
    assert [case.case for case in timing.cases] == [str(case) for case in CASES]
    assert timing.interval.low <= timing.interval.ratio <= timing.interval.high
    assert all(case.original_seconds > 0 and case.noise > 0 for case in timing.cases)
    assert timing.startup_seconds > 0


def test_a_result_that_differs_while_it_is_timed_is_told(judge: ProgramJudge) -> None:
    late = instead("scale * total(x)", "scale * total(x) + 1")
    assert not judge.verdict(late, "late").accepted
    with pytest.raises(MismatchError, match="line 1"):
        judge.timing("late")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "original.cpp").write_text(ORIGINAL)
    (tmp_path / "parallel.cpp").write_text(PARALLEL)
    (tmp_path / "wrong.cpp").write_text(instead("sum;\n}", "sum + (x.size() == 5);\n}"))
    (tmp_path / "two.txt").write_text(INPUTS["two values"])
    return tmp_path


def verify(files: Path, candidate: str, *flags: str | Path) -> int:
    command = ["verify", files / "original.cpp", files / candidate, "--threads", "2", "--json"]
    return run([str(word) for word in (*command, "--out", files / "run", *flags)])


def test_the_verify_command_takes_programs(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--args", "3", "--input", files / "two.txt", "--time")
    assert verify(files, "parallel.cpp", *flags) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["accepted"]
    assert said["cases"] == [f"arguments 3, input {files / 'two.txt'}"]
    assert Path(said["inputs"][0]).read_text() == INPUTS["two values"]
    assert said["timing"]["startup_seconds"] > 0
    assert said["gates"][-1]["name"] == "timing"
    assert "the start of a process" in said["notes"][-1]
    assert json.loads((files / "run" / "verdict.json").read_text()) == said
    assert not (files / "run" / "build").exists()


def test_the_verify_command_rejects_programs_on_generated_inputs(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(files, "wrong.cpp") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["gates"][-1]["name"] == "differential"
    assert "printed (input generated, size 5, seed 0, 1 threads)" in said["gates"][-1]["detail"]
    assert said["timing"] is None
    assert all(Path(path).read_text() for path in said["inputs"])


def test_a_run_that_condemned_a_program_is_run_again(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "five.txt").write_text("5\n1 2 3 4 5\n")
    assert verify(files, "wrong.cpp", "--args", "3", "--input", files / "five.txt") == 1
    replay = json.loads(capsys.readouterr().out)["gates"][-1]["replay"]
    assert replay == str(files / "run" / "replay.json")

    assert verify(files, "wrong.cpp", "--replay", replay) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["inputs"] == {"arguments": "3", "standard input": "5\n1 2 3 4 5"}
    assert said["expected"]["standard output"] == "5 values, total = 4.5"
    assert said["got"]["standard output"] == "5 values, total = 7.5"
    assert said["difference"] == said["recorded"] == "line 1: '4.5' expected, '7.5' printed"
    assert said["how"] == "once"

    assert verify(files, "parallel.cpp", "--replay", replay) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["accepted"], said["how"], said["got"]) == (True, "20 times", {})

    damaged = json.loads(Path(replay).read_text()) | {"input": "?"}
    Path(replay).write_text(json.dumps(damaged))
    assert verify(files, "wrong.cpp", "--replay", replay) == 2
    assert "the inputs are damaged" in capsys.readouterr().err


@needs_detector
def test_a_race_in_a_program_is_looked_for_again(judge: ProgramJudge, tmp_path: Path) -> None:
    (tmp_path / "original.cpp").write_text(ORIGINAL)
    (tmp_path / "racy.cpp").write_text(RACY)
    folder = "racy: spaces and a colon"  # not every option of a sanitizer can hold them
    verdict = judge.verdict(RACY, folder)
    assert verdict.failed is not None
    file = judge.directory / folder / verdict.failed.replay
    told = replay_program(tmp_path / "original.cpp", tmp_path / "racy.cpp", file, given=GIVEN)
    assert (told.accepted, told.gate, told.purpose) == (False, "races", "races")
    assert "a data race at line" in told.difference


def test_what_is_for_programs_is_refused_for_kernels(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(files, "parallel.cpp", "--kernel", "total", "--args", "3") == 2
    assert "originals with a main" in capsys.readouterr().err


def test_a_program_that_reads_nothing_is_just_run(tmp_path: Path) -> None:
    silent = '#include <cstdio>\nint main(int argc, char**) { std::printf("%d\\n", argc); }\n'
    judge = ProgramJudge(silent, given_cases("a 'b c'", []), GIVEN, tmp_path)
    assert judge.cases == [ProgramCase(("a", "b c"))]


BAD_ORIGINALS = {
    "does not compile": ("int main() { return x; }", BuildError, "line 1"),
    "needs another input": (
        '#include <cstdio>\nint main() { char word[9]; return std::scanf("%8[a-z]", word) != 1; }',
        SourceError,
        "reads its standard input",
    ),
    "is stopped by a sanitizer": (
        "int main(int argc, char** argv) { volatile int top = 2147483647; return top + argc > 0; }",
        SourceError,
        "signed integer overflow",
    ),
    "does not do the same twice": (
        '#include <chrono>\n#include <cstdio>\nint main() { std::printf("%lld\\n", (long long)'
        "std::chrono::steady_clock::now().time_since_epoch().count()); }",
        SourceError,
        "does not do the same twice: line 1",
    ),
}


@pytest.mark.parametrize("case", BAD_ORIGINALS)
def test_an_original_that_is_no_reference_is_told(case: str, tmp_path: Path) -> None:
    source, error, said = BAD_ORIGINALS[case]
    with pytest.raises(error, match=said):
        ProgramJudge(source, [ProgramCase()], GIVEN, tmp_path)


def test_programs_are_told_from_kernels() -> None:
    assert has_main(ORIGINAL)
    assert has_main("auto main() -> int { return 0; }")
    assert not has_main("#include <cstdlib>\nint f(int main) { return main; }")
    assert not has_main("struct A { int main() { return 1; } };\nint main();")
    assert not has_main("// int main() {}\n")
