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
    """A row for each model that writes candidates; amounts in US dollars, tokens and seconds."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("model")
    counts = []  # expected and at most, by the name of the field, where there is a cap
    for heading in ("USD an answer, about", "at most"):
        table.add_column(heading, justify="right", no_wrap=True)
    for unit, cap in (("tokens", estimate.cap_tokens), ("seconds", estimate.cap_seconds)):
        if cap is not None:
            counts.append(unit)
            table.add_column(f"{unit}, about", justify="right", no_wrap=True)
            table.add_column("at most", justify="right", no_wrap=True)
    for heading in ("answers under the cap",):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("price by")
    for model in estimate.models:
        amounts = [
            f"{getattr(model, f'{side}_{unit}'):.0f}"
            for unit in counts
            for side in ("answer", "bound")
        ]
        table.add_row(
            *(model.model, model.answer_usd, model.bound_usd, *amounts),
            *(str(model.answers), model.price),
        )
    return table
