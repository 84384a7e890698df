"""What a run may cost, for people and as JSON."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.agent.estimating import Estimate


def show_estimate(estimate: Estimate, *, as_json: bool) -> None:
    """The estimate on stdout."""
    if as_json:
        sys.stdout.write(estimate.model_dump_json() + "\n")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not estimate.models:
        console.print(
            "nothing: no model is asked, and the proposer 'rules' is free", soft_wrap=True
        )
        return
    console.print(estimate_table(estimate))
    said = (
        f"A first prompt has {estimate.prompt_bytes} bytes. At most {estimate.most_answers} answers "
        f"are asked for; the bill is never above {_caps(estimate)}."
    )
    console.print("", said, sep="\n", soft_wrap=True)


def _caps(estimate: Estimate) -> str:
    told = [f"{estimate.cap_usd} USD"]
    if estimate.cap_tokens is not None:
        told.append(f"{estimate.cap_tokens} tokens")
    if estimate.cap_seconds is not None:
        told.append(f"{estimate.cap_seconds:.0f} s of models' time")
    return " or ".join(told)


def estimate_table(estimate: Estimate) -> Table:
    """A row for each model that writes candidates, and for each thing of its that has a cap."""
    caps = {"usd": estimate.cap_usd, "tokens": estimate.cap_tokens, "seconds": estimate.cap_seconds}
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("model", overflow="fold")
    table.add_column("in")
    for heading in ("an answer, about", "at most", "answers under the cap"):
        table.add_column(heading, justify="right")
    table.add_column("price by", overflow="fold")
    for model in estimate.models:
        first = True
        for unit in (unit for unit, cap in caps.items() if cap is not None):
            amounts = [_shown(getattr(model, f"{side}_{unit}")) for side in ("answer", "bound")]
            about = (model.model, str(model.answers), model.price) if first else ("", "", "")
            table.add_row(about[0], _UNITS.get(unit, unit), *amounts, *about[1:])
            first = False
    return table


_UNITS = {"usd": "USD"}


def _shown(amount: str | float) -> str:
    return amount if isinstance(amount, str) else f"{amount:.0f}"
