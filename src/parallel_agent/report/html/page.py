"""The page of a run: everything that its template shows, and the file that comes of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from parallel_agent.agent.run_folder import REPORT, RunFolder
from parallel_agent.kernel.comparison import Tolerance
from parallel_agent.report.closing import counted, counts
from parallel_agent.report.html import diff, pictures, tree, words
from parallel_agent.report.html.evidence import Evidence
from parallel_agent.report.html.money import money_of
from parallel_agent.report.progress import sizes_text
from parallel_agent.versions import versions

LIGHT_STYLE, DARK_STYLE = "default", "github-dark"


@dataclass(frozen=True)
class Rejected:
    """A candidate that a gate turned away, and what broke it; ``replay`` is a file of the run or empty."""

    candidate: str
    name: str
    gate: str
    detail: str
    replay: str


def write_run_report(root: Path) -> Path:
    """Write ``report.html`` into the folder of a run, whatever of it there is; its path.

    Raises FolderError where no run ever was, OSError where the file cannot be written.
    """
    return RunFolder(root).write(run_page(Evidence(root)), REPORT)


def run_page(evidence: Evidence) -> str:
    """The report of a run as HTML."""
    outcome, chosen, money = evidence.outcome, evidence.chosen, money_of(evidence)
    scaling = chosen.scaling if chosen is not None else None
    improved = outcome is not None and outcome.status == "improved"
    bound = _bound_at_largest(evidence)
    gates = chosen.verdict.gates if chosen is not None and chosen.verdict is not None else ()
    return render(
        "run.html.jinja",
        {
            "title": f"{evidence.kernel}: report of a run",
            "evidence": evidence,
            "outcome": outcome,
            "improved": improved,
            "chosen": chosen,
            "gates": gates,
            "purposes": words.GATES,
            "verdict": words.verdict(evidence),
            "unchecked": words.unchecked(evidence),
            "inputs": _inputs(evidence),
            "tolerance": _tolerance(evidence),
            "bound": bound,
            "scaling": scaling,
            "money": money,
            "by_size": pictures.by_size(outcome) if outcome and improved and outcome.sizes else "",
            "by_threads": pictures.by_threads(scaling, bound) if scaling and improved else "",
            "by_money": pictures.by_money(money, float(outcome.cap_usd if outcome else 0))
            if money.spent
            else "",
            "more_threads": words.more_threads(scaling, bound, _cores(evidence)),
            "more_money": words.more_money(evidence, money),
            "counts": counts(outcome) if outcome else "",
            "branches": tree.branches(evidence),
            "rejected": rejected(evidence),
            "pruned": _pruned(evidence),
            "diff": diff.side_by_side(evidence.original, evidence.best),
            "changed": evidence.best != evidence.original,
            "commands": words.commands(evidence),
        },
    )


def rejected(evidence: Evidence) -> list[Rejected]:
    """The candidates that a gate turned away, gate by gate."""
    found = []
    for candidate in evidence.candidates.values():
        record = candidate.record
        if not record.get("failed_gate"):
            continue
        failed = candidate.verdict.failed if candidate.verdict is not None else None
        has_replay = failed is not None and failed.replay
        name = f"{record.get('strategy', '')} {record.get('variant', '')}".strip()
        found.append(
            Rejected(
                candidate=record["id"],
                name=f"{name or record.get('branch', '')}, by {record.get('proposer', 'unknown')}",
                gate=str(record["failed_gate"]),
                detail=str(record.get("detail") or (failed.detail if failed else "")),
                replay=f"candidates/{record['id']}/{failed.replay}"
                if failed and has_replay
                else "",
            )
        )
    return sorted(found, key=lambda one: one.gate)


def render(template: str, values: Mapping[str, Any]) -> str:
    """A page from a template; everything in ``values`` that is not Markup is escaped."""
    return (
        environment()
        .get_template(template)
        .render({"version": versions()["parallel-agent"], **values})
    )


@functools.cache
def environment() -> Environment:
    """The templates, all of which escape: sources, names and models' words are hostile text."""
    found = Environment(
        loader=PackageLoader("parallel_agent.report", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    found.filters |= {"sizes": sizes_text, "duration": _duration, "bytes": _bytes, "plain": _plain}
    found.filters |= {"counted": counted, "whole_flags": _whole_flags}
    found.globals["code_light"] = Markup(diff.colours(LIGHT_STYLE))
    found.globals["code_dark"] = Markup(diff.colours(DARK_STYLE))
    return found


def _plain(name: str) -> str:
    """A name of ours for people: without underscores."""
    return name.replace("_", " ")


def _duration(seconds: float) -> str:
    """A time with three digits that count, in the unit that makes it readable."""
    for least, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= least:
            return f"{seconds / least:.3g} {unit}" if seconds < 1e3 * least else f"{seconds:.0f} s"
    return f"{seconds * 1e9:.3g} ns"


def _bytes(size: int) -> str:
    value, units = float(size), iter(("B", "KiB", "MiB", "GiB"))
    unit = next(units)
    while value >= 1024 and unit != "GiB":
        value, unit = value / 1024, next(units)
    return f"{value:.4g} {unit}"


def _bound_at_largest(evidence: Evidence) -> float | None:
    """How many times as fast the machine's bound allows at the largest size."""
    sizes = evidence.outcome.sizes if evidence.outcome is not None else ()
    if not sizes or not sizes[-1].bound_seconds:
        return None
    return sizes[-1].original_seconds / sizes[-1].bound_seconds


def _cores(evidence: Evidence) -> int:
    return evidence.study.machine.physical_cores if evidence.study is not None else 1 << 30


def _pruned(evidence: Evidence) -> list[tuple[str, str]]:
    if evidence.outcome is not None:
        return [(p.get("branch", ""), p.get("why", "")) for p in evidence.outcome.pruned]
    return [(event.branch, event.message) for event in evidence.of_kind("pruned")]


def _inputs(evidence: Evidence) -> dict[str, Any]:
    """How the contract was found, and what its inputs reached of the original."""
    told = evidence.of_kind("contract")
    if not told:
        return {}
    found = told[-1].data.get("evidence")
    return {"origin": told[-1].message, **(found if isinstance(found, dict) else {})}


def _tolerance(evidence: Evidence) -> list[str]:
    """How far results may lie apart, in words."""
    if evidence.contract is None:
        return []
    comparison = evidence.contract.comparison
    if comparison.given:
        relative, absolute = comparison.relative or 0.0, comparison.absolute or 0.0
        return [f"as the contract says, relative {relative:.2g}, absolute {absolute:.2g}"]
    return [_tolerated(name, found) for name, found in comparison.results.items()]


def _tolerated(name: str, tolerance: Tolerance) -> str:
    if not tolerance.steps:
        return f"{name}: exactly. {tolerance.evidence}"
    relative = max(step.relative for step in tolerance.steps)
    absolute = max(step.absolute for step in tolerance.steps)
    return (
        f"{name}: within {relative:.2g} relative and {absolute:.2g} absolute at the size where that is "
        f"most, calibrated from the original, which {tolerance.evidence or 'was measured'}"
    )


def _whole_flags(command: str) -> Markup:
    """A command whose flags are never broken at their hyphens."""
    words = (
        Markup('<span class="whole">{}</span>').format(word) if word.startswith("-") else word
        for word in command.split(" ")
    )
    return Markup(" ").join(words)
