"""Preferences out of runs: which of two answers to the same prompt was better, and by how much.

The shapes are those that the trl library reads: conversational, with an explicit prompt. The prompt
is the coder's own first one for the kernel, with the choice of a strategy left open, because answers
of all strategies are held against each other.

- R. Rafailov et al.: Direct Preference Optimization, NeurIPS 2023: chosen and rejected answers.
- K. Ethayarajh et al.: KTO, Model Alignment as Prospect Theoretic Optimization, ICML 2024: answers
  that are good or bad by themselves.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parallel_agent.report.pairs import Pair
from parallel_agent.settings import SettingsError
from parallel_agent.training.prompts import NotTeachable, answer_of, chat_of, prompt_of
from parallel_agent.training.standings import REJECTED, UNPROVED, RankedKernel, Standing

PER_KERNEL = 32
"""Pairs of one kernel at most: a long run on one would drown out all others."""
LESS_FAST = "less fast"
"""The reason against a version that is faster than the original, too, and not as fast as the chosen."""

Row = dict[str, object]


@dataclass
class Rows:
    """Rows for a trainer, and what was left out of them because it cannot be a coder's answer."""

    rows: list[Row] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def reason_against(chosen: Standing, rejected: Standing) -> str | None:
    """Why a version is worse than a verified, faster one; None where that cannot be said.

    A gate turned it away; or it is slower than the original at some size; or both were timed, and the
    95 % intervals of the speedups lie apart by more than the larger noise of the two.
    """
    if chosen.outcome != "faster" or chosen.interval is None:
        return None
    if rejected.outcome in (*REJECTED, "slower"):
        return rejected.outcome
    if rejected.interval is None:
        return None
    line = 1.0 + max(chosen.noise, rejected.noise)
    if chosen.interval[0] <= line * rejected.interval[1]:
        return None
    return LESS_FAST if rejected.outcome in ("faster", UNPROVED) else rejected.outcome


def preferences(
    kernel: RankedKernel, most: int = PER_KERNEL
) -> list[tuple[Standing, Standing, str]]:
    """Chosen, rejected, and why, at most so many; all reasons have their turn, wide margins first."""
    by_reason: dict[str, list[tuple[Standing, Standing, str]]] = {}
    for chosen, rejected in itertools.permutations(kernel.standings, 2):
        reason = reason_against(chosen, rejected)
        if reason is not None:
            by_reason.setdefault(reason, []).append((chosen, rejected, reason))
    for found in by_reason.values():
        found.sort(key=lambda each: -margin(each[0], each[1]))
    turns = itertools.zip_longest(*by_reason.values())
    return [each for turn in turns for each in turn if each is not None][:most]


def margin(chosen: Standing, rejected: Standing) -> float:
    """The logarithm of the ratio of the speedups that count for the two; above 0."""
    return math.log(chosen.counted / rejected.counted)


def dpo(kernels: Iterable[RankedKernel], most: int = PER_KERNEL) -> Rows:
    """Rows with prompt, chosen and rejected, as trl's DPOTrainer and RewardTrainer read them."""
    made = Rows()
    for kernel in kernels:
        prompt = _prompt(kernel, made)
        answers = _Answers(made)
        for chosen, rejected, reason in preferences(kernel, most) if prompt else ():
            good, bad = answers.of(chosen), answers.of(rejected)
            if good and bad:
                row: Row = {"prompt": prompt, "chosen": good, "rejected": bad}
                made.rows.append({**row, **_compared(chosen, rejected, reason)})
    return made


def kto(kernels: Iterable[RankedKernel], most: int = PER_KERNEL) -> Rows:
    """Rows with prompt, completion and label, as trl's KTOTrainer reads them.

    Good is what is verified and faster. What is unproved is neither good nor bad.
    """
    made = Rows()
    for kernel in kernels:
        prompt = _prompt(kernel, made)
        answers = _Answers(made)
        known = [each for each in kernel.standings if each.outcome != UNPROVED]
        for standing in _half_of_each(known, most) if prompt else ():
            if completion := answers.of(standing):
                row: Row = {"prompt": prompt, "completion": completion}
                row["label"] = standing.outcome == "faster"
                made.rows.append({**row, **_fared(standing)})
    return made


