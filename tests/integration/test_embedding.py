"""Our graph inside others: as a node of a parent workflow, and under a server's kind of context."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from parallel_agent import Context, RunFolder, build_graph, load_settings

ROOT = Path(__file__).parents[2]
SOURCE = """#include <cmath>
#include <cstddef>
#include <vector>
double total(std::vector<double> const& x) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i];
    return sum;
}
std::vector<double> smooth(std::vector<double> const& x) {
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        for (int k = 1; k <= 40; ++k) y[i] += std::sin(x[i] * k);
    return y;
}
int main() { return 0; }
"""


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"graphs_{name}", ROOT / "graphs" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where the types of a state are looked up
    spec.loader.exec_module(module)
    return module


embedding = load("embedding")


def outcome_with(status: str) -> dict[str, object]:
    at_size = {
        "sizes": {"n": 5000},
        "original_seconds": 2e-3,
        "candidate_seconds": 1e-3,
        "speedup": 2.0,
        "interval": (1.9, 2.1),
        "noise": 0.02,
    }
    return {
        **{name: "" for name in ("best_source", "diff", "run")},
        "status": status,
        "kernel": "smooth",
        "speedup": 2.0,
        "interval": (1.9, 2.1),
        "threads": 2,
        "noise_floor": 0.02,
        "sizes": (at_size,),
        "spent_usd": "0.00",
        "cap_usd": "0.00",
        "candidates": 1,
        "rejected": {},
        "not_faster": 0,
        "pruned": [],
        "proposer": "rules",
        "strategy": "parallel_loop",
        "reasons": [],
        "notes": [],
        "seconds": 1.0,
    }


def test_the_function_with_the_deepest_nest_is_picked() -> None:
    assert embedding.pick({"source": SOURCE}) == {"kernel": "smooth"}
    without = SOURCE.replace("for (int k", "if (int k").replace("k <= 40; ++k", "k <= 40")
    assert embedding.pick({"source": without}) == {"kernel": "total"}


def test_a_file_without_loops_is_refused() -> None:
    with pytest.raises(ValueError, match="no function with a loop"):
        embedding.pick({"source": "int one() { return 1; }\n"})


def test_the_message_says_what_was_gained() -> None:
    message = embedding.describe({"outcome": outcome_with("improved")})["message"]
    assert message.splitlines()[0] == "perf(smooth): 2.00 times as fast with 2 threads"
    assert "1.90 to 2.10" in message
    assert message.splitlines()[-1] == "- n=5000: 2 ms to 1 ms, 2.00 times"


def test_nothing_gained_is_nothing_to_commit() -> None:
    assert embedding.describe({"outcome": outcome_with("unchanged")}) == {"message": ""}


def test_the_server_finds_every_graph() -> None:
    listed = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))["graphs"]
    assert sorted(listed) == ["embedding", "optimize"]
    for place in listed.values():
        path, name = place.split(":")
        graph = getattr(load(Path(path).stem), name)
        assert {"source", "kernel"} <= set(graph.get_input_jsonschema()["properties"])


@pytest.mark.slow
def test_the_parent_gets_the_outcome_of_the_function_it_picked(tmp_path: Path) -> None:
    given = load_settings(out=tmp_path / "run", effort="quick", threads=2, size=("3000",))
    folder = RunFolder.create(given.out, "two")
    state = embedding.run(SOURCE, Context.open(given, folder))
    folder.unlock()
    assert state["outcome"]["kernel"] == state["kernel"] == "smooth"
    assert bool(state["message"]) == (state["outcome"]["status"] == "improved")
    assert folder.read("original.cpp") == SOURCE
    assert folder.exists("reproduce", "Makefile")


@pytest.mark.long
def test_a_mapping_as_context_gives_a_run_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sent: dict[str, object] = {"effort": "quick", "threads": 1, "size": ["2000"]}
    config: dict[str, object] = {"configurable": {"thread_id": "one"}}
    state = build_graph().invoke(
        {"source": SOURCE, "kernel": "total"},
        config,  # type: ignore[arg-type]
        context=sent,  # type: ignore[arg-type]
    )
    assert state["outcome"]["kernel"] == "total"
    folder = tmp_path / ".parallel-agent" / "runs" / "thread-one"
    assert json.loads((folder / "run.json").read_text())["threads"] == 1
    assert (folder / "best.cpp").is_file()
