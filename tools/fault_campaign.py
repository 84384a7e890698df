"""Try to make a provider bill more than the cap, or more than the account knows.

In each trial several processes share one account and ask a provider on loopback that misbehaves;
some are killed with SIGKILL and started again. Then the provider's own invoice is held against the
cap, the account and the journal. Each trial is drawn from a seed of its own, which is printed when
something was violated; ``--replay SEED`` runs that trial again (the same dice, not the same
microseconds: with ``--trials N`` so many times).

    python tools/fault_campaign.py --trials 5000 --seed 1
    python tools/fault_campaign.py --replay 1-17 --trials 20
    python tools/fault_campaign.py --trials 50 --without forfeits     # has to find violations

The exit status is 1 if anything was violated. With ``--out FILE`` each result is kept there as a
line of JSON, and the same command goes on after an interruption.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from campaign.defences import DEFENCES
from campaign.plan import TIMEOUT_SECONDS, Plan
from campaign.trial import Result, run_trial
from chat_provider.running import started
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd
from parallel_agent.chat.catalog import find_models

_fork = multiprocessing.get_context("fork")


def main() -> int:
    """Run what is left to run, then print the sums."""
    given = _arguments()
    seeds = _seeds(given)
    known = _kept(given.out)
    results = [known[seed] for seed in dict.fromkeys(seeds) if seed in known]
    left = [seed for seed in seeds if seed not in known]
    began = time.monotonic()
    for result in _run_all(left, given):
        results.append(result)
        _keep(result, given.out)
        _tell(result, len(results), len(seeds), time.monotonic() - began, given)
    summary = summarize(results)
    print(json.dumps(summary) if given.json else _text(summary))
    return int(bool(summary["violations"]))


def _seeds(given: argparse.Namespace) -> list[str]:
    if given.replay:
        return [given.replay] * (given.trials or 1)
    return [f"{given.seed}-{number}" for number in range(1, (given.trials or 200) + 1)]


def _run_all(seeds: Sequence[str], given: argparse.Namespace) -> Iterator[Result]:
    """Run trials in ``given.jobs`` processes, each with a provider of its own."""
    queue: Any = _fork.Queue()
    number = min(given.jobs, len(seeds))
    jobs = [
        _fork.Process(target=_job, args=(list(seeds[job::number]), given, queue))
        for job in range(number)
    ]
    for job in jobs:
        job.start()
    try:
        running = len(jobs)
        while running:
            result = queue.get()
            if result is None:
                running -= 1
            else:
                yield result
    finally:
        for job in jobs:
            job.terminate()
            job.join()


def _job(seeds: Sequence[str], given: argparse.Namespace, queue: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # main ends us, when it has ended its own work
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
            ledger = DEFENCES[given.without] if given.without else Ledger
            plans = (Plan.draw(seed, given.processes, given.timeout) for seed in seeds)
            for result in run_trials(((plan, ledger) for plan in plans), Path(scratch)):
                queue.put(result)
    finally:
        queue.put(None)


def run_trials(trials: Iterable[tuple[Plan, type[Ledger]]], scratch: Path) -> Iterator[Result]:
    """Run trials one after the other, each on its kind of ledger, with one provider for all."""
    with started(scratch / "billing.jsonl", "--quiet") as provider:
        _warm_up(provider.url)
        (chosen,) = find_models([f"{provider.url}#rehearsal"], ["free"])
        assert chosen.model is not None
        gc.freeze()  # forked workers share what is there now
        for number, (plan, ledger) in enumerate(trials):
            folder = scratch / f"trial-{number}"
            folder.mkdir()
            try:
                yield run_trial(plan, provider, chosen.model, folder, ledger.open)
            except Exception:
                yield Result(plan.seed, [f"the trial broke: {traceback.format_exc()}"], {}, 0.0)
            shutil.rmtree(folder)


def _warm_up(url: str) -> None:
    """Import all that a first request imports, before workers are forked: it takes too long for
    their timeouts.
    """
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(
        model="warm-up",
        base_url=url,
        api_key=SecretStr("none"),
        use_responses_api=False,
        default_headers={"Connection": "close"},  # workers would inherit it
    )
    asyncio.run(model.ainvoke("Is anybody there?"))


def _kept(out: Path | None) -> dict[str, Result]:
    """The results of before; a line that was being written when the program ended is removed."""
    if out is None or not out.exists():
        return {}
    whole, _, torn = out.read_text(encoding="utf-8").rpartition("\n")
    if torn:
        out.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
    results = [Result(**json.loads(line)) for line in whole.splitlines()]
    return {result.seed: result for result in results}


def _keep(result: Result, out: Path | None) -> None:
    if out is not None:
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")


def _tell(result: Result, done: int, total: int, seconds: float, given: argparse.Namespace) -> None:
    """Violations at once, with the seed to see them again; progress now and then."""
    for violation in result.violations:
        print(f"VIOLATION in trial {result.seed}: {violation}", file=sys.stderr, flush=True)
    if result.violations:
        options = f"--processes {given.processes} --timeout {given.timeout:g}"
        options += f" --without {given.without}" if given.without else ""
        command = f"python tools/fault_campaign.py --replay {result.seed} {options}"
        print(f"  again: {command}", file=sys.stderr, flush=True)
    if done % max(1, total // 50) == 0 or done == total:
        print(f"{done}/{total} trials, {seconds:.0f} s", file=sys.stderr, flush=True)


def summarize(results: Sequence[Result]) -> dict[str, Any]:
    """The sums over all trials."""
    numbers: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for result in results:
        numbers.update(result.numbers)
        faults.update(result.faults)
    violated = [result for result in results if result.violations]
    return {
        "trials": len(results),
        "violations": sum(len(result.violations) for result in violated),
        "violated_seeds": sorted({result.seed for result in violated}),
        **numbers,
        "faults_billed": dict(faults.most_common()),
        "seconds_of_trials": round(sum(result.seconds for result in results), 1),
    }


def _text(summary: dict[str, Any]) -> str:
    lines = []
    for name, value in summary.items():
        if name.endswith("_nano_usd"):
            name, value = name.removesuffix("_nano_usd") + " (USD)", format_usd(value)
        elif isinstance(value, dict):
            value = ", ".join(f"{key} {number}" for key, number in value.items())
        elif isinstance(value, list):
            value = " ".join(value) or "none"
        lines.append(f"{name.replace('_', ' '):22}{value}")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--trials", type=int, metavar="N", help="default 200; with --replay 1")
    add("--seed", type=int, default=1, metavar="N", help="default 1")
    add("--processes", type=int, default=4, metavar="N", help="on one account; default 4")
    add(
        "--jobs",
        type=int,
        default=2 * (os.cpu_count() or 1),
        metavar="N",
        help="trials at a time, which mostly wait; default two for each core",
    )
    add("--timeout", type=float, default=TIMEOUT_SECONDS, metavar="S", help="of a request; 0.5")
    add("--replay", metavar="SEED", help="the trial of this seed, as it was printed")
    add("--without", choices=DEFENCES, help="switch a defence off, to see that it is noticed")
    add("--out", type=Path, metavar="FILE", help="keep results here, and go on from them")
    add("--scratch", type=Path, metavar="DIR", help="where accounts are made; default /tmp")
    add("--json", action="store_true", help="the sums as one object on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