def sft(pairs: Iterable[Pair]) -> Rows:
    """Rows with prompt and completion, as trl's SFTTrainer reads them, of verified pairs.

    The prompt names the strategy of the answer, as a run's does.
    """
    made = Rows()
    for pair in pairs:
        try:
            *prompt, answer = chat_of(pair)
        except NotTeachable as error:
            made.left_out.append(f"{pair.kernel}: {error}")
            continue
        timed = {"speedup": pair.speedup, "interval": list(pair.interval)}
        row: Row = {"prompt": prompt, "completion": [answer]}
        made.rows.append({**row, **timed, "strategy": pair.strategy, **_origin(pair)})
    return made


def grpo(kernels: Iterable[RankedKernel]) -> Rows:
    """A row for each kernel with its prompt and what `reward.Reward` takes, for trl's GRPOTrainer."""
    made = Rows()
    for kernel in kernels:
        if prompt := _prompt(kernel, made):
            pair = kernel.original
            judged = {"src_code": pair.src_code, "contract": pair.contract}
            made.rows.append({"prompt": prompt, **judged, **_origin(pair)})
    return made


class _Answers:
    """The versions of one kernel as answers, each worked out once."""

    def __init__(self, made: Rows) -> None:
        self._made = made
        self._known: dict[str, list[dict[str, str]]] = {}

    def of(self, standing: Standing) -> list[dict[str, str]]:
        """The assistant's message; none for a version that no coder's answer leads to."""
        if standing.name not in self._known:
            self._known[standing.name] = list(self._messages(standing))
        return self._known[standing.name]

    def _messages(self, standing: Standing) -> Iterator[dict[str, str]]:
        try:
            yield {"role": "assistant", "content": answer_of(standing.pair)}
        except NotTeachable as error:
            self._made.left_out.append(f"{standing.pair.kernel}: {error}")


def _prompt(kernel: RankedKernel, made: Rows) -> list[dict[str, str]]:
    """The kernel's prompt; empty where it has none."""
    try:
        return prompt_of(kernel.original)
    except NotTeachable as error:
        made.left_out.append(f"{kernel.original.kernel}: {error}")
        return []


def _half_of_each(standings: Sequence[Standing], most: int) -> list[Standing]:
    """At most so many, good ones and bad ones in turns for as long as there are both."""
    good = [each for each in standings if each.outcome == "faster"]
    bad = [each for each in standings if each.outcome != "faster"]
    turns = itertools.zip_longest(good, bad)
    return [each for turn in turns for each in turn if each is not None][:most]


def _compared(chosen: Standing, rejected: Standing, reason: str) -> Row:
    return {
        "margin": margin(chosen, rejected),
        "reason": reason,
        "detail": rejected.detail,
        "chosen_speedup": chosen.speedup,
        "rejected_speedup": rejected.speedup,
        "chosen_strategy": chosen.pair.strategy,
        "rejected_strategy": rejected.pair.strategy,
        **_origin(chosen.pair),
    }


def _fared(standing: Standing) -> Row:
    return {
        "outcome": standing.outcome,
        "detail": standing.detail,
        "speedup": standing.speedup,
        "strategy": standing.pair.strategy,
        **_origin(standing.pair),
    }


def _origin(pair: Pair) -> Row:
    return {"kernel": pair.kernel, "category": pair.category, "licence": pair.licence}


def read_rows(file: Path) -> list[Row]:
    """The rows that ``parallel-agent export`` wrote; SettingsError for a file without any."""
    hint = "Give a file that 'parallel-agent export' wrote"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read: {error}", hint) from None
    if not rows:
        raise SettingsError(f"there is nothing in {file}", hint)
    return rows
