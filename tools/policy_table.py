"""The comparison of policies as numbers, a table and a plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from parallel_agent.budget.money import NANO_PER_USD
from simulated_world import Played

REFERENCE = "default"
RESAMPLES = 2000

Plays = Mapping[float, Mapping[str, Sequence[Played]]]
"""By budget in US dollars and by policy, a play for every seed; the same seeds everywhere."""


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and the 95 % bootstrap percentile interval of it (Efron, Tibshirani 1993)."""
    sample = np.asarray(values)
    drawn = np.random.default_rng(0).integers(0, sample.size, (RESAMPLES, sample.size))
    low, high = np.quantile(sample[drawn].mean(axis=1), [0.025, 0.975])
    return float(sample.mean()), float(low), float(high)


def rows(plays: Plays) -> list[dict[str, Any]]:
    """One for each budget and policy. ``lead``: the default's score less this one's, seed by seed."""
    found = []
    for budget, by_policy in plays.items():
        reference = [play.score for play in by_policy[REFERENCE]]
        for policy, played in by_policy.items():
            scores = [play.score for play in played]
            row: dict[str, Any] = {
                "budget_usd": budget,
                "policy": policy,
                "score": mean_interval(scores),
                "spent_usd": float(np.mean([play.spent for play in played])) / NANO_PER_USD,
                "answers": float(np.mean([play.answers for play in played])),
            }
            if policy != REFERENCE:
                leads = [mine - other for mine, other in zip(reference, scores, strict=True)]
                row["lead"] = mean_interval(leads)
                row["verdict"] = verdict(row["lead"])
            found.append(row)
    return found


def verdict(lead: tuple[float, float, float]) -> str:
    """What the interval of the default's lead says of it."""
    _, low, high = lead
    return "better" if low > 0 else "worse" if high < 0 else "even"


def table(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """For people."""
    yield (
        f"{'budget':>8}  {'policy':<12}{'score (95 % of the mean)':>26}{'spent':>10}{'answers':>9}"
        f"  default's lead"
    )
    before = None
    for row in found:
        if before not in (None, row["budget_usd"]):
            yield ""
        before = row["budget_usd"]
        mean, low, high = row["score"]
        said = ""
        if "lead" in row:
            lead, least, most = row["lead"]
            said = f"{lead:+.4f} ({least:+.4f} to {most:+.4f}) {row['verdict']}"
        yield (
            f"{row['budget_usd']:>8g}  {row['policy']:<12}"
            f"{f'{mean:.4f} ({low:.4f} to {high:.4f})':>26}"
            f"{row['spent_usd']:>10.4f}{row['answers']:>9.1f}  {said}".rstrip()
        )


def plot(found: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Score against dollars with intervals, as PNG or SVG by the name of the file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for policy in dict.fromkeys(row["policy"] for row in found):
        mine = [row for row in found if row["policy"] == policy]
        budgets = [row["budget_usd"] for row in mine]
        mean, low, high = np.array([row["score"] for row in mine]).T
        axes.plot(budgets, mean, marker="o", label=policy, zorder=3 if policy == REFERENCE else 2)
        axes.fill_between(budgets, low, high, alpha=0.2)
    axes.set_xscale("log")
    axes.set_xlabel("cap of the set, US dollars")
    axes.set_ylabel("geometric mean of max(1, speedup)")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)
