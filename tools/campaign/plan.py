"""The dice of one trial: all that is drawn, from the seed alone."""

from __future__ import annotations

import random
from dataclasses import dataclass

from chat_provider.faults import DESCRIPTIONS

TIMEOUT_SECONDS = 0.5
"""What a worker gives a request by default: enough on a machine that is not very busy."""

_TIMEOUTS = {
    "rate-limited-seconds": (0.0, 0.1),
    "rate-limited-date": (0.0, 0.0),
    "slow": (0.1, 1.5),
    "late": (0.8, 1.5),
    "hang": (2.0, 2.0),
}
"""How long faults take, in timeouts of the worker: from, to."""

_RARE = {"hang": 0.2, "late": 0.3, "slow": 0.3, "huge": 0.3}
"""Weights of the faults that take long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One trial. Amounts are nano-dollars, times seconds.

    ``calls`` is how many logical requests each of the ``processes`` has, ``threads`` how many of
    them it makes at once, ``padding`` how many sentences a prompt has. ``fill`` is the share of the worst case that the cap allows for,
    ``branch_share`` the share of the cap that each process's own scope has, 0 for no cap of its own.
    ``token_fill`` and ``time_fill`` are as ``fill``, None for no cap on tokens or time.
    ``kills`` are (process, when); the process that is killed starts again with the same requests.
    """

    seed: str
    timeout: float
    processes: int
    calls: int
    threads: int
    price: str
    bytes_per_token: int
    padding: int
    max_output_tokens: int
    fill: float
    branch_share: float
    rates: dict[str, float]
    kills: tuple[tuple[int, float], ...]
    forfeits_at_once: bool
    """Whether a process that starts again forfeits what it left open, or leaves it to the end."""
    token_fill: float | None = None
    time_fill: float | None = None

    @classmethod
    def draw(cls, seed: str, processes: int, timeout: float = TIMEOUT_SECONDS) -> Plan:
        """The plan that this seed always gives."""
        dice = random.Random(seed)
        calls = dice.randint(1, 3)
        kills = [
            (dice.randrange(processes), dice.uniform(0.0, timeout))
            for _ in range(dice.randint(0, 4))
        ]
        return cls(
            seed=seed,
            timeout=timeout,
            processes=processes,
            calls=calls,
            threads=dice.randint(1, calls),
            price=f"{dice.randint(1, 9999) / 1000},{dice.randint(1, 9999) / 1000}",
            bytes_per_token=dice.choice((1, 1, 4)),
            padding=dice.choice((0, 10, 100)),
            max_output_tokens=dice.choice((1, 8, 18, 4000)),
            fill=dice.choice((0.3, 0.6, 1.0, 3.0)),
            branch_share=dice.choice((0.0, 0.0, 0.5)),
            rates=_rates(dice, timeout),
            kills=tuple(sorted(kills, key=lambda kill: kill[1])),
            forfeits_at_once=dice.random() < 0.5,
            token_fill=dice.choice((None, None, 0.3, 1.0, 3.0)),
            time_fill=dice.choice((None, None, 0.3, 0.6, 1.0)),
        )

    @property
    def requests(self) -> int:
        """How many logical requests there are."""
        return self.processes * self.calls


def _rates(dice: random.Random, timeout: float) -> dict[str, float]:
    """Some faults, with rates that add up to less than 1; of four trials one ignores output caps."""
    names = [name for name in DESCRIPTIONS if name != "over-cap"]
    chosen = dice.sample(names, dice.randint(0, 6))
    if dice.random() < 0.25:
        chosen.append("over-cap")
    weights = {name: dice.random() * _RARE.get(name, 1.0) for name in chosen}
    total = dice.uniform(0.2, 0.95)
    whole = sum(weights.values()) or 1.0
    rates = {}
    for name, weight in weights.items():
        if name in _TIMEOUTS:
            name += f";seconds={timeout * dice.uniform(*_TIMEOUTS[name]):.3f}"
        rates[name] = total * weight / whole
    return rates
