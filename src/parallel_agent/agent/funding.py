"""Whom to pay: what the policy sees of a run, what it may choose from, and the moves it funds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from parallel_agent.agent.context import Context
from parallel_agent.agent.costs import cost_of_record, costs_of, expected_cost, least_output
from parallel_agent.agent.facts import best_of, kernel_facts
from parallel_agent.agent.models import fitting_output
from parallel_agent.agent.serving import gone
from parallel_agent.agent.state import ORIGINAL, CandidateRecord, Known, Move, TrialRecord
from parallel_agent.budget.allocation import Action, Decision, Option, Standing, Trial, View
from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.policy import POLICIES
from parallel_agent.chat.bounds import LEAST_TIME, request_bound
from parallel_agent.chat.messages import ChatRequest
from parallel_agent.chat.model import ChatModel
from parallel_agent.proposers.chat import coder_request
from parallel_agent.proposers.strategies import STRATEGIES
from parallel_agent.proposers.tasks import CoderTask
from parallel_agent.settings import Settings

ANSWERS = {"quick": 6, "normal": 24, "thorough": 200}
"""Answers of chat models asked for at most, by effort, unless the settings say how many."""
NO_MONEY = "no_money"
"""The failure of an answer that was not asked for, because it did not fit the cap."""
NO_SERVER = "no_server"
"""The failure of an answer that was not asked for, because the model's server was gone."""
DUPLICATE = "duplicate"
"""The failure of an answer that was there before."""
FAILURES = 3
"""Answers in a row that a model may fail to give before it is not asked any more."""
STEPS = 1000
"""Seeds of decisions within a branch begin here, far from those of rounds."""

_LONGEST_STRATEGY = "-" * max(600, *(len(words) for words in STRATEGIES.values()))
"""As long as any that a model is told to pursue, for a bound that holds."""
_REFINE_BYTES = 3000
"""What a refinement's prompt has more than a first one's, beside the parent's source."""


@dataclass(frozen=True)
class Offer:
    """An option with what it takes to carry it out."""

    option: Option
    model: ChatModel
    max_output_tokens: int


@dataclass(frozen=True)
class Funded:
    """What the policy decided, and the offers that it funded."""

    offers: tuple[Offer, ...]
    decision: Decision


@dataclass(frozen=True)
class Account:
    """A scope of the ledger that pays."""

    ledger: Ledger
    scope: str

    @property
    def available(self) -> Cap:
        """What may be reserved now."""
        return self.ledger.available(self.scope)


