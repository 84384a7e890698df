"""Where answers come from: recorded ones, kernels with recorded completions, or made up."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from chat_provider.asked import Asked
from chat_provider.billing import Tokens
from chat_provider.examples import example_of
from chat_provider.faults import Fault


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says. ``tokens`` None: to be counted. ``tool_calls`` are (name, arguments)."""

    text: str
    tokens: Tokens | None = None
    tool_calls: tuple[tuple[str, str], ...] = ()
    fault: Fault | None = None


class Source(Protocol):
    """Answers requests. Called from many threads at once."""

    def answer(self, asked: Asked, request: str) -> Answer:
        """The answer to the request of the id ``request``; LookupError where there is none."""
        ...


class MadeUp:
    """Answers by the shape that was asked for: a schema, a tool, or a line that names the request."""

    def answer(self, asked: Asked, request: str) -> Answer:
        """The smallest value of the schema, a call of the tool, or ``Answer REQUEST.``."""
        if asked.must_call is not None:
            arguments = json.dumps(example_of(asked.tools[asked.must_call]))
            return Answer("", tool_calls=((asked.must_call, arguments),))
        if asked.schema is not None:
            return Answer(json.dumps(example_of(asked.schema)))
        return Answer(f"Answer {request}.")


class Script:
    """Answers from JSON Lines (or one JSON list), in their order, and then from the beginning again.

    Files of ``replay:`` models are scripts. A line has ``text`` or ``tool_calls`` (``name``,
    ``arguments``) and may have ``usage`` (``input_tokens``, ``output_tokens``,
    ``cache_read_tokens``, ``reasoning_tokens``), ``fault`` with ``seconds``, and ``match``: with
    ``contains`` it is only for prompts that contain this text, and goes before lines without.
    Other conditions are not looked at, for a provider does not know who asks. A line with a fault
    alone is answered as if made up.
    """

    def __init__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        if not lines:
            raise ValueError("a script needs at least one line")
        self._lines = [_read(line) for line in lines]
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path) -> Script:
        """Read a file; ValueError says what is wrong with it."""
        text = path.read_text(encoding="utf-8")
        if text.lstrip().startswith("["):
            return cls(json.loads(text))
        lines = []
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    lines.append(json.loads(line))
                    _read(lines[-1])
                except ValueError as error:
                    raise ValueError(f"{path}, line {number}: {error}") from None
        return cls(lines)

    def answer(self, asked: Asked, request: str) -> Answer:
        """The next line for this prompt."""
        matching = {match for match, _ in self._lines if match and match in asked.prompt}
        match = max(matching, key=len, default="")
        lines = [answer for wanted, answer in self._lines if wanted == match]
        if not lines:
            raise LookupError("no line of the script matches the prompt")
        with self._lock:
            number = self._used[match]
            self._used[match] += 1
        answer = lines[number % len(lines)]
        if answer.text or answer.tool_calls:
            return answer
        made_up = MadeUp().answer(asked, request)
        return Answer(made_up.text, answer.tokens, made_up.tool_calls, answer.fault)


class Kernels:
    """Answers with recorded completions of the kernel whose source stands in the prompt.

    A prompt with no known kernel, or that asks for JSON or a tool, is answered as if made up.

    ``kernels`` have ``name``, ``source`` and ``completions`` (``code``, and ``count``: how often it
    was said). The n-th answer for a kernel is the same for the same seed.
    """

    def __init__(self, kernels: Sequence[Mapping[str, Any]], seed: int = 0) -> None:
        self._kernels = [(_squeezed(kernel["source"]), kernel) for kernel in kernels]
        self._seed = seed
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path, seed: int = 0) -> Kernels:
        """Read a list of kernels; ValueError where the file holds something else."""
        try:
            return cls(json.loads(path.read_text(encoding="utf-8")), seed)
        except (KeyError, TypeError):
            raise ValueError(f"{path} is not a list of kernels with completions") from None

    def answer(self, asked: Asked, request: str) -> Answer:
        """One of the kernel's completions, drawn by their counts, in a fenced block."""
        prompt = "" if asked.schema is not None or asked.must_call else _squeezed(asked.prompt)
        found = [(len(source), kernel) for source, kernel in self._kernels if source in prompt]
        if not found:
            return MadeUp().answer(asked, request)
        _, kernel = max(found, key=lambda pair: pair[0])
        name, completions = kernel["name"], kernel["completions"]
        with self._lock:
            number = self._asked[name]
            self._asked[name] += 1
        dice = random.Random(f"{self._seed}/{name}/{number}")
        (drawn,) = dice.choices(completions, [completion["count"] for completion in completions])
        return Answer(f"```cpp\n{drawn['code'].rstrip()}\n```\n")


def _squeezed(text: str) -> str:
    """Without white space: prompts indent and trim."""
    return "".join(text.split())


def _read(line: Mapping[str, Any]) -> tuple[str, Answer]:
    """A line of a script: what the prompt has to contain, and the answer."""
    try:
        return str((line.get("match") or {}).get("contains") or ""), _answer(line)
    except (AttributeError, KeyError, TypeError):
        raise ValueError(f"not a line of a script: {line}") from None


def _answer(line: Mapping[str, Any]) -> Answer:
    fault = Fault.of(line["fault"], line.get("seconds")) if line.get("fault") else None
    calls = tuple(
        (call["name"], _as_text(call.get("arguments", {}))) for call in line.get("tool_calls", ())
    )
    if not (fault or calls or isinstance(line.get("text"), str)):
        raise ValueError(f"a line of a script has text, tool_calls or a fault: {line}")
    return Answer(line.get("text") or "", _tokens(line.get("usage")), calls, fault)


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _tokens(usage: Mapping[str, int] | None) -> Tokens | None:
    if usage is None:
        return None
    return Tokens(
        usage["input_tokens"],
        usage["output_tokens"],
        usage.get("cache_read_tokens", 0),
        usage.get("reasoning_tokens", 0),
    )
