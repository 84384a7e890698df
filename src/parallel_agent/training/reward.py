"""A reward for reinforcement learning: what our gates and our clock say of a model's answer.

With s the verified speedup of an answer over the original, the reward is

    log(s), at most `MOST`                   for a version that passed every gate and is faster
    0                                        for one that is as fast, the original itself among them
    `STEPS`[outcome], below 0                for everything else

Sums of log(s) over kernels are the logarithm of the contest's score, the geometric mean of speedups
(P. J. Fleming, J. J. Wallace: How not to lie with statistics, CACM 29(3), 1986), and twice as fast
is worth the same from wherever one starts. Below 0 the steps go up as an answer comes nearer to one
that counts, so that a model that cannot write C++ yet has something to climb; what reaches out of
the kernel is worth no more than no answer at all.

"Faster" is beyond the machine's noise, at some size and in the mean, and slower at none. The same
text, and another text with the same machine code, gets the same verdict: asking again does not help.
"""

from __future__ import annotations

import itertools
import json
import math
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from parallel_agent.agent.contracting import BuildError
from parallel_agent.chat.messages import ChatReply
from parallel_agent.kernel.contract import ContractError
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import SourceError
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.reply import read_answer
from parallel_agent.settings import Settings, SettingsError, load_settings
from parallel_agent.suites.outputs import check_writable
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.errors import WorkerError
from parallel_agent.toolchain.pool import Pool
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector
from parallel_agent.training.judging import Judge, Judged, Outcome, SameCode, name_of

MOST = 5.0
"""The reward of a version 148 times as fast, and of all that are faster yet."""
STEPS: Mapping[Outcome, float] = {
    "no answer": -1.0,
    "forbidden": -1.0,
    "does not compile": -0.8,
    "wrong": -0.6,
    "timeout": -0.6,
    "racy": -0.5,
    "slower": -0.2,
    "unchanged": 0.0,
}
"""The rewards of what is not faster, by outcome."""
OPEN_KERNELS = 8
"""Kernels that are kept ready, the last ones asked for: each holds answers of its original."""
_UNFIT = (BuildError, ContractError, ContractNeeded, SettingsError, SourceError, WorkerError)
"""What is wrong with a kernel, not with an answer: then there is no reward."""
_OF_NO_RUN = {"model": ("rules",), "contract": None, "kernel": None, "out": None}
"""Settings that are for one run, or ask models: what a user's environment says of them is passed over."""

Completion = str | Sequence[Mapping[str, Any]]
"""An answer as trl hands it over: a text, or messages."""


def value_of(judged: Judged) -> float:
    """The reward of a verdict, in nats from -1 to `MOST`."""
    if judged.outcome != "faster":
        return STEPS[judged.outcome]
    assert judged.speedup is not None
    return min(MOST, max(0.0, math.log(judged.speedup)))


class Asked(NamedTuple):
    """A kernel: its file, its contract as TOML, its function's name; empty: found by ourselves."""

    source: str
    contract: str
    name: str


