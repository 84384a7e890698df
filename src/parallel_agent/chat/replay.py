"""``replay:FILE``: a model that answers from a file of recorded completions.

The file is JSON Lines, or one JSON list, of objects:

- ``text``: the answer;
- ``usage``: its tokens, with the fields of ``budget.usage.Usage``; where it is missing, they are
  estimated as bytes / 4, and the reply says so;
- ``match``: which requests it may answer: ``key``, a shell pattern for the whole key
  ``SCOPE/NODE/STEP/ATTEMPT``; ``node``; ``step``; ``contains``, a text in the prompt. All that are
  given must hold; without ``match`` it may answer any;
- ``finish_reason``, ``model``, ``reasoning``: as in a reply.

Which of several answers comes depends on the key alone, so that a run that is resumed goes on as it
would have: the steps and attempts of one branch take them one after the other, from a place that
is the branch's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.prices import Price
from parallel_agent.budget.usage import Usage
from parallel_agent.chat.call import JournaledReply
from parallel_agent.chat.errors import ChatError, UnknownModel
from parallel_agent.chat.messages import ChatReply, ChatRequest

BYTES_PER_TOKEN = 4
"""What a token is taken for where nobody counted."""


class Match(BaseModel):
    """Which requests a recorded answer may be given to; all that is set must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str | None = None
    node: str | None = None
    step: int | None = None
    contains: str | None = None

    def holds(self, request: ChatRequest, key: str) -> bool:
        """Whether the request at ``key`` is one of them."""
        _, node, step, _ = _parts(key)
        return (
            (self.key is None or fnmatchcase(key, self.key))
            and self.node in (None, node)
            and self.step in (None, step)
            and (self.contains is None or any(self.contains in m.content for m in request.messages))
        )


class Recorded(BaseModel):
    """One recorded completion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    usage: Usage | None = None
    match: Match = Match()
    finish_reason: str = "stop"
    model: str = ""
    reasoning: str = ""


class ReplayModel:
    """A model that answers from recorded completions, free unless a price is given."""

    def __init__(self, ref: str, recorded: Sequence[Recorded], price: Price) -> None:
        self.ref = ref
        self.name = ref.partition(":")[2]
        self.price = price
        self._recorded = tuple(recorded)

    @classmethod
    def read(cls, ref: str, file: Path, price: Price) -> ReplayModel:
        """Read the file that ``ref`` names.

        Raises UnknownModel where it is missing, or is not one of recorded completions.
        """
        form = 'Give a file with a line {"text": "..."} for each recorded answer'
        try:
            recorded = [Recorded.model_validate(item) for item in _items(file.read_text("utf-8"))]
        except OSError as error:
            raise UnknownModel(f"{file}: {error.strerror}", form) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UnknownModel(f"{file}: {where}: {first['msg']}", form) from None
        except ValueError as error:
            raise UnknownModel(f"{file} is not JSON: {error}", form) from None
        if not recorded:
            raise UnknownModel(f"{file} holds no answer", form)
        return cls(ref, recorded, price)

    def complete(self, request: ChatRequest, *, key: str, timeout: float) -> ChatReply:
        """The answer that is recorded for this request at this key.

        Like a provider, it cuts an answer at the output cap.

        Raises ChatError where none matches.
        """
        fitting = [record for record in self._recorded if record.match.holds(request, key)]
        if not fitting:
            raise ChatError(f"{self.ref} has no answer for {key}", "never_sent")
        return _cut(_reply(fitting[_place(key) % len(fitting)], request), request)


def record(ledger: Ledger) -> Iterator[Recorded]:
    """What an account's journal holds, each answer bound to its key: a replay of that run.

    Raises LedgerError where the account cannot be read.
    """
    for entry in ledger.audit().entries:
        if entry.kind != "settled" or entry.key is None:
            continue
        journaled = ledger.journaled(entry.key)
        # Of several attempts with one key only the last was answered.
        if journaled is None or journaled.reservation.id != entry.reservation:
            continue
        reply = JournaledReply.model_validate_json(journaled.response).reply
        yield Recorded(
            text=reply.text,
            usage=reply.usage,
            match=Match(key=_literally(entry.key)),
            finish_reason=reply.finish_reason,
            model=reply.model,
            reasoning=reply.reasoning,
        )


def _items(text: str) -> list[Any]:
    """The objects of a JSON list, or of JSON Lines."""
    if text.lstrip().startswith("["):
        items = json.loads(text)
        return items if isinstance(items, list) else [items]
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _parts(key: str) -> tuple[str, str, int, int]:
    scope, node, step, attempt = key.rsplit("/", 3)
    return scope, node, int(step), int(attempt)


def _place(key: str) -> int:
    scope, node, step, attempt = _parts(key)
    begin = int.from_bytes(sha256(f"{scope}/{node}".encode()).digest()[:8], "big")
    return begin + step + attempt


def _literally(key: str) -> str:
    """The key as a pattern for itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in key)


def _reply(record: Recorded, request: ChatRequest) -> ChatReply:
    usage, note = record.usage, ""
    if usage is None:
        usage = Usage(
            input_tokens=-(-request.prompt_bytes // BYTES_PER_TOKEN),
            output_tokens=-(-len(record.text.encode()) // BYTES_PER_TOKEN),
        )
        note = f"tokens estimated as bytes / {BYTES_PER_TOKEN}"
    return ChatReply(
        text=record.text,
        usage=usage,
        finish_reason=record.finish_reason,
        model=record.model,
        reasoning=record.reasoning,
        note=note,
    )


def _cut(reply: ChatReply, request: ChatRequest) -> ChatReply:
    """The reply within what the request allows: its cap, and the tokens that its prompt can have."""
    assert reply.usage is not None
    usage = reply.usage.model_dump()
    cap, most = request.max_output_tokens, request.prompt_bytes
    if usage["input_tokens"] > most:  # recorded with a longer prompt
        usage |= {"input_tokens": most, "cache_read_tokens": 0, "cache_write_tokens": 0}
    if usage["output_tokens"] <= cap:
        return reply.model_copy(update={"usage": Usage(**usage)})
    kept = len(reply.text) * cap // usage["output_tokens"]
    usage |= {
        "output_tokens": cap,
        "reasoning_tokens": min(usage["reasoning_tokens"], cap),
    }
    return reply.model_copy(
        update={"text": reply.text[:kept], "usage": Usage(**usage), "finish_reason": "length"}
    )
