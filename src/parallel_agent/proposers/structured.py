"""Reading a model's small structured answers: a plan, a critique, a contract."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from parallel_agent.chat.messages import ChatReply
from parallel_agent.kernel.comparison import Comparison
from parallel_agent.kernel.contract import Contract, ContractError, evaluate
from parallel_agent.kernel.pinned import is_partial
from parallel_agent.kernel.source import Kernel
from parallel_agent.proposers.answers import FormatError, blocks, readable, was_cut
from parallel_agent.proposers.wording import one_line

_MOST_STARTS = 200
_WORDS_BYTES = 600
_CHECKED_SIZE = 100
_MOST_ELEMENTS = 4 << 20


class _Answer(BaseModel):
    # Nothing else is asked for, and what comes all the same is passed over.
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        json_schema_extra={"additionalProperties": False},
    )


class PlannedMove(_Answer):
    """A strategy in a model's words. ``expected_gain`` is a speedup over the original."""

    strategy: str
    why: str
    expected_gain: float

    @field_validator("strategy", "why")
    @classmethod
    def _short(cls, text: str) -> str:
        return one_line(text, _WORDS_BYTES)


class Plan(_Answer):
    """The strategies to pursue, the most promising first."""

    moves: tuple[PlannedMove, ...]


class Critique(_Answer):
    """Whether a version is worth another step, and what to do in it."""

    decision: Literal["refine", "stop"]
    advice: str

    @field_validator("advice")
    @classmethod
    def _short(cls, text: str) -> str:
        return one_line(text, _WORDS_BYTES)


_Structured = TypeVar("_Structured", bound=_Answer)


def read_plan(reply: ChatReply, count: int) -> Plan:
    """At most ``count`` strategies; FormatError where there is none to be read."""
    plan = _read(reply, Plan)
    moves = tuple(move for move in plan.moves if move.strategy)[:count]
    if not moves:
        raise FormatError("The plan names no strategy.")
    return Plan(moves=moves)


def read_critique(reply: ChatReply) -> Critique:
    """The model's critique; FormatError where there is none to be read."""
    return _read(reply, Critique)


def read_contract(reply: ChatReply, kernel: Kernel) -> Contract:
    """The contract that a model proposes; FormatError where it is none for this kernel.

    How results are compared is not the model's to say, and neither is at which sizes: what it says
    of these is left out.
    """
    text = readable(reply)
    found = list(blocks(text))
    if found and not found[-1].closed and was_cut(reply):
        raise FormatError("The answer was cut at the output limit: write a shorter one.")
    toml = found[-1].text if found else text
    try:
        contract = Contract.from_toml(toml).model_copy(
            update={"kernel": kernel.name, "comparison": Comparison(), "timing": []}
        )
        if not is_partial(contract, kernel):
            contract.check_against(kernel.signature)
        _refuse_huge(contract)
    except ContractError as error:
        raise FormatError(f"The contract cannot be used: {one_line(str(error), 500)}") from None
    return contract


def _refuse_huge(contract: Contract) -> None:
    """Raise ContractError where inputs of the largest size for checking take too much memory.

    They are drawn in our own process, which no sandbox bounds.
    """
    sizes = contract.sizes(_CHECKED_SIZE)
    for kind in contract.every_kind():
        for name, given in kind.parameters.items():
            elements = math.prod(evaluate(length, sizes) for length in given.lengths())
            texts = (values for values in (given.values, *given.fields.values()) if values)
            highs = [values.high for values in texts if values.kind == "text"]
            letters = [evaluate(h if isinstance(h, str) else int(h), sizes) for h in highs]
            if elements * max(letters, default=1) > _MOST_ELEMENTS:
                shown = ", ".join(f"{key}={value}" for key, value in sizes.items())
                raise ContractError(f"parameter '{name}' is too large at {shown}")


def _read(reply: ChatReply, kind: type[_Structured]) -> _Structured:
    """The first JSON object in the answer, alone or among words, that is one of this kind."""
    text = readable(reply)
    problem = "There is no JSON object in the answer."
    for value in _objects(text):
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            problem = f"The JSON object is not of the form asked for: {where}: {first['msg']}"
    if was_cut(reply):
        raise FormatError("The answer was cut at the output limit: write a shorter one.")
    raise FormatError(problem)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects in a text, the outermost ones."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(_MOST_STARTS):
        if at < 0:
            return
        end = at + 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            pass
        else:
            yield value
        at = text.find("{", end)