class Reward:
    """The reward function, in the shape that trl's GRPOTrainer and RLOOTrainer take.

    ``reward(prompts, completions, src_code=[…], contract=[…], kernel=[…])`` gives a number for each
    completion, or None where the kernel itself cannot be judged with. The columns are those that
    ``parallel-agent export --format grpo`` writes; ``contract`` and ``kernel`` may be missing or
    empty. Each verdict is a line in the file ``log``.

    Gates of several answers run side by side; timings are made one at a time on the machine, also
    where several processes train. ``seconds`` is the work that judging one answer may take, waiting
    not counted. ``settings`` are those of a run, by name: ``threads=4, effort="normal"``; the effort
    is quick without it.
    """

    def __init__(
        self, *, log: Path | str | None = None, seconds: float = 300.0, **settings: Any
    ) -> None:
        """Raises SettingsError, CompilerMissing, SandboxUnavailable.

        Also SettingsError where no race detector is installed: without one, a race pays. With
        ``require_race_check=False`` this is accepted.
        """
        given = load_settings(**{"effort": "quick", "require_race_check": True, **settings})
        self._given = given.model_copy(update=_OF_NO_RUN)
        _check_machine(self._given)
        if not seconds > 0:
            raise SettingsError(f"seconds: {seconds} is not above 0")
        self._seconds = seconds
        self._log = None if log is None else Path(log)
        if self._log is not None:
            check_writable(self._log, "log")
        self._folder = Path(tempfile.mkdtemp(prefix="parallel-agent-reward-"))
        self._pool = Pool(max(2, self._given.thread_count), "reward")
        self._kernels: dict[Asked, Future[Judge]] = {}
        self._verdicts: dict[tuple[Asked, str], Future[Judged]] = {}
        self._numbers = itertools.count(1)
        self._turn, self._opening, self._logging = (threading.Lock() for _ in range(3))
        self.__name__ = "verified_speedup"
        """What trl calls it in its metrics."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is at work, and remove what was built."""
        self._pool.shutdown(cancel_futures=True)
        self._close_all_but(0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __call__(
        self, prompts: Sequence[Any], completions: Sequence[Completion], **columns: Any
    ) -> list[float | None]:
        """The rewards of some answers. Raises SettingsError where the column ``src_code`` is missing."""
        if columns.get("src_code") is None:
            raise SettingsError(
                "the data has no column src_code, the kernel that answers are judged by",
                "Train on what 'parallel-agent export RUN --format grpo' writes",
            )
        count = len(completions)
        empty = [""] * count
        texts = (
            columns["src_code"],
            columns.get("contract") or empty,
            columns.get("kernel") or empty,
        )
        asked = [Asked(*(text or "" for text in row)) for row in zip(*texts, strict=True)]
        judged = self.judge_all(asked, completions)
        _tell_trainer(judged, columns)
        return [None if found is None else value_of(found) for found in judged]

    def judge(
        self, kernel_source: str, completion: Completion, *, contract: str = "", kernel: str = ""
    ) -> Judged:
        """The verdict on one answer, with its evidence.

        Raises SourceError, ContractError, ContractNeeded, BuildError or WorkerError for a kernel that
        cannot be judged with.
        """
        asked = Asked(kernel_source, contract, kernel)
        found = self.judge_all([asked], [completion])[0]
        if found is None:
            error = self._kernels[asked].exception()
            assert error is not None
            raise error
        return found

    def score(
        self, kernel_source: str, completion: Completion, *, contract: str = "", kernel: str = ""
    ) -> float:
        """The reward of one answer. Raises what `judge` raises."""
        return value_of(self.judge(kernel_source, completion, contract=contract, kernel=kernel))

    def judge_all(
        self, asked: Sequence[Asked], completions: Sequence[Completion]
    ) -> list[Judged | None]:
        """The verdicts on some answers, each to its kernel; None where this cannot be judged with."""
        with self._turn:
            waiting = [
                self._pool.submit(self._verdict, each, text_of(completion))
                for each, completion in zip(asked, completions, strict=True)
            ]
            found = [each.result() for each in waiting]
            self._close_all_but(OPEN_KERNELS)
        return found

    def _verdict(self, asked: Asked, text: str) -> Judged | None:
        """The verdict on one answer; a kernel is opened only for what can be read."""
        try:
            name = asked.name or self._opened(asked).kernel.name
            answer = read_answer(ChatReply(text=text, usage=None), name, asked.source)
            if answer.source.strip() == asked.source.strip():
                judged = Judged(outcome="unchanged", detail="the original itself")
            else:
                judged = self._once(asked, self._opened(asked), answer.source)
            self._write(asked, text=text, judged=judged, answer=name_of(answer.source))
        except FormatError as error:
            judged = Judged(outcome="no answer", detail=str(error))
            self._write(asked, text=text, judged=judged)
        except _UNFIT:
            return None
        return judged

    def _opened(self, asked: Asked) -> Judge:
        """The kernel's judge; the first thread that asks for it opens it.

        The last one used is the last in the dictionary.
        """
        mine: Future[Judge] = Future()
        with self._opening:
            first = self._kernels.pop(asked, mine)
            self._kernels[asked] = first
        if first is mine:
            try:
                mine.set_result(self._judge_of(asked, self._folder / str(next(self._numbers))))
            except BaseException as error:
                mine.set_exception(error)
        return first.result()

    def _judge_of(self, asked: Asked, root: Path) -> Judge:
        given = self._given.model_copy(update={"kernel": asked.name or None})
        if asked.contract:
            contract = root.with_suffix(".toml")
            contract.write_text(asked.contract, encoding="utf-8")
            given = given.model_copy(update={"contract": contract})
        try:
            return Judge(asked.source, given, root)
        except _UNFIT as error:
            self._write(asked, kernel_error=f"{type(error).__name__}: {error}")
            raise

    def _close_all_but(self, last: int) -> None:
        """Close all kernels but the last ones; those that could not be opened are remembered."""
        ready = [key for key, judge in self._kernels.items() if judge.exception() is None]
        for asked in ready[: max(0, len(ready) - last)]:
            self._kernels.pop(asked).result().close()

    def _once(self, asked: Asked, judge: Judge, source: str) -> Judged:
        """The verdict on a text, found once; that on other machine code like it is the same."""
        mine: Future[Judged] = Future()
        first = self._verdicts.setdefault((asked, name_of(source)), mine)
        if first is mine:
            try:
                mine.set_result(judge.judge(source, self._seconds))
            except SameCode as same:  # its verdict is in, or another thread is at it
                mine.set_result(self._verdicts[asked, same.first].result())
            except BaseException as error:
                del self._verdicts[asked, name_of(source)]
                mine.set_exception(error)
        return first.result()

    def _write(self, asked: Asked, **told: Any) -> None:
        """Add a line to the log."""
        if self._log is None:
            return
        judged = told.pop("judged", None)
        line = {"at": time.time(), "kernel": asked.name, "kernel_text": name_of(asked.source)}
        if judged is not None:
            line |= {"reward": value_of(judged), **judged.model_dump(mode="json")}
        with self._logging, self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, **told}) + "\n")


