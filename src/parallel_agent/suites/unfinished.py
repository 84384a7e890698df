"""What a suite without an end has come to, read from the folders of its kernels."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.agent.governed import ORIGIN
from parallel_agent.agent.outcome import Outcome, metered
from parallel_agent.agent.run_folder import LEDGER
from parallel_agent.budget.amount import NOTHING, Amount, Cap
from parallel_agent.budget.errors import LedgerError
from parallel_agent.budget.ledger import Ledger
from parallel_agent.report.reading import model_in, object_in, text_in
from parallel_agent.suites.curve import curve
from parallel_agent.suites.member import row_of
from parallel_agent.suites.opening import SUITE
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.score import KernelResult, score


def result_so_far(root: Path) -> SuiteResult:
    """The result of the kernels that were begun: those without an outcome count as 1."""
    runs = {path.name: path for path in sorted((root / "kernels").iterdir()) if path.is_dir()}
    rows = tuple(_row(name, path) for name, path in runs.items())
    spent, cap = _money(root / LEDGER)
    settings = next(
        (found for path in runs.values() if (found := object_in(path / "run.json"))), {}
    )
    return SuiteResult(
        suite=text_in(root / SUITE) or root.absolute().name,
        kernels=rows,
        built=sum(row.built for row in rows),
        correct=sum(row.built and row.correct for row in rows),
        geomean=score(rows),
        **metered(spent, cap),
        threads=settings.get("threads") or 1,
        run=str(root.absolute()),
        seconds=sum(row.seconds for row in rows),
        curve=curve(runs, spent.nano_usd),
    )


def _row(name: str, run: Path) -> KernelResult:
    category = str(object_in(run / ORIGIN).get("category", ""))
    outcome = model_in(Outcome, run / "outcome.json")
    if outcome is None:
        return KernelResult(
            name=name, category=category, status="unchanged", built=False, correct=False,
            reason="it has no outcome yet",
        )  # fmt: skip
    return row_of(name, category, outcome, outcome.seconds)


def _money(ledger: Path) -> tuple[Amount, Cap]:
    """What was spent and the cap; nothing where the account cannot be read."""
    try:
        account = Ledger.open(ledger)
    except (LedgerError, OSError):
        return NOTHING, Cap(0)
    return account.spent(), account.sums().cap
