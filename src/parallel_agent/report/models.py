"""What models there are and what they cost; with a test, one small request to each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from parallel_agent.agent.serving import endpoints, plan_servers, served
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd, usd_to_nano
from parallel_agent.budget.prices import Price
from parallel_agent.budget.scopes import ROOT
from parallel_agent.chat.call import CallRecord
from parallel_agent.chat.catalog import SERVER_KEY, Chosen, find_models
from parallel_agent.chat.errors import ChatError
from parallel_agent.chat.messages import ChatReply, ChatRequest, Message
from parallel_agent.chat.metered import Door
from parallel_agent.chat.providers import PROVIDERS
from parallel_agent.chat.replay import record
from parallel_agent.report.account import open_account
from parallel_agent.settings import Settings

TEST_BUDGET_USD = Decimal("0.01")
"""What a test may cost where no budget is set."""

_TEST = ChatRequest(
    messages=(Message(role="user", content="Answer with one word: ready."),),
    max_output_tokens=256,  # models that reason take most of it for that
)
_LONGEST_ANSWER = 60

FORMS: Mapping[str, str] = {
    "rules": "built in and free",
    "PROVIDER:NAME": "a model of one of the providers below",
    "http(s)://HOST:PORT/v1#NAME": "a model of a server with OpenAI's protocol (vLLM, llama.cpp, "
    f"Ollama); its key, if it wants one, is in {SERVER_KEY}",
    "local:PATH_OR_NAME": "a model on this machine: a .gguf file, a folder of Hugging Face, or a name "
    "that Ollama or a server that runs knows; free, and served for the run (--memory, --server)",
    "replay:FILE": "recorded answers",
}


@dataclass(frozen=True)
class Listed:
    """A model that was asked for, and what became of its test, if there was one."""

    chosen: Chosen
    answer: str = ""
    record: CallRecord | None = None

    @property
    def failed(self) -> bool:
        """Whether a test was tried and not answered."""
        return self.record is not None and self.record.outcome != "answered"


def list_models(given: Settings) -> list[Listed]:
    """The models of ``--model``, with their prices; an empty list where none was named.

    Raises UnknownModel and PriceUnknown as `find_models` does.
    """
    if "model" not in given.model_fields_set:
        return []
    plan_servers(given)
    served_by = endpoints(given, Path(gettempdir()))
    chosen = find_models(given.model, given.price, served=served_by)
    return [Listed(model) for model in chosen]


def try_models(
    listed: Sequence[Listed], given: Settings, tell: Callable[[str], None] = lambda text: None
) -> list[Listed]:
    """Ask each model once, all together for at most the budget that is set, or one cent.

    Servers of models on this machine are started for it, of which is told. Raises CapExceeded where the
    budget is too little for any of them, and ServerError.
    """
    budget = given.budget if "budget" in given.model_fields_set else TEST_BUDGET_USD
    with (
        TemporaryDirectory(prefix="parallel-agent-") as folder,
        served(given, Path(folder), tell),
    ):
        ledger = Ledger.create(Path(folder, "ledger.sqlite"), usd_to_nano(budget))
        tested = [
            _tested(item, ledger, given.request_seconds, step)
            for step, item in enumerate(listed, start=1)
        ]
    tried = [item.record for item in tested if item.record is not None]
    if tried and all(record.outcome == "not_affordable" for record in tried):
        raise _too_little(tested, usd_to_nano(budget))
    return tested


def _tested(item: Listed, ledger: Ledger, timeout: float, step: int) -> Listed:
    model = item.chosen.model
    if model is None:
        return item
    records: list[CallRecord] = []
    door = Door(ledger, on_call=records.append, timeout=timeout, max_attempts=1)
    reply: ChatReply | None = None
    with suppress(ChatError, CapExceeded):  # the record says it
        reply = door.ask(model, _TEST, scope=ROOT, node="test", step=step)
    return replace(item, answer="" if reply is None else reply.text, record=records[-1])


def _too_little(tested: Sequence[Listed], cap: int) -> CapExceeded:
    models = [item.chosen.model for item in tested if item.chosen.model is not None]
    cheapest = min(
        model.price.upper_bound(_TEST.prompt_bytes, 1, _TEST.max_output_tokens) for model in models
    )
    return CapExceeded(ROOT, cheapest, cap)


def show_recording(run: Path) -> None:
    """The answers that a run paid for, on stdout, as lines of a file for ``replay:FILE``.

    Raises FolderError if there is no account, LedgerError if it cannot be read.
    """
    for answer in record(open_account(run)):
        line = answer.model_dump_json(exclude_defaults=True)
        sys.stdout.write(f"{line}\n")


def show_models(listed: Sequence[Listed], *, as_json: bool) -> None:
    """The models on stdout; where none was named, the forms of references and the providers."""
    if as_json:
        told = {"models": [_model_json(item) for item in listed]} if listed else _forms_json()
        sys.stdout.write(json.dumps(told) + "\n")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    if listed:
        _print_models(listed, console)
    else:
        _print_forms(console)


def _print_models(listed: Sequence[Listed], console: Console) -> None:
    table = _table("model", "role", "USD per million tokens", "price from")
    for item in listed:
        price = None if item.chosen.model is None else item.chosen.model.price
        source = "built in" if price is None else price.source
        table.add_row(item.chosen.ref, item.chosen.role or "", _rates(price), source)
    console.print(table)
    for line in _test_lines(listed):
        console.print(line, soft_wrap=True)


def _test_lines(listed: Sequence[Listed]) -> Iterator[str]:
    for item in listed:
        record = item.record
        if record is None:
            continue
        yield ""
        if item.failed:
            note = record.note.removeprefix(f"{item.chosen.ref}: ")
            yield f"{item.chosen.ref}: no answer ({record.outcome}): {note}"
        else:
            yield f"{item.chosen.ref}: {_shortened(item.answer)!r} after {record.seconds:.1f} s"
        yield f"  {_usage(record)}; {format_usd(record.amount)} USD"
        if record.note and not item.failed:
            yield f"  {record.note}"


def _usage(record: CallRecord) -> str:
    usage = record.usage
    if usage is None:
        return "usage not known"
    cached = f" ({usage.cache_read_tokens} cached)" if usage.cache_read_tokens else ""
    reasoning = f" ({usage.reasoning_tokens} reasoning)" if usage.reasoning_tokens else ""
    return f"{usage.input_tokens} tokens in{cached}, {usage.output_tokens} out{reasoning}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_ANSWER else f"{text[:_LONGEST_ANSWER]}..."


def _rates(price: Price | None) -> str:
    """The lowest rates of a price; a model may have dearer ones for long inputs, or by the hour."""
    if price is None or price.free:
        return "free"
    lowest = min(price.rates, key=lambda rates: rates.input.usd)
    more = len(price.rates) > 1 or lowest.input.tiers or lowest.output.tiers
    asked, answered = (rate.usd.normalize() for rate in (lowest.input, lowest.output))
    return f"{'from ' if more else ''}{asked:f} in, {answered:f} out"


def _print_forms(console: Console) -> None:
    forms = _table("reference", "what it is")
    for form, meaning in FORMS.items():
        forms.add_row(form, meaning)
    providers = _table("provider", "package", "key")
    for provider in PROVIDERS.values():
        package = "installed" if provider.installed else f"pip install {provider.package}"
        key = "set" if provider.key_set(os.environ) else "not set"
        providers.add_row(f"{provider.prefix}:", package, f"{' or '.join(provider.keys)}: {key}")
    console.print(forms, "", providers, sep="\n")


def _forms_json() -> dict[str, Any]:
    return {
        "forms": dict(FORMS),
        "providers": [
            {
                "prefix": provider.prefix,
                "package": provider.package,
                "installed": provider.installed,
                "keys": list(provider.keys),
                "key_set": provider.key_set(os.environ),
            }
            for provider in PROVIDERS.values()
        ],
    }


def _model_json(item: Listed) -> dict[str, Any]:
    model = item.chosen.model
    told: dict[str, Any] = {"ref": item.chosen.ref, "role": item.chosen.role}
    told["price"] = None if model is None else model.price.model_dump(mode="json")
    if item.record is not None:
        told["test"] = {
            "answered": not item.failed,
            "answer": item.answer,
            "outcome": item.record.outcome,
            "seconds": item.record.seconds,
            "usage": None if item.record.usage is None else item.record.usage.model_dump(),
            "cost_usd": format_usd(item.record.amount),
            "note": item.record.note,
        }
    return told


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