class Market:
    """What can be bought for one kernel, as it stands, with what has a cap."""

    def __init__(self, context: Context, known: Known, name: str = "") -> None:
        """``name`` tells the kernel from others in a set. SourceTooLong where no model is shown it."""
        self._context = context
        self._name = name
        self._trials = [t for t in known["trials"] if t["failure"] not in (NO_MONEY, NO_SERVER)]
        self._best = known["best_speedup"]
        self._facts = kernel_facts(context)
        self._least = least_output(len(self._facts.source.encode()))
        self._available = Account(context.ledger, context.scope).available
        self._request = coder_request(
            CoderTask(
                kernel=self._facts,
                strategy=_LONGEST_STRATEGY,
                best=best_of(context, known),
                lessons=tuple(known["lessons"]),
            ),
            context.settings.max_output_tokens,
        )

    @property
    def kernel(self) -> str:
        """Its name for the policy."""
        return self._name or self._facts.name

    @property
    def prompt_bytes(self) -> int:
        """Of the request for a first answer."""
        return self._request.prompt_bytes

    def new(self, strategies: Sequence[str], width: int = 1) -> Iterator[Offer]:
        """New starts: every model with every strategy, so often that ``width`` can be funded."""
        models = self._models()
        copies = math.ceil(width / max(1, len(strategies) * len(models)))
        for copy, strategy, model in itertools.product(range(copies), strategies, models):
            yield self._offer(
                model, "new", strategy, f"{strategy}#{copy + 1}" if copy else strategy
            )

    def refine(self, record: CandidateRecord) -> Iterator[Offer]:
        """Another step from a candidate, by every model."""
        source = self._context.folder.read("candidates", record["id"], "candidate.cpp")
        extra = len(source.encode()) + _REFINE_BYTES
        for model in self._models():
            yield self._offer(
                model, "refine", record["strategy"], record["id"], parent=record["id"], extra=extra
            )

    @property
    def standing(self) -> Standing:
        """How the kernel stands."""
        ceiling = self._context.study.ceiling
        return Standing(self.kernel, max(1.0, self._best), ceiling)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What came of the answers so far."""
        return tuple(_trial(self.kernel, trial) for trial in self._trials)

    def decide(self, offers: Sequence[Offer], turn: int, width: int) -> Funded:
        """Let the policy fund up to ``width`` of the offers; the same for the same state and turn."""
        context = self._context
        account = Account(context.ledger, context.scope)
        return decide([self], offers, context.settings, account, turn=turn, width=width)

    def expected(self, model: ChatModel, action: Action, prompt_bytes: int) -> Amount:
        """What an answer is expected to take: the mean of those before, else by its length.

        Of what has a cap alone.
        """
        source_bytes = len(self._facts.source.encode())
        cost = expected_cost(self._trials, model, action, prompt_bytes, source_bytes)
        return self._available.bounded(cost)

    def share(self, amount: Amount) -> float:
        """The largest part that it takes of what is left of anything."""
        return self._available.share(amount)

    def _models(self) -> list[ChatModel]:
        return [m for m in self._context.models.coders if not self._given_up(m.ref)]

    def _given_up(self, ref: str) -> bool:
        """Whether a model refused, was dropped, or did not answer several times in a row."""
        failures = [t["failure"] for t in self._trials if t["model"] == ref]
        refused = "refused" in failures or ref in self._context.door.dropped
        refused = refused or gone(self._context.settings, ref)
        last = failures[-FAILURES:]
        return refused or (len(last) == FAILURES and not {"", DUPLICATE} & set(last))

    def _offer(
        self,
        model: ChatModel,
        action: Action,
        strategy: str,
        label: str,
        *,
        parent: str = "",
        extra: int = 0,
    ) -> Offer:
        """An offer whose prompt is longer than a first one's by so many bytes."""
        request = self._request
        longer = request.messages[-1].model_copy(
            update={"content": request.messages[-1].content + " " * extra}
        )
        request = request.model_copy(update={"messages": (*request.messages[:-1], longer)})
        tokens = fitting_output(model.price, request, self._available, self._least)
        if tokens == 0:
            tokens = self._least  # shown to the policy, which finds that it does not fit
        expected = self.expected(model, action, request.prompt_bytes)
        most = self._most(model, request, tokens, expected)
        option = Option(
            id=":".join(filter(None, (self._name, action, model.ref, label))),
            kernel=self.kernel,
            model=model.ref,
            action=action,
            strategy=strategy,
            parent=parent,
            cost=expected.at_most(most),
            bound=most,
        )
        return Offer(option, model, tokens)

    def _most(
        self, model: ChatModel, request: ChatRequest, tokens: int, expected: Amount
    ) -> Amount:
        """The most that a request may take of what has a cap.

        Where less time is left than a request is given, it has that; but none is made of a model
        that has not answered in as little before.
        """
        whole = request_bound(model.price, request, self._context.settings.request_seconds, tokens)
        answered = expected.milliseconds if costs_of(self._trials, model.ref) else 0
        shortest = max(LEAST_TIME, answered)
        least = replace(whole, milliseconds=min(shortest, whole.milliseconds))
        return self._available.bounded(self._available.cut(whole, least))

    def tell(self, decision: Decision) -> None:
        """Make an event of everything that is carried out of a decision."""
        for funding in decision.funded:
            self._context.emit(
                "funding",
                f"{funding.option.id}: {funding.why}",
                option=funding.option.id,
                why=funding.why,
                numbers=dict(funding.numbers),
            )
        for option, why in decision.pruned:
            self._context.emit("funding", f"{option} is pruned: {why}", option=option, why=why)
        if decision.stop:
            self._context.emit("note", f"no more answers are asked for: {decision.stop}")


def decide(
    markets: Sequence[Market],
    offers: Sequence[Offer],
    given: Settings,
    account: Account,
    *,
    turn: int,
    width: int,
) -> Funded:
    """Let the policy choose among offers for one kernel or several; ``account`` pays for them.

    The same for the same state and ``turn``. At most ``width`` offers are funded.
    """
    sums, available = account.ledger.sums(account.scope), account.available
    view = View(
        cap=available.plus(sums.spent).changed(sums.cap),
        spent=sums.spent,
        available=available,
        standings=tuple(market.standing for market in markets),
        trials=tuple(trial for market in markets for trial in market.trials),
        options=tuple(offer.option for offer in offers),
        width=width,
    )
    by_id = {offer.option.id: offer for offer in offers}
    decision = POLICIES[given.policy].decide(view, np.random.default_rng([given.seed, 5000, turn]))
    return Funded(tuple(by_id[f.option.id] for f in decision.funded), decision)


def most_answers(given: Settings) -> int:
    """How many answers of chat models a run asks for at most."""
    return ANSWERS[given.effort] if given.answers is None else given.answers


def branch_move(offer: Offer, number: int) -> Move:
    """The move that carries out an offer, the ``number``-th of a chat model in the run."""
    option = offer.option
    return Move(
        branch=f"{_label(option.strategy)}-{number}",
        strategy=option.strategy,
        variant="",
        proposer=offer.model.ref,
        parent=option.parent or ORIGINAL,
        options={"max_output_tokens": offer.max_output_tokens},
    )


def _trial(kernel: str, record: TrialRecord) -> Trial:
    return Trial(
        kernel=kernel,
        model=record["model"],
        action="refine" if record["action"] == "refine" else "new",
        strategy=record["strategy"],
        parent=record["parent"].replace(ORIGINAL, ""),
        cost=cost_of_record(record),
        accepted=record["accepted"],
        speedup=record["speedup"],
        candidate=record["candidate"],
    )


def _label(strategy: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in strategy.lower()).split()
    return "_".join(words[:3]) or "model"
