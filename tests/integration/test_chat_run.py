"""Runs in which a chat model writes, over HTTP and with a bill; the provider has an invoice of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from chat_provider.answers import Script
from chat_provider.billing import Rates
from chat_provider.running import Running, running
from running_sums import BROKEN, GOOD, HEAD, KERNEL

WRONG = GOOD.replace("sums[i] = sum;", "sums[i] = sum - (i == 40);")
RACY = f"""{HEAD}    sums.assign(x.size(), 0);
    #pragma omp parallel for
    for (std::size_t i = 0; i < x.size(); ++i) {{
        for (std::size_t j = i; j < x.size(); ++j) {{
            sums[j] += x[i];
        }}
    }}
}}
"""
SLOW_WHEN_SMALL = GOOD.replace(
    "    sums.resize",
    """    long long wasted = 0;
    for (int again = 0; x.size() < 100 && again < 40; ++again) {
        for (std::size_t i = 0; i < x.size() * x.size(); ++i) wasted ^= x[i % x.size()] + again;
    }
    if (wasted == 1) sums.clear();
    sums.resize""",
)
KEY = "sk-planted-5e3c0a9d1f7b4e62"
RATES = Rates.parse("0.3,1.2")


def fenced(source: str) -> dict[str, Any]:
    return {"text": f"One pass.\n\n```cpp\n{source}```\n"}


def lines_of(*sources: str) -> list[dict[str, Any]]:
    return [fenced(source) for source in sources]


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    path = tmp_path / "running_sums.cpp"
    path.write_text(KERNEL, encoding="utf-8")
    return path


@pytest.fixture
def provider(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    script: Sequence[Mapping[str, Any]] = request.param
    with running(
        tmp_path / "billing.jsonl", Script(script), RATES, keys={KEY: "planted"}
    ) as provider:
        yield provider


def run(command: list[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PARALLEL_AGENT_API_KEY": KEY},
    )


def optimize(
    command: list[str], kernel: Path, folder: Path, provider: Running, *more: object
) -> subprocess.CompletedProcess[str]:
    sizes = ("--size", "64", "--size", "3000", "--effort", "quick", "--threads", 2, "--json")
    model = ("--model", f"{provider.url}#small", "--price", "0.3,1.2")
    return run(command, "optimize", kernel, "--out", folder, *sizes, *model, *more)


def events(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def invoiced(provider: Running) -> int:
    provider.wait_until_idle()
    return sum(line.amount for line in provider.invoice())


def nano(usd: str) -> int:
    from parallel_agent.budget.money import usd_to_nano

    return usd_to_nano(usd)


@pytest.mark.parametrize(
    "provider", [lines_of(BROKEN, WRONG, SLOW_WHEN_SMALL, RACY)], indirect=True
)
def test_a_model_is_repaired_until_it_is_right_and_every_answer_has_its_price(
    provider: Running, command: list[str], kernel: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"

    done = optimize(command, kernel, folder, provider, "--policy", "sequential", "--budget", "0.25")

    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["status"] == "improved"
    assert outcome["proposer"] == f"{provider.url}#small"
    assert outcome["speedup"] > 3.0
    results = [answer["result"] for answer in outcome["answers"]]
    assert results[0] == "rejected by the gate 'compile'"
    assert results[1] == "rejected by the gate 'differential'"
    assert results[2].endswith("times as fast")
    decisions = [e["data"]["decision"] for e in events(folder) if e["kind"] == "critique"]
    assert decisions.count("repair") >= 2
    assert "refine" in decisions, "what the last step paid for is guarded, which costs nothing"
    assert "x.size() >= " in Path(outcome["best_source"]).read_text(encoding="utf-8")
    costs = [nano(answer["cost_usd"]) for answer in outcome["answers"]]
    assert all(costs)
    (model,) = outcome["bill"]["models"]
    assert nano(model["spent_usd"]) == nano(outcome["spent_usd"]) >= sum(costs)
    assert invoiced(provider) <= nano(outcome["spent_usd"]) < nano("0.25")
    _nothing_holds_the_key(folder, done)
    _the_audit_agrees(command, folder, outcome)


def _nothing_holds_the_key(folder: Path, done: subprocess.CompletedProcess[str]) -> None:
    assert KEY not in done.stdout + done.stderr
    holders = [
        path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
    ]
    assert holders == []


def _the_audit_agrees(command: list[str], folder: Path, outcome: dict[str, Any]) -> None:
    audit = json.loads(run(command, "ledger", folder, "--json").stdout)
    assert audit["ok"]
    account = next(scope for scope in audit["scopes"] if scope["scope"] == "account")
    assert account["spent_usd"] == outcome["spent_usd"]
    assert account["reserved_usd"] == "0.00"


@pytest.mark.parametrize("provider", [lines_of(WRONG, RACY, BROKEN)], indirect=True)
def test_ten_branches_in_flight_end_under_a_small_cap_which_can_be_raised(
    provider: Running, command: list[str], kernel: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    cap = "0.05"

    done = optimize(
        command, kernel, folder, provider, "--budget", cap, "--branches", 10,
        "--policy", "best_of_n", "--answers", 200, "--max-output-tokens", 600,
        "--max-tokens-total", 2_000_000, "--max-time", "10h",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["status"] in ("improved", "unchanged")
    assert invoiced(provider) <= nano(outcome["spent_usd"]) <= nano(cap)
    rounds = [e["data"]["branches"] for e in events(folder) if e["kind"] == "round"]
    assert max(map(len, rounds)) == 10
    tokens = sum(line.input_tokens + line.output_tokens for line in provider.invoice())
    assert tokens <= outcome["spent_tokens"] <= outcome["cap_tokens"] == 2_000_000
    assert 0 < outcome["spent_seconds"] < outcome["cap_seconds"] == 36_000
    asked = len(provider.invoice())
    few = run(command, "resume", folder, "--max-tokens-total", "5", "--json")
    assert few.returncode == 2
    assert "with --max-tokens-total" in json.loads(few.stdout)["help"]
    low = run(command, "resume", folder, "--budget", "0.000001", "--json")
    assert low.returncode == 2
    assert "spent" in json.loads(low.stdout)["error"]
    raised = run(command, "resume", folder, "--budget", "0.08", "--json")
    assert raised.returncode == 0, raised.stderr
    more = json.loads(raised.stdout)
    assert (more["cap_usd"], more["cap_tokens"], more["cap_seconds"]) == ("0.08", 2_000_000, 36_000)
    assert len(provider.invoice()) > asked
    assert nano(more["spent_usd"]) > nano(outcome["spent_usd"])
    assert invoiced(provider) <= nano(more["spent_usd"]) <= nano("0.08")


@pytest.mark.parametrize(
    ("caps", "flag"),
    [
        (("--price", "1,4", "--budget", "0.0001"), "--budget"),
        (("--price", "free", "--max-tokens-total", "900"), "--max-tokens-total"),
    ],
)
def test_a_cap_that_pays_no_answer_is_told_before_any_work(
    caps: tuple[str, ...], flag: str, command: list[str], kernel: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    arguments = ("--model", "http://127.0.0.1:9/v1#small", *caps)

    done = run(command, "optimize", kernel, "--out", folder, *arguments, "--json")

    assert done.returncode == 4
    assert json.loads(done.stdout)["help"] == f"Raise the cap with {flag}"
    assert not folder.exists()


def test_an_estimate_sends_nothing(command: list[str], kernel: Path) -> None:
    arguments = ("--model", "http://127.0.0.1:9/v1#small", "--price", "1,4", "--budget", "0.05")

    caps = ("--max-tokens-total", "100000", "--max-time", "1m")

    done = run(command, "optimize", kernel, *arguments, *caps, "--estimate", "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (model,) = told["models"]
    assert (told["cap_tokens"], told["cap_seconds"]) == (100_000, 60)
    assert model["answers"] <= 60 / model["answer_seconds"]
    assert 0 < model["answer_tokens"] < model["bound_tokens"]
    assert 0 < nano(model["answer_usd"]) < nano(model["bound_usd"])
    assert model["answers"] >= 1


DECODE = """#include <cstddef>
#include <stdexcept>
#include <vector>

