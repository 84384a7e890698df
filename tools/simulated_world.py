"""A world in which policies can be compared without a model: answers are drawn from a table.

What is real: the answers, how often each was given, how long it is, whether it passes our gates, and
how fast it is. What is assumed is in `Assumptions`, all of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.random import Generator

from parallel_agent.budget.allocation import Action, Option, Standing, Trial, View
from parallel_agent.budget.amount import NOTHING, Amount, Cap
from parallel_agent.budget.money import NANO_PER_USD, NanoUSD
from parallel_agent.budget.policy import Policy
from recorded_answers import Answer, Evaluated

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class SimulatedModel:
    """A model: US dollars per million tokens, and how good it is.

    An answer is the best of ``draws`` from the recorded ones. If all of them are wrong, it is with
    probability ``rescue`` a right one after all, as fast as a recorded right answer to any kernel.
    """

    name: str
    input_price: float
    output_price: float
    draws: int = 1
    rescue: float = 0.0

    def price(self, input_tokens: int, output_tokens: int) -> NanoUSD:
        """Rounded up."""
        usd = (input_tokens * self.input_price + output_tokens * self.output_price) / 1e6
        return math.ceil(usd * NANO_PER_USD)


@dataclass(frozen=True)
class Assumptions:
    """Everything that was not recorded.

    The prices are those of a small and of a large model of 2025 (gpt-4o-mini, gpt-4o).
    ``feedback``: the probability that a refinement or repair makes something of what was found: it
    is then the best of its parent and two draws, else one draw as any other.
    """

    cheap: SimulatedModel = SimulatedModel("cheap", 0.15, 0.60)
    dear: SimulatedModel = SimulatedModel("dear", 2.50, 10.00, draws=3, rescue=0.5)
    feedback: float = 0.3
    instruction_tokens: int = 1000
    finding_tokens: int = 400
    expected_output_tokens: int = 300
    max_output_tokens: int = 2048
    width: int = 3

    def sentences(self) -> list[str]:
        """For people."""
        models = [
            f"{m.name}: {m.input_price:g} / {m.output_price:g} USD per million tokens in / out, "
            f"best of {m.draws}, rescues {m.rescue:.0%} of its wrong answers"
            for m in (self.cheap, self.dear)
        ]
        return [
            *models,
            f"a refinement or repair is the best of parent and two draws in {self.feedback:.0%} of "
            "cases, else a draw as any other",
            f"a prompt is the source, {self.instruction_tokens} tokens of instructions, and to "
            f"refine the parent with {self.finding_tokens} tokens of findings",
            f"{CHARACTERS_PER_TOKEN} characters a token, answers of at most "
            f"{self.max_output_tokens} tokens, {self.width} requests at a time",
            "an answer that was given before is paid for all the same",
        ]


@dataclass(frozen=True)
class World:
    """Kernels with the answers that may come."""

    kernels: tuple[Evaluated, ...]
    assumptions: Assumptions = field(default_factory=Assumptions)

    @cached_property
    def right(self) -> list[Answer]:
        """Every right answer to any kernel, as often as it was given."""
        answers = [answer for kernel in self.kernels for answer in kernel.answers]
        return [a for a in answers if a.accepted for _ in range(a.count)]

    @cached_property
    def shares(self) -> list[list[float]]:
        """For each kernel the cumulative probabilities of its answers."""
        counts = [[answer.count for answer in kernel.answers] for kernel in self.kernels]
        return [(np.cumsum(c) / sum(c)).tolist() for c in counts]

    def draw(
        self, kernel: int, model: SimulatedModel, parent: Answer | None, rng: Generator
    ) -> Answer:
        """One answer."""
        answer = self._best(kernel, model.draws, rng)
        if not answer.accepted and self.right and rng.random() < model.rescue:
            answer = self.right[int(rng.integers(len(self.right)))]
        if parent is not None and rng.random() < self.assumptions.feedback:
            return max(answer, self._best(kernel, model.draws, rng), parent, key=quality)
        return answer

    def _best(self, kernel: int, draws: int, rng: Generator) -> Answer:
        answers, shares = self.kernels[kernel].answers, self.shares[kernel]
        drawn = np.searchsorted(shares, rng.random(draws), side="right")
        return max((answers[min(i, len(answers) - 1)] for i in drawn), key=quality)


def quality(answer: Answer) -> tuple[bool, float]:
    """Right before wrong, fast before slow."""
    return (answer.accepted, answer.speedup if answer.accepted else 0.0)


@dataclass(frozen=True)
class Played:
    """What a policy made of its budget: the score of the set, and what was paid."""

    score: float
    spent: NanoUSD
    answers: int


def play(world: World, policy: Policy, cap: NanoUSD, seed: int) -> Played:
    """Let a policy spend up to ``cap`` in a world; the same for the same seed.

    The n-th answer of a model to a kernel is drawn with the same random numbers whoever asks for
    it, so that policies differ by what they decide more than by luck.
    """
    run = _Run(world, seed)
    for step in range(1_000_000):
        view = run.view(cap)
        decision = policy.decide(view, np.random.default_rng([seed, 1, step]))
        run.pruned.update(name for name, _ in decision.pruned)
        bounds = (funding.option.bound for funding in decision.funded)
        if not view.available.holds(sum(bounds, NOTHING)):
            raise AssertionError(f"{policy.name} funded more than there was")
        if not decision.funded:
            break
        for funding in decision.funded:
            run.ask(funding.option)
    logs = [math.log(best) for best in run.best]
    return Played(math.exp(math.fsum(logs) / len(logs)), run.spent, len(run.trials))


class _Run:
    """The state of a simulated run."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed
        self._numbers = {kernel.name: i for i, kernel in enumerate(world.kernels)}
        self._models = {m.name: m for m in (world.assumptions.cheap, world.assumptions.dear)}
        self._answers: dict[str, dict[str, Answer]] = {kernel.name: {} for kernel in world.kernels}
        self._given: dict[str, Answer] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self._latest: dict[str, str] = {}
        self.best = [1.0] * len(world.kernels)
        self.trials: list[Trial] = []
        self.pruned: set[str] = set()
        self.spent: NanoUSD = 0

    def view(self, cap: NanoUSD) -> View:
        names = [kernel.name for kernel in self._world.kernels]
        options = [option for name in names for option in self._options(name)]
        return View(
            cap=Cap(cap),
            spent=Amount(self.spent),
            available=Cap(cap - self.spent),
            standings=tuple(Standing(n, b) for n, b in zip(names, self.best, strict=True)),
            trials=tuple(self.trials),
            options=tuple(option for option in options if option.id not in self.pruned),
            width=self._world.assumptions.width,
        )

    def ask(self, option: Option) -> None:
        """Pay for an answer, and look at it as the gates and the profiler do."""
        kernel, model = self._numbers[option.kernel], self._models[option.model]
        asked = self._asked.get((option.kernel, option.model), 0)
        self._asked[option.kernel, option.model] = asked + 1
        which = list(self._models).index(option.model)
        rng = np.random.default_rng([self._seed, 2, kernel, which, asked])
        answer = self._world.draw(kernel, model, self._given.get(option.parent), rng)
        length = min(answer.output_tokens, self._world.assumptions.max_output_tokens)
        cost = model.price(self._input_tokens(kernel, option.parent), length)
        candidate = self._name(option.kernel, answer)
        self.trials.append(
            Trial(
                kernel=option.kernel,
                model=option.model,
                action=option.action,
                strategy=option.strategy,
                parent=option.parent,
                cost=Amount(cost),
                accepted=answer.accepted,
                speedup=answer.speedup,
                candidate=candidate,
            )
        )
        self.spent += cost
        before = self._given.get(self._latest.get(option.kernel, ""))
        if before is None or quality(answer) >= quality(before):
            self._latest[option.kernel] = candidate
        if answer.accepted:
            self.best[kernel] = max(self.best[kernel], answer.speedup)

    def _name(self, kernel: str, answer: Answer) -> str:
        """The candidate's name: that of before if the same answer was given before."""
        for name, before in self._answers[kernel].items():
            if before is answer:
                return name
        name = f"{kernel}/{len(self._answers[kernel])}"
        self._answers[kernel][name] = self._given[name] = answer
        return name

    def _options(self, kernel: str) -> list[Option]:
        """A new start by each model, and a step on from the best candidate, or the last wrong one."""
        options = []
        for model in self._models.values():
            options.append(self._option(kernel, model, "new", ""))
            if kernel in self._latest:
                options.append(self._option(kernel, model, "refine", self._latest[kernel]))
        return options

    def _option(self, kernel: str, model: SimulatedModel, action: Action, parent: str) -> Option:
        assumed = self._world.assumptions
        tokens = self._input_tokens(self._numbers[kernel], parent)
        return Option(
            id=f"{kernel} {model.name} {parent or action}",
            kernel=kernel,
            model=model.name,
            action=action,
            strategy="any",
            parent=parent,
            cost=Amount(model.price(tokens, assumed.expected_output_tokens)),
            # As the real upper bound: a token for every byte of the prompt.
            bound=Amount(model.price(tokens * CHARACTERS_PER_TOKEN, assumed.max_output_tokens)),
        )

    def _input_tokens(self, kernel: int, parent: str) -> int:
        assumed = self._world.assumptions
        tokens = self._world.kernels[kernel].characters // CHARACTERS_PER_TOKEN
        tokens += assumed.instruction_tokens
        if parent:
            tokens += assumed.finding_tokens + self._given[parent].output_tokens
        return tokens


def synthetic_world(
    seed: Sequence[int], assumptions: Assumptions, kernels: int = 24, samples: int = 20
) -> World:
    """A made-up table: a third of the answers right, a third of those slower than the original.

    Kernels differ in how often they are got right (Beta(0.4, 0.8): mostly nearly always or hardly
    ever) and in what can be gained (log-normal around 1.3), the answers to one kernel less so.
    """
    rng = np.random.default_rng(seed)
    made = []
    for number in range(kernels):
        chance, center = rng.beta(0.4, 0.8), rng.normal(math.log(1.3), 0.5)
        counts = rng.multinomial(samples, rng.dirichlet([0.5] * int(rng.integers(2, 17))))
        answers = []
        for count in counts[counts > 0]:
            speedup = math.exp(rng.normal(center, 0.25))
            tokens = int(rng.integers(100, 500))
            answers.append(Answer(int(count), tokens, bool(rng.random() < chance), speedup))
        made.append(
            Evaluated(f"synthetic{number:02}", int(rng.integers(300, 2000)), tuple(answers))
        )
    return World(tuple(made), assumptions)