def score(
    kernel_source: str,
    completion: Completion,
    *,
    contract: str = "",
    kernel: str = "",
    **settings: Any,
) -> float:
    """The reward of one answer to one kernel; for many of them keep a `Reward`.

    ``contract`` is TOML. Raises what `Reward` and `Reward.judge` raise.
    """
    with Reward(**settings) as reward:
        return reward.score(kernel_source, completion, contract=contract, kernel=kernel)


def text_of(completion: Completion) -> str:
    """The text of an answer: of messages, what the assistant said last."""
    if isinstance(completion, str):
        return completion
    said = [m.get("content") for m in completion if m.get("role", "assistant") == "assistant"]
    return said[-1] if said and isinstance(said[-1], str) else ""


def _check_machine(given: Settings) -> None:
    """Raise what keeps every answer from being judged."""
    sandbox.choose(no_sandbox=given.no_sandbox)
    Compiler.find(given.cxx, given.cxxflags)
    if given.require_race_check and RaceDetector.find() is None:
        raise SettingsError(
            "no race detector is installed, so that answers with races would be paid for",
            f"{INSTALL}; or give require_race_check=False",
        )


def _tell_trainer(judged: Sequence[Judged | None], columns: Mapping[str, Any]) -> None:
    """Hand the outcomes to the trainer's tables and metrics, where it takes them."""
    outcomes = ["no kernel" if found is None else found.outcome for found in judged]
    tell: Callable[[str, Any], None] | None
    with suppress(KeyError):
        columns["log_extra"]("outcome", outcomes)
    tell = columns.get("log_metric")
    if tell is not None and outcomes:
        tell("faster", outcomes.count("faster") / len(outcomes))
        verified = sum(each in ("faster", "slower", "unchanged") for each in outcomes)
        tell("verified", verified / len(outcomes))
