"""The model card: what the model learned from, how, and what came of it."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from parallel_agent.budget.memory import format_memory
from parallel_agent.training.finetuning.record import Record, Result


def model_card(record: Record, result: Result) -> str:
    """The card as Markdown, with the fields that model hubs read at its head."""
    environment = Environment(
        loader=PackageLoader("parallel_agent.training.finetuning", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.filters["memory"] = format_memory
    off = result.peak_bytes / record.plan.estimated - 1.0
    values = {"record": record, "asked": record.asked, "plan": record.plan, "result": result}
    return environment.get_template("card.jinja").render(**values, off=off)
