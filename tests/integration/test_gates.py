"""Candidates before the gates: each wrong one is rejected by the gate that should see it."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource, parse
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification.build import build
from parallel_agent.verification.gate import Examination, Submission, Verdict
from parallel_agent.verification.pipeline import all_gates, examine
from parallel_agent.verification.reference import Failure, Reference
from parallel_agent.verification.replay import Replay, ReplayError, run_again, write_replay

COMPILER = Compiler.find(flags=("-std=c++20", "-O2", "-fopenmp"))
THREADS = 2
ORIGINAL = """#include <vector>
double f(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        bins[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
"""
HEAD, _, REST = ORIGINAL.partition("    double sum")
CONTRACT = """kernel = "f"
[dimensions.n]
[parameters.n]
equals = "n"
[parameters.x]
length = "n"
values = { kind = "uniform", low = 0.0, high = 16.0 }
[parameters.y]
length = "n"
[parameters.bins]
length = "16"
"""


@pytest.fixture(scope="module")
def original() -> ParsedSource:
    return parse(ORIGINAL)


@pytest.fixture(scope="module")
def reference(original: ParsedSource, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    contract = Contract.from_toml(CONTRACT)
    signature = original.kernel.signature
    contract.check_against(signature)
    directory = tmp_path_factory.mktemp("original")
    binary = build(COMPILER, signature, ORIGINAL, directory, "optimized").binary
    assert binary is not None
    return Reference(
        signature=signature,
        contract=contract,
        binary=binary,
        limits=Limits(wall_seconds=60.0),
        seed=1,
        timing_sizes=({"n": 1000}, {"n": 50_000}, {"n": 200_000}),
    )


def verdict(
    candidate: str,
    original: ParsedSource,
    reference: Reference,
    directory: Path,
    *,
    without: str = "",
) -> Verdict:
    examination = Examination(
        kernel=original.kernel,
        source=candidate,
        reference=reference,
        compiler=COMPILER,
        directory=directory,
        threads=THREADS,
    )
    return examine(examination, [gate for gate in all_gates() if gate.name != without])


def first(statement: str) -> str:
    """The original with a statement before all others."""
    return f"{HEAD}    {statement}\n    double sum{REST}"


def instead(old: str, new: str) -> str:
    assert old in ORIGINAL
    return ORIGINAL.replace(old, new)


REJECTED = {
    "wrong on a few large inputs of a hundred": (
        instead(
            "return sum;",
            "if (x.size() > bins.size() * bins.size() && bins.size() * x[0] < x[1]) sum += n;\n"
            "    return sum;",
        ),
        "timing size",
        "(n=",
    ),
    "does not compile": (
        first("undeclared = 1;"),
        "compile",
        "was not declared",
    ),
    "crashes at size 0": (first("y[0] = x[0];"), "differential", "SIGSEGV (n=0"),
    "wrong at size 1": (first("if (n == 1) return 0;"), "differential", "(n=1,"),
    "drops the last of an odd number": (
        instead("i < n; ++i", "i < n / 2 * 2; ++i"),
        "differential",
        "(n=1,",
    ),
    "drops the last element": (instead("i < n", "i < n - 1"), "differential", "(n=1,"),
    "NaN everywhere": (
        instead("2 * x[i] + 1", '__builtin_nan("")'),
        "differential",
        "nan",
    ),
    "writes a read-only input": (
        "#include <cstring>\n"
        + first(
            "double* to; const double* from = x.data(); std::memcpy(&to, &from, sizeof to);"
            " if (n > 3) to[3] += 1e-12;"
        ),
        "differential",
        "read-only input changed: x[3]",
    ),
    "another answer with more threads": (
        "#include <omp.h>\n" + instead("return sum", "return sum + omp_get_max_threads() / 4"),
        "differential",
        "(n=0, seed [1, 0, 0], 4 threads)",
    ),
    "throws": (first("if (n == 5) throw 1;"), "differential", "the kernel threw"),
    "exits": (
        "#include <cstdlib>\n" + first("auto leave = &std::exit; if (n == 5) leave(0);"),
        "forbidden",
        "the function exit",
    ),
    "prints": (
        "#include <iostream>\n" + first('if (n == 5) std::cout << "five";'),
        "linkage",
        "calls what the original does not: _ZSt",
    ),
    "remembers in memory that nobody set": (
        "#include <cstdlib>\n"
        + instead(
            "double sum = 0", "double* m = (double*)std::malloc(999); double sum = m[99]"
        ).replace("return sum", "std::free(m); return sum"),
        "differential",
        "returned value: ",
    ),
    "reads out of bounds": (
        first("volatile double end = n > 0 ? x.data()[n] : 0; (void)end;"),
        "sanitizers",
        "heap-buffer-overflow",
    ),
    "overflows a signed integer": (
        instead("]++;", "]++; int top = 2147483640 + i; if (top == 5) bins[0] = 0;"),
        "sanitizers",
        "signed integer overflow",
    ),
    "wrong at large sizes only": (
        first("if (n == 50000) return 0;"),
        "sanitizers",
        "(n=50000",
    ),
    "reaches outside": (first('asm("nop");'), "forbidden", "inline assembler"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_wrong_candidates_are_rejected(
    case: str, original: ParsedSource, reference: Reference, tmp_path: Path
) -> None:
    candidate, gate, detail = REJECTED[case]
    found = verdict(candidate, original, reference, tmp_path)
    assert not found.accepted
    assert found.failed is not None
    assert (found.failed.name, detail in found.failed.detail) == (gate, True), found.failed
    assert found.gates[-1] == found.failed
    assert all(result.passed for result in found.gates[:-1])
    assert bool(found.diagnostics) == (gate == "compile")
    assert bool(found.failed.replay) == (gate not in ("forbidden", "compile", "linkage"))
    if gate == "differential":
        replay = Replay.load(tmp_path / found.failed.replay)
        replayed = run_again(replay, reference, tmp_path / found.binary)
        assert replayed.failure is not None
        assert str(replayed.failure) == found.failed.detail
        assert replayed.how == "alone in a process"


def test_what_shows_only_after_other_inputs_is_run_again_after_them(
    original: ParsedSource, reference: Reference, tmp_path: Path
) -> None:
    forgetful = first("static int calls = 0; if (++calls == 9) return 0;")
    found = verdict(forgetful, original, reference, tmp_path, without="forbidden")
    assert found.failed is not None
    replay = Replay.load(tmp_path / found.failed.replay)
    assert len(replay.before) == 8
    replayed = run_again(replay, reference, tmp_path / found.binary)
    assert replayed.how == "after the 8 inputs before it"
    assert str(replayed.failure) == found.failed.detail


def test_what_shows_only_in_a_batch_is_run_again_in_one(
    original: ParsedSource, reference: Reference, tmp_path: Path
) -> None:
    counting = first(
        "static int before, alike; alike = n == before ? alike + 1 : 0; before = n;"
        " if (alike == 5) return 0;"
    )
    found = verdict(counting, original, reference, tmp_path, without="forbidden")
    assert found.failed is not None
    assert found.failed.name == "history"
    assert "8 calls in a batch" in found.failed.detail
    replay = Replay.load(tmp_path / found.failed.replay)
    assert replay.case.calls == 8
    replayed = run_again(replay, reference, tmp_path / found.binary)
    assert str(replayed.failure) == found.failed.detail


def test_an_input_of_a_variant_is_drawn_again_from_it(
    original: ParsedSource, reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = '{ kind = "uniform", low = 3.0, high = 4.0 }'
    other = f'[[variants]]\n[variants.x]\nlength = "n"\nvalues = {values}\n'
    varied = replace(reference, contract=Contract.from_toml(CONTRACT + other))
    case = next(case for case in varied.check_cases() if case.variant == 1 and case.sizes["n"] > 4)
    failure = Failure("differs", "optimized", 2, varied.contract, case, (case,), b"")
    submission = Submission(
        kernel=original.kernel, source=ORIGINAL, compiler=COMPILER, directory=tmp_path
    )
    monkeypatch.setattr("parallel_agent.verification.replay.MAX_STORED_BYTES", 1)
    named = Replay.load(write_replay(submission, "differential", failure))
    assert named.case.inputs == named.before[0].inputs == ""
    assert run_again(named, varied, varied.binary).case == case


def test_inputs_that_are_too_large_to_keep_are_drawn_again(
    original: ParsedSource,
    reference: Reference,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = [*reference.timing_cases()][-1]
    failure = Failure("differs", "optimized", 2, reference.contract, case, (), b"")
    submission = Submission(
        kernel=original.kernel, source=ORIGINAL, compiler=COMPILER, directory=tmp_path
    )
    monkeypatch.setattr("parallel_agent.verification.replay.MAX_STORED_BYTES", len(case.payload))
    kept = Replay.load(write_replay(submission, "timing size", failure))
    assert kept.case.inputs
    assert run_again(kept, reference, reference.binary).case == case
    monkeypatch.setattr("parallel_agent.verification.replay.MAX_STORED_BYTES", 1000)
    named = Replay.load(write_replay(submission, "timing size", failure))
    assert named.case.inputs == ""
    assert run_again(named, reference, reference.binary).case == case
    other = replace(reference, contract=Contract.from_toml(CONTRACT.replace("16.0", "15.0")))
    with pytest.raises(ReplayError, match="cannot be drawn again"):
        run_again(named, other, reference.binary)


def test_a_racy_candidate_is_rejected(
    original: ParsedSource, reference: Reference, tmp_path: Path
) -> None:
    racy = instead("    for (", "    #pragma omp parallel for reduction(+ : sum)\n    for (")
    found = verdict(racy, original, reference, tmp_path)
    assert found.failed is not None
    assert found.failed.name in ("differential", "history", "sanitizers", "races", "timing size")


def test_a_candidate_that_never_answers_is_rejected(
    original: ParsedSource, reference: Reference, tmp_path: Path
) -> None:
    endless = first("for (volatile int i = 0; n == 7; i = i + 1) {}")
    impatient = replace(reference, limits=Limits(wall_seconds=2.0))
    found = verdict(endless, original, impatient, tmp_path)
    assert found.failed is not None
    assert found.failed.name == "differential"
    assert "no reply within 2 s (n=7" in found.failed.detail


CORRECT = {
    "parallel, with sums in another order": """#include <vector>
double f(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    double sum = 0;
    int* b = bins.data();
    #pragma omp parallel for reduction(+ : sum, b[:16])
    for (int i = 0; i < n; ++i) {
        y[i] = 2 * x[i] + 1;
        b[static_cast<int>(x[i])]++;
        sum += x[i] * y[i];
    }
    return sum;
}
""",
    "backwards and in two passes": """#include <vector>
double f(const std::vector<double>& x, std::vector<double>& y, std::vector<int>& bins, int n) {
    #pragma omp parallel for if (n > 300)
    for (int i = 0; i < n; ++i) y[i] = x[i] + x[i] + 1;
    double sum = 0;
    for (int i = n - 1; i >= 0; --i) {
        ++bins[static_cast<int>(x[i])];
        sum += x[i] * y[i];
    }
    return sum;
}
""",
}


@pytest.mark.parametrize("case", CORRECT)
def test_correct_candidates_are_accepted(
    case: str, original: ParsedSource, reference: Reference, tmp_path: Path
) -> None:
    found = verdict(CORRECT[case], original, reference, tmp_path)
    assert found.failed is None, found.failed
    assert found.accepted
    assert [gate.name for gate in found.gates] == [gate.name for gate in all_gates()]
    assert found.code_hash
    assert (tmp_path / found.binary).exists()


def test_what_cannot_be_checked_is_rejected(
    original: ParsedSource, reference: Reference, tmp_path: Path
) -> None:
    blind = replace(reference, binary=tmp_path / "missing")
    found = verdict(ORIGINAL, original, blind, tmp_path)
    assert found.failed is not None
    assert found.failed.name == "linkage"
    assert "could not be checked" in found.failed.detail


def test_inputs_of_timed_sizes_and_the_answers_to_them_are_kept(reference: Reference) -> None:
    cases = list(reference.timing_cases())
    assert [case.sizes for case in cases] == list(reference.timing_sizes)
    again = list(reference.timing_cases())
    assert all(one is other for one, other in zip(cases, again, strict=True))
    answers = [bytes(answer) for answer in reference.answers(cases)]
    gone = copy(reference)
    gone.binary = Path("/there/is/no/program")
    assert [bytes(answer) for answer in gone.answers(cases)] == answers
