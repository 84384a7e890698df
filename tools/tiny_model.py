"""A language model that knows nothing, for tests and rehearsals: a small Llama with random weights.

Its tokenizer is a byte-level BPE trained on the kernels that come with the package and on the coder's
own prompts, so that a chat takes few tokens. A folder as Hugging Face's transformers save them.

    python tools/tiny_model.py DIR
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

END, START_TURN, END_TURN, PAD = "<|end|>", "<|turn|>", "<|end_turn|>", "<|pad|>"
TEMPLATE = (
    "{% for message in messages %}"
    f"{START_TURN}{{{{ message['role'] }}}}\n{{{{ message['content'] }}}}{END_TURN}\n"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{START_TURN}assistant\n{{% endif %}}"
)
CONTEXT = 16_384


def make(
    folder: Path,
    *,
    seed: int = 0,
    hidden: int = 128,
    layers: int = 2,
    vocabulary: int = 1500,
    dtype: str = "float32",
) -> None:
    """Write the model into a folder; the same bytes for the same arguments."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer(vocabulary)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=max(1, hidden // 32),
        num_key_value_heads=max(1, hidden // 64),
        max_position_embeddings=CONTEXT,
        # Wide enough for an adapter to reach any token through the random output layer.
        initializer_range=hidden**-0.5,
        bos_token_id=tokenizer.convert_tokens_to_ids(END),
        eos_token_id=tokenizer.convert_tokens_to_ids(END_TURN),
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD),
    )
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config).to(getattr(torch, dtype))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(vocabulary: int):  # type: ignore[no-untyped-def]
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    special = [END, START_TURN, END_TURN, PAD]
    trained.train_from_iterator(
        _texts(), vocab_size=vocabulary, special_tokens=special, show_progress=False
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=trained._tokenizer,
        bos_token=END,
        eos_token=END_TURN,
        pad_token=PAD,
        chat_template=TEMPLATE,
        model_max_length=CONTEXT,
    )


def _texts() -> Iterator[str]:
    kernels = Path(str(resources.files("parallel_agent.suites"))) / "bundled"
    prompts = Path(str(resources.files("parallel_agent.proposers"))) / "prompts"
    for path in [*sorted(kernels.rglob("*.cpp")), *sorted(prompts.glob("*.jinja"))]:
        yield path.read_text(encoding="utf-8")


def main() -> None:
    """Write a model into the folder of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hidden", type=int, default=128, help="width, a multiple of 64")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=1500, help="tokens, at most")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16", "float16"))
    given = parser.parse_args()
    make(
        given.folder, seed=given.seed, hidden=given.hidden, layers=given.layers,
        vocabulary=given.vocabulary, dtype=given.dtype,
    )  # fmt: skip


if __name__ == "__main__":
    main()
