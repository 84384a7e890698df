"""Folders of runs and suites as runs leave them, for tests of the report: nothing is compiled or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from parallel_agent.agent.events import Event
from parallel_agent.agent.outcome import (
    Answer,
    ChainStep,
    Outcome,
    OutcomeAtSize,
    RunBill,
    Spending,
)
from parallel_agent.agent.profiling import Profile, ProfileAtSize
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.agent.subject import OriginalAtSize, Study
from parallel_agent.measurement.scaling import AtThreads, Scaling
from parallel_agent.measurement.statistics import Interval
from parallel_agent.measurement.timing import PairedSamples
from parallel_agent.suites.result import CurvePoint, SuiteResult
from parallel_agent.suites.score import KernelResult
from parallel_agent.suites.stored import write_result
from parallel_agent.toolchain.machine import Cache, Machine
from parallel_agent.verification.gate import GateResult, Verdict

ORIGINAL = """#include <vector>

void damp(std::vector<double>& level, double by) {
    for (std::size_t i = 0; i < level.size(); ++i) {
        level[i] *= by;
    }
}
"""
BEST = ORIGINAL.replace("    for", "    #pragma omp parallel for\n    for")
CONTRACT = """kernel = "damp"

[dimensions]
n = {}

[parameters]
level = {length = "n", values = {kind = "uniform", low = -1.0, high = 1.0}}
by = {values = {kind = "uniform", low = 0.0, high = 1.0}}
"""
GATES = ("forbidden", "signature", "compile", "differential", "sanitizers", "races", "repetition")
_BEGAN = 1_700_000_000.0


def at_size(n: int, original: float, best: float) -> OutcomeAtSize:
    ratio = original / best
    return OutcomeAtSize(
        sizes={"n": n},
        original_seconds=original,
        candidate_seconds=best,
        speedup=ratio,
        interval=(0.97 * ratio, 1.02 * ratio),
        noise=0.02,
        bound_seconds=original / 6,
    )


def outcome(root: Path, **changes: Any) -> Outcome:
    plain = Outcome(
        status="improved",
        kernel="damp",
        speedup=1.6,
        interval=(1.55, 1.63),
        threads=2,
        noise_floor=0.02,
        sizes=(at_size(1000, 2e-6, 1.5e-6), at_size(4_000_000, 4e-3, 2.1e-3)),
        spent_usd="0.00",
        cap_usd="0.00",
        candidates=2,
        rejected={"differential": 1},
        not_faster=0,
        pruned=[{"branch": "simd_loop-plain", "why": "the search has no time left"}],
        best_source=str(root / "best.cpp"),
        diff=str(root / "best.diff"),
        run=str(root),
        proposer="rules",
        strategy="parallel_loop static",
        chain=(ChainStep(name="parallel_loop static", speedup=1.2),),
        reasons=["each iteration writes its own element"],
        notes=["the machine was busy: others used 30% of it before the timing"],
        seconds=12.0,
    )
    return plain.model_copy(update=changes)


def paid(root: Path) -> Outcome:
    """The outcome of a run that a model took part in."""
    spending = Spending(
        name="openai:some-model", requests=2, spent_usd="0.0031", forfeited_usd="0.00",
        input_tokens=2000, output_tokens=700,
    )  # fmt: skip
    answers = (
        Answer(branch="reduction-1", step=1, model="openai:some-model", candidate="bad",
               result="rejected by the gate 'differential'", cost_usd="0.0011"),
        Answer(branch="reduction-1", step=2, model="openai:some-model", candidate="good",
               result="1.60 times as fast", cost_usd="0.0020"),
    )  # fmt: skip
    bill = RunBill(models=(spending,), nodes=(), branches=())
    return outcome(root, spent_usd="0.0031", cap_usd="0.05", bill=bill, answers=answers)


def write_run(
    root: Path,
    end: Outcome | None,
    *,
    critique: str = "stop: it passed every gate",
    with_model: bool = False,
) -> Path:
    """The folder of a run with a candidate that was handed back and one that was rejected.

    Without an ``end`` it stopped before it was confirmed.
    """
    folder = RunFolder(root)
    root.mkdir(parents=True, exist_ok=True)
    settings = {"threads": 2, "seed": 7, "effort": "normal", "model": ["rules"], "budget": "0",
                "cxx": "g++", "cxxflags": ["-std=c++20", "-O3", "-fopenmp"], "size": []}  # fmt: skip
    folder.write_json(settings, "run.json")
    folder.write_json({"python": "3.12.1", "parallel-agent": "0.1.0"}, "versions.json")
    folder.write(ORIGINAL, "original.cpp")
    folder.write(CONTRACT, "contract.toml")
    folder.write(_study().model_dump_json(), "original", "study.json")
    _write_candidate(folder, "good", BEST, "")
    _write_candidate(folder, "bad", ORIGINAL.replace("*=", "+="), "differential")
    if end is not None:
        confirmation = _profile()
        folder.write(confirmation.model_dump_json(), "candidates", "good", "confirmation.json")
        folder.write(_scaling().model_dump_json(), "candidates", "good", "scaling.json")
        folder.write(BEST if end.status == "improved" else ORIGINAL, "best.cpp")
        folder.write(end.model_dump_json(), "outcome.json")
    for event in _events(critique, with_model=with_model):
        folder.log(event)
    return root


def write_suite(root: Path, kernels: int, runs: int = 3) -> Path:
    """The folder of a suite of so many kernels; the first ``runs`` have the folder of their run."""
    root.mkdir(parents=True)
    rows = []
    for number in range(kernels):
        name, speedup = f"kernel_{number:02d}", 1.0 + number / 4
        if number < runs:
            run = root / "kernels" / name
            write_run(run, outcome(run, speedup=speedup))
        rows.append(
            KernelResult(
                name=name, category=f"group_{number % 5}", built=True, correct=True,
                status="improved" if number else "unchanged", speedup=speedup,
                interval=(0.97 * speedup, 1.03 * speedup), seconds=12.0, proposer="rules",
                strategy="parallel_loop static", candidates=2, rejected={"differential": 1},
                reason="" if number else "nothing applies; " * 200,
            )
        )  # fmt: skip
    points = tuple(CurvePoint(spent_usd=0.01 * step, score=1.0 + step / 10) for step in range(20))
    result = SuiteResult(
        suite="samples", kernels=tuple(rows), built=kernels, correct=kernels, geomean=2.9,
        spent_usd="0.19", cap_usd="0.20", threads=2, run=str(root), seconds=720.0, curve=points,
    )  # fmt: skip
    write_result(RunFolder(root), result)
    return root


def _write_candidate(folder: RunFolder, name: str, source: str, failed: str) -> None:
    record = {
        "id": name, "branch": "reduction-1", "step": 1, "strategy": "parallel_loop",
        "variant": "static", "proposer": "rules", "parent": "original", "options": {},
        "reasons_for": [], "reasons_against": [], "accepted": not failed, "failed_gate": failed,
        "detail": "level[3]: 0.5 expected, 0.7 returned" if failed else "",
        "better": not failed, "promising": not failed, "speedup": 1.7, "cost": 0,
    }  # fmt: skip
    folder.write_json(record, "candidates", name, "record.json")
    folder.write(source, "candidates", name, "candidate.cpp")
    gates = GATES[: GATES.index(failed) + 1] if failed else GATES
    verdict = Verdict(
        accepted=not failed,
        gates=tuple(
            GateResult(
                name=gate, passed=gate != failed, seconds=0.1, detail="28 inputs at 1, 2, 4 threads",
                replay="replay.json" if gate == failed else "",
            )
            for gate in gates
        ),
    )  # fmt: skip
    folder.write(verdict.model_dump_json(), "candidates", name, "verdict.json")


def _events(critique: str, *, with_model: bool) -> list[Event]:
    told: list[dict[str, Any]] = [
        {"kind": "contract", "message": "contract inferred", "data": {"contract": {}, "evidence": {
            "sizes": [{"n": 0}, {"n": 1}], "runs": 38, "trials": 500, "choices": [],
            "coverage": {"branches": 2, "reached_branches": 2, "lines": 3, "reached_lines": 3}}}},
    ]  # fmt: skip
    for step, name in enumerate(("bad", "good"), start=1):
        if with_model:
            told.append({"kind": "call", "branch": "reduction-1", "message": "answered", "data": {
                "amount_usd": "0.0011" if name == "bad" else "0.0020", "from_journal": False}})  # fmt: skip
        record = {"step": step, "parent": "original", "proposer": "rules", "reasons_for": ["a way"]}
        told += [
            {"kind": "candidate", "branch": "reduction-1", "candidate": name, "data": {"record": record}},
            {"kind": "gate", "branch": "reduction-1", "candidate": name,
             "data": {"name": "differential", "passed": name == "good", "detail": "level[3] differs"}},
        ]  # fmt: skip
    told += [
        {"kind": "profile", "branch": "reduction-1", "candidate": "good",
         "data": {"speedup": 1.7, "interval": [1.6, 1.8], "better": True}},
        {"kind": "critique", "branch": "reduction-1", "candidate": "good", "message": critique},
    ]  # fmt: skip
    return [Event(at=_BEGAN + second, **fields) for second, fields in enumerate(told)]


def _study() -> Study:
    machine = Machine(
        cpu="A processor", logical_cores=2, physical_cores=2, memory_bytes=8 << 30,
        caches=(Cache(level=1, kind="Data", bytes=32 << 10),), kernel="Linux", compiler="g++ 14.2",
    )  # fmt: skip
    sizes = tuple(
        OriginalAtSize(sizes={"n": n}, seconds=n * 1e-9, bytes=8 * n, instances=1, noise=0.02)
        for n in (1000, 4_000_000)
    )
    return Study(kernel="damp", sizes=sizes, threads=2, machine=machine, busy=0.3)


def _profile() -> Profile:
    samples = PairedSamples(
        instances=1, original=(2.0, 2.1, 2.0), candidate=(1.0, 1.1, 1.0), original_child=(),
        candidate_child=(), interval=Interval(ratio=1.9, low=1.8, high=2.0), stopped="precise",
    )  # fmt: skip
    size = ProfileAtSize(
        sizes={"n": 1000}, original_seconds=2.0, candidate_seconds=1.0, speedup=1.9,
        interval=(1.8, 2.0), noise=0.02, samples=samples,
    )  # fmt: skip
    return Profile(sizes=(size,), speedup=1.9, interval=(1.8, 2.0), threads=2, complete=True)


def _scaling() -> Scaling:
    return Scaling(
        sizes={"n": 4_000_000},
        points=(
            point(1, 1.0, 0.99, 1.01),
            point(2, 1.8, 1.78, 1.82),
        ),
    )


def point(threads: int, speedup: float, low: float, high: float, one: float = 1.0) -> AtThreads:
    """A program that is so fast with so many threads, and ``one`` times as fast with one."""
    return AtThreads(
        threads=threads, seconds=1.0 / speedup, speedup=speedup, interval=(low, high),
        relative=speedup / one, relative_interval=(low / one, high / one),
    )  # fmt: skip
