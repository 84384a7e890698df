"""Hold recorded answers of a model against their originals, and say how that fits their verdicts.

``python tools/verify_recorded.py FILE --out DIR`` reads a list of kernels with recorded completions
(``name``, ``source``, ``completions`` with ``code``, ``count``, ``built`` and ``judged``: PASS, FAIL,
CRASH or null), examines every distinct completion as ``parallel-agent verify`` does, and prints the
confusion table against ``judged``. The contract of a kernel is inferred once and kept in DIR, as is
every result, so that the same command goes on after an interruption. ``--only NAME`` (repeatable)
takes the kernels whose names contain NAME.

The exit status is 1 if anything was accepted that was judged FAIL or CRASH.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.reviewer import Reviewer
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import SourceError
from parallel_agent.settings import Settings, load_settings
from parallel_agent.verification.replay import REPLAY_FILE

RESULTS = "results.jsonl"
JUDGEMENTS = ("PASS", "FAIL", "CRASH", None)
_NOT_USABLE = (BuildError, ContractNeeded, SourceError)


def main() -> int:
    """Examine what is left to examine, then print the table."""
    given = _arguments()
    kernels = [kernel for kernel in json.loads(given.file.read_text()) if _wanted(kernel, given)]
    given.out.mkdir(parents=True, exist_ok=True)
    settings = load_settings(threads=given.threads, seed=given.seed)
    for kernel in kernels:
        examine_all(kernel, given.out, settings)
    names = {kernel["name"] for kernel in kernels}
    results = [result for result in results_in(given.out) if result["name"] in names]
    summary = _summary(results)
    print(json.dumps(summary) if given.json else _text(summary))
    return int(bool(summary["accepted_wrong"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, default=Path(".parallel-agent/recorded"))
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _wanted(kernel: dict[str, Any], given: argparse.Namespace) -> bool:
    return not given.only or any(name in kernel["name"] for name in given.only)


def results_in(out: Path) -> list[dict[str, Any]]:
    """The results so far: one for each completion that was examined."""
    path = out / RESULTS
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def contract_in(out: Path, name: str) -> Path:
    """Where the contract of a kernel is kept."""
    return out / "contracts" / f"{name}.toml"


def examine_all(kernel: dict[str, Any], out: Path, settings: Settings) -> None:
    """Examine the completions of one kernel that have no result in ``out`` yet."""
    name = kernel["name"]
    done = {result["completion"] for result in results_in(out) if result["name"] == name}
    left = [(i, c) for i, c in enumerate(kernel["completions"]) if i not in done]
    if not left:
        return
    directory = out / "build" / name
    with ExitStack() as stack:
        examine = _examiner(kernel["source"], name, out, settings, directory, stack)
        _record(name, left, out, examine)
    shutil.rmtree(directory, ignore_errors=True)


Examine = Callable[[str, Path], dict[str, Any]]


def _record(name: str, left: list[tuple[int, dict[str, Any]]], out: Path, examine: Examine) -> None:
    """Examine completions and append what came of each to the results."""
    for index, completion in left:
        started = time.perf_counter()
        result = examine(completion["code"], out / "replays" / f"{name}-{index}.json")
        judged = completion["judged"] if completion["built"] else None
        line = {
            "name": name,
            "completion": index,
            "count": completion["count"],
            "judged": judged,
            **result,
            "seconds": round(time.perf_counter() - started, 2),
        }
        with (out / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        verdict = "accepted" if line["accepted"] else "rejected"
        said = f"{name} {index}: {judged} {verdict} {line['seconds']} s {line['detail']}"
        print(" ".join(said.split())[:200], file=sys.stderr, flush=True)


def _examiner(
    source: str, name: str, out: Path, settings: Settings, directory: Path, stack: ExitStack
) -> Examine:
    """Examines candidates of one original, all under one contract."""
    kept = contract_in(out, name)
    if kept.exists():
        settings = settings.model_copy(update={"contract": kept})
    try:
        reviewer = stack.enter_context(Reviewer(source, settings, directory, lambda event: None))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(reviewer.contract)
    except _NOT_USABLE as error:
        return _refuser(f"the original cannot be used: {error}")

    def examine(code: str, replay: Path) -> dict[str, Any]:
        place = directory / "candidate"
        verdict = reviewer.review(code, place).verdict
        last = verdict.gates[-1]
        if last.replay:
            replay.parent.mkdir(parents=True, exist_ok=True)
            (place / REPLAY_FILE).replace(replay)
        return {
            "accepted": verdict.accepted,
            "gate": "" if verdict.accepted else last.name,
            "detail": "" if verdict.accepted else last.detail,
            "replay": str(replay) if last.replay else "",
            "gates": {gate.name: round(gate.seconds, 2) for gate in verdict.gates},
        }

    return examine


def _refuser(why: str) -> Examine:
    return lambda code, replay: {
        "accepted": False,
        "gate": "original",
        "detail": why,
        "replay": "",
        "gates": {},
    }


def _summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    table = []
    for judged in JUDGEMENTS:
        for accepted in (True, False):
            cell = [r for r in results if r["judged"] == judged and r["accepted"] == accepted]
            table.append(
                {
                    "judged": judged,
                    "accepted": accepted,
                    "distinct": len(cell),
                    "samples": sum(r["count"] for r in cell),
                }
            )
    wrong = [r for r in results if r["accepted"] and r["judged"] in ("FAIL", "CRASH")]
    refused = [r for r in results if not r["accepted"] and r["judged"] == "PASS"]
    return {"table": table, "accepted_wrong": wrong, "rejected_pass": refused}


def _text(summary: dict[str, Any]) -> str:
    return "\n".join(
        [
            *_table(summary["table"]),
            "",
            *_share(summary["table"]),
            "",
            "Judged FAIL or CRASH and accepted:",
            *(_listed(summary["accepted_wrong"]) or ["  none"]),
            "",
            "Judged PASS and rejected:",
            *(_listed(summary["rejected_pass"]) or ["  none"]),
        ]
    )


def _table(cells: list[dict[str, Any]]) -> Iterator[str]:
    """Distinct completions, and in brackets all samples, of which many are the same text."""
    yield f"{'judged':<12}{'accepted':>16}{'rejected':>16}"
    for judged in JUDGEMENTS:
        row = {cell["accepted"]: cell for cell in cells if cell["judged"] == judged}
        numbers = [f"{row[a]['distinct']} ({row[a]['samples']})" for a in (True, False)]
        yield f"{judged or 'not built':<12}{numbers[0]:>16}{numbers[1]:>16}"


def _share(cells: list[dict[str, Any]]) -> Iterator[str]:
    for unit in ("distinct", "samples"):
        passed = {cell["accepted"]: cell[unit] for cell in cells if cell["judged"] == "PASS"}
        total = sum(passed.values())
        share = passed[True] / total if total else 0.0
        yield f"of PASS accepted: {passed[True]} of {total} {unit} ({share:.1%})"


def _listed(results: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"  {r['name']} {r['completion']} ({r['count']} samples) {r['judged']}: "
        f"{r['gate'] or 'accepted'}: {' '.join(r['detail'].split())} {r['replay']}".rstrip()
        for r in results
    ]
    by_gate = Counter(r["gate"] for r in results if r["gate"])
    return [*lines, *(f"  {number} by {gate}" for gate, number in by_gate.most_common())]


if __name__ == "__main__":
    sys.exit(main())
