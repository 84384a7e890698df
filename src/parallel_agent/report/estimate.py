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
        f"are asked for; the bill is never above {estimate.cap_usd} USD."
    )
    console.print("", said, sep="\n", soft_wrap=True)


def estimate_table(estimate: Estimate) -> Table:
    """A row for each model that writes candidates; amounts in US dollars."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("model")
    for heading in ("an answer, about", "at most", "answers under the cap"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("price by")
    for model in estimate.models:
        table.add_row(
            model.model, model.answer_usd, model.bound_usd, str(model.answers), model.price
        )
    return table
