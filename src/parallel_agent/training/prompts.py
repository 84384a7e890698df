"""A pair as the chat that would have led to it: what a run's coder sends, and an answer it can read."""

from __future__ import annotations

import functools

from parallel_agent.agent.facts import platform_of
from parallel_agent.chat.messages import ChatReply, ChatRequest
from parallel_agent.kernel.contract import Contract, ContractError
from parallel_agent.kernel.source import SourceError, parse
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.chat import EDIT_FROM_BYTES, SourceTooLong, coder_request
from parallel_agent.proposers.contract_words import in_words
from parallel_agent.proposers.reply import read_answer
from parallel_agent.proposers.search_replace import can_be_edited
from parallel_agent.proposers.strategies import FREE_CHOICE, STRATEGIES
from parallel_agent.proposers.tasks import CoderTask, KernelFacts, Platform
from parallel_agent.proposers.wording import fenced, one_line
from parallel_agent.report.pairs import Pair
from parallel_agent.toolchain import machine
from parallel_agent.training.edits import NoEdits, edits_between

_SENTENCE_BYTES = 280


class NotTeachable(ValueError):
    """A pair that no chat of the coder's leads to; the message says why."""


def prompt_of(pair: Pair) -> list[dict[str, str]]:
    """The messages of a run's first coder step for the pair's kernel: system and user.

    Where the pair does not say what machine it was measured on, it is this one. Raises NotTeachable.
    """
    return [message.model_dump() for message in _request(pair).messages]


def chat_of(pair: Pair) -> list[dict[str, str]]:
    """`prompt_of`, and the assistant's message: the pair's faster version in the form asked for.

    Raises NotTeachable, also where the coder would not read exactly this version out of the answer.
    """
    return [*prompt_of(pair), {"role": "assistant", "content": answer_of(pair)}]


def answer_of(pair: Pair) -> str:
    """The answer that a run's coder reads as the pair's faster version. Raises NotTeachable."""
    text = f"{_sentence(pair)}\n\n{_form(pair)}\n"
    try:
        read = read_answer(ChatReply(text=text, usage=None), pair.kernel, pair.src_code)
    except FormatError as error:
        raise NotTeachable(f"its answer cannot be read: {error}") from None
    if read.source.strip("\r\n") != pair.tgt_code.strip("\r\n"):
        raise NotTeachable("its answer reads as another version than the pair's")
    return text


def _request(pair: Pair) -> ChatRequest:
    strategy = pair.strategy.partition(" ")[0]
    task = CoderTask(
        kernel=_facts(pair), strategy=strategy if strategy in STRATEGIES else FREE_CHOICE
    )
    try:
        return coder_request(task, max_output_tokens=1)
    except SourceTooLong as error:
        raise NotTeachable(str(error)) from None


def _facts(pair: Pair) -> KernelFacts:
    return KernelFacts(
        name=pair.kernel,
        source=pair.src_code,
        contract=_contract(pair.src_code, pair.kernel, pair.contract),
        platform=pair.platform or _this_machine(pair.threads, pair.compiler, pair.flags),
        times=pair.times,
    )


@functools.lru_cache(maxsize=64)
def _contract(source: str, kernel: str, toml: str) -> str:
    """The contract in words. Versions of one kernel follow each other, and parsing takes long."""
    try:
        signature = parse(source, name=kernel).kernel.signature
        return in_words(signature, Contract.from_toml(toml))
    except (SourceError, ContractError) as error:
        raise NotTeachable(f"its source or its contract cannot be read: {error}") from None


@functools.lru_cache(maxsize=64)
def _this_machine(threads: int, compiler: str, flags: tuple[str, ...]) -> Platform:
    return platform_of(machine.describe(compiler), threads, flags, machine.instruction_sets())


def _sentence(pair: Pair) -> str:
    """What was done, as the answer's first sentence."""
    said = pair.summary or pair.strategy.replace("_", " ") or "faster version"
    return one_line(f"{said[0].upper()}{said[1:]}".rstrip(".") + ".", _SENTENCE_BYTES)


def _form(pair: Pair) -> str:
    """The whole file, or edits where the coder asks for these."""
    source, target = pair.src_code.replace("\r\n", "\n"), pair.tgt_code.replace("\r\n", "\n")
    asked_for_edits = len(pair.src_code.encode()) >= EDIT_FROM_BYTES
    if not (asked_for_edits and can_be_edited(pair.src_code)):
        return fenced(target, "cpp")
    try:
        return edits_between(source, target)
    except NoEdits as error:
        raise NotTeachable(f"no edits lead to it: {error}") from None
