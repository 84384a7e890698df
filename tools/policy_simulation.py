"""Compare budget policies offline, on recorded answers of a model or on made-up ones.

``python tools/policy_simulation.py evaluate FILE --cache CACHE`` puts every distinct answer of a list
of kernels (as ``tools/verify_recorded.py`` reads) through the gates, times those that pass against
their originals, and keeps what it found in CACHE; it goes on where it was cut off. What counts is the
speedup at the largest size: a run guards for free what loses at small ones.

``python tools/policy_simulation.py simulate --cache CACHE`` (or ``--synthetic SEED`` for made-up
tables, another one for every seed) lets the policies spend several budgets on answers drawn from
that table, and prints the score of the set against dollars. These are SIMULATED results: the
assumptions, two models and their prices among them, are printed with them. The exit status is 1 if
the default policy is worse than another at a budget, beyond chance.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from itertools import repeat
from pathlib import Path
from typing import Any

from parallel_agent.budget.money import usd_to_nano
from parallel_agent.budget.policy import POLICIES
from parallel_agent.settings import load_settings
from policy_table import Plays, plot, rows, table
from recorded_answers import Cache, evaluate
from simulated_world import Assumptions, World, play, synthetic_world

BUDGETS = (0.03, 0.06, 0.12, 0.25, 0.50)
SEEDS = 60


def main() -> int:
    """Evaluate or simulate."""
    given = _arguments()
    return _evaluate(given) if given.command == "evaluate" else _simulate(given)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("evaluate", help="gates and timing of every recorded answer, once")
    first.add_argument("file", type=Path)
    first.add_argument("--cache", type=Path, required=True)
    first.add_argument(
        "--verified",
        type=Path,
        default=Path(".parallel-agent/recorded"),
        help="the folder of tools/verify_recorded.py",
    )
    first.add_argument("--only", action="append", default=[], metavar="NAME")
    first.add_argument("--threads", type=int)
    first.add_argument("--seed", type=int)
    first.add_argument("--effort", choices=("quick", "normal", "thorough"))
    second = commands.add_parser("simulate", help="the policies on answers drawn from a table")
    source = second.add_mutually_exclusive_group(required=True)
    source.add_argument("--cache", type=Path)
    source.add_argument("--synthetic", type=int, metavar="SEED")
    second.add_argument("--budgets", type=float, nargs="+", default=BUDGETS, metavar="USD")
    second.add_argument("--seeds", type=int, default=SEEDS, metavar="N")
    second.add_argument("--feedback", type=float, help="see the assumptions", metavar="P")
    second.add_argument("--rescue", type=float, help="of the dear model", metavar="P")
    second.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    second.add_argument("--plot", type=Path, metavar="FILE", help="PNG or SVG")
    second.add_argument("--json", action="store_true")
    return parser.parse_args()


def _evaluate(given: argparse.Namespace) -> int:
    if not given.file.exists():
        print(f"there is no {given.file}: nothing to evaluate", file=sys.stderr)
        return 0
    kernels = json.loads(given.file.read_text(encoding="utf-8"))
    settings = load_settings(threads=given.threads, seed=given.seed, effort=given.effort)
    given.verified.mkdir(parents=True, exist_ok=True)
    cache = Cache(given.cache)
    for kernel in kernels:
        if not given.only or any(name in kernel["name"] for name in given.only):
            evaluate(kernel, cache, given.verified, settings)
    whole = cache.evaluated()
    print(f"{len(whole)} kernels are evaluated whole, of {len(kernels)}: {given.cache}")
    return 0


def _simulate(given: argparse.Namespace) -> int:
    assumptions = _assumptions(given)
    if given.synthetic is None:
        if not given.cache.exists():
            print(f"there is no {given.cache}: nothing to simulate", file=sys.stderr)
            return 0
        world = World(tuple(Cache(given.cache).evaluated()), assumptions)
        about = f"SIMULATED on recorded answers to {len(world.kernels)} kernels"
        plays = _plays(given, lambda seed: world)
    else:
        about = f"SIMULATED on made-up answers (--synthetic {given.synthetic})"
        plays = _plays(given, lambda seed: synthetic_world([given.synthetic, seed], assumptions))
    found = rows(plays)
    if given.json:
        assumed = asdict(assumptions)
        print(json.dumps({"about": about, "seeds": given.seeds, "assumed": assumed, "rows": found}))
    else:
        print(f"{about}, {given.seeds} seeds\n\nAssumed:")
        print(*(f"  {line}" for line in assumptions.sentences()), "", *table(found), sep="\n")
    if given.plot:
        plot(found, f"{about},\n{given.seeds} seeds, mean with 95 % interval", given.plot)
    return int(any(row.get("verdict") == "worse" for row in found))


def _assumptions(given: argparse.Namespace) -> Assumptions:
    assumptions = Assumptions()
    if given.feedback is not None:
        assumptions = replace(assumptions, feedback=given.feedback)
    if given.rescue is not None:
        assumptions = replace(assumptions, dear=replace(assumptions.dear, rescue=given.rescue))
    return assumptions


def _plays(given: argparse.Namespace, world_of: Callable[[int], World]) -> Plays:
    worlds = [world_of(seed) for seed in range(given.seeds)]
    found: dict[float, dict[str, Any]] = {}
    with ProcessPoolExecutor(given.jobs) as pool:
        for budget in given.budgets:
            cap = usd_to_nano(budget)
            found[budget] = {
                name: list(pool.map(play, worlds, repeat(policy), repeat(cap), range(given.seeds)))
                for name, policy in POLICIES.items()
            }
            print(f"{budget:g} USD simulated", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
