"""How far a suite is: kernels done, the score so far, money and time left."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

from parallel_agent.agent.events import Event
from parallel_agent.budget.amount import spent_text
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.money import format_usd
from parallel_agent.suites.member import Member

KernelListener = Callable[[str, Event], None]
Step = Callable[[], None]


class Teller:
    """Makes an event of every phase of a suite that begins, and of every step that has ended."""

    def __init__(self, members: Sequence[Member], ledger: Ledger, listener: KernelListener) -> None:
        self._members = members
        self._ledger = ledger
        self._listener = listener
        self._telling = threading.Lock()

    def told(self, phase: str, steps: Sequence[tuple[str, Step]]) -> list[Step]:
        """The steps of kernels by name, each telling how far the phase is when it has ended."""
        began, done = time.monotonic(), 0

        def counted(name: str, step: Step) -> Step:
            def counting() -> None:
                nonlocal done
                step()
                with self._telling:
                    done += 1
                    self._tell(phase, name, done, len(steps), time.monotonic() - began)

            return counting

        if steps:
            self._tell(phase, "", 0, len(steps), 0.0)
        return [counted(name, step) for name, step in steps]

    def _tell(self, phase: str, name: str, done: int, of: int, seconds: float) -> None:
        sums = self._ledger.sums()
        left = sums.cap.minus(sums.spent).whole()
        caps = f"{spent_text(left, sums.cap)} left"
        score = math.exp(
            math.fsum(math.log(max(1.0, member.run.best)) for member in self._members)
            / max(1, len(self._members))
        )
        to_go = seconds / done * (of - done) if done else None
        text = f"{phase}: {done} of {of} done, score so far {score:.2f}, {caps}"
        if to_go:
            text += f", about {_minutes(to_go)} to go"
        data = {"phase": phase, "kernel": name, "done": done, "of": of, "score": score}
        data |= {"seconds_left": to_go, "left_usd": format_usd(left.nano_usd)}
        self._listener("", Event(kind="suite", message=text, data=data))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