// The sum of the payload behind a header of two words with a checksum.
long long decode(std::vector<int> const& data) {
    if (data.size() < 2 || 31LL * data[0] + data[1] != 1344) {
        throw std::invalid_argument("no header");
    }
    long long sum = 0;
    for (auto each = data.begin() + 2; each != data.end(); ++each) {
        sum += *each;
    }
    return sum;
}
"""
CONTRACT = """```toml
kernel = "decode"

[dimensions.n]
minimum = 2

[parameters.data]
length = "n"
values = {{kind = "integers", low = {value}, high = {value}}}
```
"""
ASKED = "no contract found for parameter 'data'"
CONTRACTS = [
    {"match": {"contains": ASKED}, "text": CONTRACT.format(value=7)},
    {"match": {"contains": ASKED}, "text": CONTRACT.format(value=42)},
    {"text": "I would rather not."},
]


@pytest.mark.parametrize("provider", [CONTRACTS], indirect=True)
def test_a_model_proposes_a_contract_and_the_same_check_decides(
    provider: Running, command: list[str], tmp_path: Path
) -> None:
    folder, kernel = tmp_path / "run", tmp_path / "decode.cpp"
    kernel.write_text(DECODE, encoding="utf-8")

    done = optimize(command, kernel, folder, provider, "--budget", "0.05", "--answers", 1)

    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    contract = (folder / "contract.toml").read_text(encoding="utf-8")
    assert "42" in contract
    assert f"Proposed by {provider.url}#small" in contract
    assert any("proposed by" in note for note in outcome["notes"])
    nodes = {item["name"]: item["requests"] for item in outcome["bill"]["nodes"]}
    assert nodes["contract"] == 2
    assert outcome["answers"][0]["result"] == "could not be read"
    assert invoiced(provider) <= nano(outcome["spent_usd"]) <= nano("0.05")
