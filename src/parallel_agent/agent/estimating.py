"""What a run may cost, before the first cent: for each model an answer's price, and how many fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from parallel_agent.agent.contracting import find_contract
from parallel_agent.agent.costs import expected_answer, least_output
from parallel_agent.agent.events import Event
from parallel_agent.agent.facts import facts_of
from parallel_agent.agent.funding import most_answers
from parallel_agent.agent.intake import read_source, take_in, with_contract_beside
from parallel_agent.agent.models import Models, bound, sorted_by_price
from parallel_agent.agent.paying import cap_of
from parallel_agent.budget.amount import amount_json
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.budget.ledger import Ledger
from parallel_agent.chat.bounds import request_bound
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.messages import ChatRequest
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.chat import coder_request
from parallel_agent.proposers.strategies import FREE_CHOICE
from parallel_agent.proposers.tasks import CoderTask
from parallel_agent.settings import Settings
from parallel_agent.toolchain import machine, sandbox
from parallel_agent.toolchain.compiler import Compiler


class ModelEstimate(BaseModel):
    """One model: money in US dollars, as decimal strings.

    ``answer_usd`` is what a first answer is expected to cost, ``bound_usd`` the most that it can
    and what is reserved for it; so it is with tokens and seconds, of which the expected ones are a
    guess at 30 tokens a second. ``answers`` is how many are expected to fit under the cap, at most
    as many as the effort asks for.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    price: str
    answer_usd: str
    answer_tokens: int
    answer_seconds: float
    bound_usd: str
    bound_tokens: int
    bound_seconds: float
    answers: int


class Estimate(BaseModel):
    """What a run may cost; never more than the caps, whatever is expected."""

    model_config = ConfigDict(frozen=True)

    cap_usd: str
    cap_tokens: int | None
    cap_seconds: float | None
    prompt_bytes: int
    most_answers: int
    models: tuple[ModelEstimate, ...]


def estimate(
    source: str | Path, given: Settings, listener: Callable[[Event], None] = lambda event: None
) -> Estimate:
    """Estimate a run of `optimize` without sending anything; only the contract is looked for.

    Raises what `optimize` raises before it times anything.
    """
    path = Path(source)
    chosen = with_contract_beside(given, path)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    models = Models(tuple(find_models(chosen.model, chosen.price)))
    compiler = Compiler.find(chosen.cxx, chosen.cxxflags)
    parsed = take_in(read_source(path), chosen.kernel, compiler)

    def tell(stage: str) -> None:
        listener(Event(kind="stage", message=stage))

    tell("finding the contract")
    contract = find_contract(parsed, compiler, chosen, tell).contract
    request = first_request(parsed, contract, chosen, compiler.version())
    return estimate_of(models, request, parsed.kernel.source, chosen)


def first_request(
    parsed: ParsedSource, contract: Contract, given: Settings, compiler: str, instead: str = ""
) -> ChatRequest:
    """What a coder is asked first, but for the original's times; ``instead`` of a contract's words."""
    facts = facts_of(parsed, contract, given, machine.describe(compiler))
    if instead:
        facts = facts.model_copy(update={"contract": instead})
    task = CoderTask(kernel=facts, strategy=FREE_CHOICE)
    return coder_request(task, given.max_output_tokens)


def estimate_of(models: Models, request: ChatRequest, source: str, given: Settings) -> Estimate:
    """The estimate for models that write candidates, the cheapest first."""
    cap, most = cap_of(given), most_answers(given)
    told = []
    for model in sorted_by_price(models.coders):
        expected = expected_answer(model.price, request.prompt_bytes, len(source.encode()))
        told.append(
            ModelEstimate(
                model=model.ref,
                price=model.price.source,
                **amount_json("answer", expected),
                **amount_json("bound", request_bound(model.price, request, given.request_seconds)),
                answers=math.floor(min(most, cap.pays_for(expected))),
            )
        )
    return Estimate(
        **amount_json("cap", cap),
        prompt_bytes=request.prompt_bytes,
        most_answers=most,
        models=tuple(told),
    )


def estimate_text(model: ModelEstimate, caps: Estimate) -> str:
    """One model's estimate in words: money, and what else has a cap."""
    about, most = [f"{model.answer_usd} USD"], [model.bound_usd]
    if caps.cap_tokens is not None:
        about.append(f"{model.answer_tokens} tokens")
        most.append(f"{model.bound_tokens} tokens")
    if caps.cap_seconds is not None:
        about.append(f"{model.answer_seconds:.0f} s")
        most.append(f"{model.bound_seconds:.0f} s")
    return (
        f"{model.model}: an answer costs about {', '.join(about)}, at most {', '.join(most)}; "
        f"the cap pays about {model.answers}"
    )


def check_affordable(
    models: Models, request: ChatRequest, source: str, ledger: Ledger, scope: str
) -> None:
    """Raise CapExceeded where not one answer of any of the models can be paid."""
    least, available = least_output(len(source.encode())), ledger.available(scope)
    bounds = [bound(model.price, request, least) for model in models.coders]
    if bounds and not any(available.holds(each) for each in bounds):
        raise CapExceeded(scope, min(bounds, key=available.share), available)
