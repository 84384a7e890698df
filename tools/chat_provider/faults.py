"""What the provider can do wrong, by name, and who decides when: a command, or seeded dice."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNBILLED = {
    "unauthorized": "401; the message repeats the key, as that of a careless provider would",
    "rate-limited": "429 without Retry-After",
    "rate-limited-seconds": "429 with Retry-After: SECONDS (default 1)",
    "rate-limited-date": "429 with Retry-After: the date in SECONDS (default 1)",
    "server-error": "500, before any work",
    "unavailable": "503",
    "redirect": "307 to another path of this server, which answers",
    "hang-up": "closes the connection without a byte, nothing done",
    "hang": "never answers, nothing done (SECONDS, default 600, or until the client leaves)",
}
"""Faults before the work: nothing is charged."""

BILLED = {
    "server-error-billed": "500, after the work",
    "bad-gateway-billed": "502, after the work",
    "unavailable-billed": "503 of a gateway, after the work",
    "hang-up-billed": "closes the connection without a byte, after the work",
    "cut": "closes the connection in the middle of the body",
    "invalid-json": "a body that is no JSON",
    "empty": "200 with nothing in it",
    "wrong-type": "a good answer that says it is text/html",
    "huge": "8 MiB of blanks around the answer",
    "error-in-body": "200 with an error object in place of the answer",
    "no-usage": "does not tell the usage",
    "zero-usage": "says that it took no tokens",
    "over-cap": "ignores the output cap: more than twice as many tokens, all of them charged",
    "reasoning": "most of the output is reasoning that is not shown",
    "cached": "half of the input came from the cache",
    "cached-inconsistent": "says that more input came from the cache than there was",
    "truncated": "half the text, finish_reason length",
    "slow": "the answer drips for SECONDS (default 5)",
    "late": "works for SECONDS (default 30), charges, and answers whoever is still there",
}
"""Faults during or after the work: the request is charged."""

DESCRIPTIONS = UNBILLED | BILLED
_SECONDS = {"hang": 600.0, "slow": 5.0, "late": 30.0}


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour; ``seconds`` means what its description says."""

    name: str
    seconds: float

    @classmethod
    def of(cls, name: str, seconds: float | None = None) -> Fault:
        """Name a fault.

        Raises:
            ValueError: there is none of that name.
        """
        if name not in DESCRIPTIONS:
            raise ValueError(f"no fault is called {name!r}; there are {', '.join(DESCRIPTIONS)}")
        return cls(name, _SECONDS.get(name, 1.0) if seconds is None else float(seconds))

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``NAME`` or ``NAME;seconds=2``; ValueError for anything else."""
        name, _, rest = text.partition(";")
        word, _, seconds = rest.strip().partition("=")
        if rest and word != "seconds":
            raise ValueError(f"a fault is NAME or NAME;seconds=NUMBER: {text!r}")
        return cls.of(name.strip(), float(seconds) if rest else None)

    @classmethod
    def read(cls, data: Any) -> Fault:
        """Read a fault as JSON has it: the text, or an object with ``fault`` and ``seconds``."""
        if isinstance(data, Mapping):
            return cls.of(str(data.get("fault")), data.get("seconds"))
        return cls.parse(str(data))


class Dice:
    """Faults at random, the same ones for the same seed whatever order requests arrive in.

    ``rates`` maps faults to their probabilities, which add up to at most 1.
    """

    def __init__(self, rates: Mapping[Fault, float] | None = None, seed: int = 0) -> None:
        self._rates = dict(rates or {})
        self._seed = seed
        if sum(self._rates.values()) > 1 + 1e-9 or min(self._rates.values(), default=0) < 0:
            raise ValueError("the rates of faults are probabilities that add up to at most 1")

    def throw(self, label: str, count: int) -> Fault | None:
        """The fault for a label that is asked for the ``count``-th time; mostly none."""
        dice = random.Random(f"{self._seed}/{label}/{count}").random()
        for fault, rate in self._rates.items():
            dice -= rate
            if dice < 0:
                return fault
        return None
