"""Chats as tokens, with a mark on those that are learned: the answer, and the end of its turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from parallel_agent.training.finetuning.errors import FinetuneError
from parallel_agent.training.finetuning.examples import Example


@dataclass(frozen=True)
class Encoded:
    """An example as tokens; the first ``prompt`` of them are the prompt, which is not learned."""

    tokens: tuple[int, ...]
    prompt: int

    def row(self) -> dict[str, list[int]]:
        """A row as trl's trainer takes it: loss is on tokens whose mask is 1."""
        mask = [0] * self.prompt + [1] * (len(self.tokens) - self.prompt)
        return {"input_ids": list(self.tokens), "completion_mask": mask}


def load_tokenizer(base: Path) -> Any:
    """The model's tokenizer; FinetuneError where it has none, or no template for chats."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    except (OSError, ValueError) as error:
        raise FinetuneError(
            f"the tokenizer of {base} cannot be read: {error}",
            "Give the folder of a whole model, as transformers save it",
        ) from None
    if not tokenizer.chat_template:
        raise FinetuneError(
            f"{base} has no chat template: it is not made for chats",
            "Give a model that was tuned for instructions, or put chat_template.jinja into the folder",
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def encode(
    tokenizer: Any,
    examples: Sequence[Example],
    told: Callable[[int, int], None] = lambda done, all_: None,
) -> list[Encoded]:
    """The tokens of every example, as a server makes them of the chat; nothing is cut.

    Prompt and answer become tokens apart from each other, as they do when the model is asked.
    """
    found = []
    for done, example in enumerate(examples, 1):
        found.append(_encode(tokenizer, list(example.messages)))
        told(done, len(examples))
    return found


def _encode(tokenizer: Any, messages: list[dict[str, str]]) -> Encoded:
    try:
        asked = tokenizer.apply_chat_template(
            messages[:-1], tokenize=False, add_generation_prompt=True
        )
        whole = tokenizer.apply_chat_template(messages, tokenize=False)
    except Exception as error:  # a template raises what it likes
        raise FinetuneError(
            f"the model's chat template does not take the coder's chat: {error}",
            "Give a model whose template knows the roles system, user and assistant",
        ) from None
    if not whole.startswith(asked):
        raise FinetuneError(
            "with the model's chat template an answer does not follow its prompt",
            "Give another model, or a chat_template.jinja that ends in what the answer begins with",
        )
    prompt = tokenizer(asked, add_special_tokens=False)["input_ids"]
    answer = tokenizer(whole[len(asked) :], add_special_tokens=False)["input_ids"]
    return Encoded((*prompt, *answer), len(prompt))
