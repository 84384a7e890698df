"""Print how far the estimates of memory lie from the peaks that were measured, on a CPU.

``python tools/memory_table.py [NAME…]`` serves and trains models of random weights, each in a process
of its own, and compares the estimate, without its part ``runtime``, with the most memory that was
resident, less what was resident before the model was made. ``--json`` prints the same as JSON.

Needs torch, transformers and peft (the extra ``finetune``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parallel_agent.budget.memory import MemoryEstimate, serving_memory, training_memory
from parallel_agent.budget.memory.huggingface import shape_of_config
from parallel_agent.budget.memory.runtime import ALLOCATOR

_MIB = 2**20


@dataclass(frozen=True)
class Case:
    """A model and what is done with it."""

    config: Mapping[str, Any]
    serve: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)


def _config(
    kind: str, layers: int, hidden: int, inner: int, heads: int, **more: Any
) -> dict[str, Any]:
    return {
        "model_type": kind, "num_hidden_layers": layers, "hidden_size": hidden,
        "intermediate_size": inner, "num_attention_heads": heads, "vocab_size": 32000,
        "max_position_embeddings": 8192, "tie_word_embeddings": False, **more,
    }  # fmt: skip


_LLAMA_50M = _config("llama", 8, 512, 1408, 8, num_key_value_heads=8)
_QWEN_200M = _config("qwen2", 20, 768, 2304, 12, num_key_value_heads=4, vocab_size=64000)
_QWEN_100M = _config("qwen2", 12, 640, 1792, 10, num_key_value_heads=2)
_QWEN_20M = _config("qwen2", 4, 384, 1024, 6, num_key_value_heads=2, vocab_size=16000)
_STARCODER_30M = _config(
    "starcoder2", 6, 448, 1792, 8, num_key_value_heads=2, vocab_size=16000, attention_dropout=0.0,
    residual_dropout=0.0, embedding_dropout=0.0,
)  # fmt: skip

CASES: Mapping[str, Case] = {
    "serve-60M": Case(_LLAMA_50M, serve={"context": 4096}),
    "serve-200M-2-slots": Case(_QWEN_200M, serve={"context": 2048, "slots": 2}),
    "lora-100M": Case(_QWEN_100M, train={"method": "lora", "batch": 4, "sequence": 512}),
    "lora-100M-checkpoints": Case(
        _QWEN_100M, train={"method": "lora", "batch": 4, "sequence": 512, "checkpointing": True}
    ),
    "lora-20M-bf16": Case(
        _QWEN_20M, train={"method": "lora", "precision": "bf16", "batch": 2, "sequence": 256}
    ),
    "full-60M": Case(_LLAMA_50M, train={"method": "full", "batch": 2, "sequence": 256}),
    "full-60M-checkpoints": Case(
        _LLAMA_50M, train={"method": "full", "batch": 2, "sequence": 512, "checkpointing": True}
    ),
    "full-20M-bf16": Case(
        _QWEN_20M, train={"method": "full", "precision": "bf16", "batch": 2, "sequence": 256}
    ),
    "full-30M-plain": Case(_STARCODER_30M, train={"method": "full", "batch": 2, "sequence": 512}),
}


@dataclass(frozen=True)
class Row:
    """One line of the table; bytes."""

    name: str
    estimate: MemoryEstimate
    measured: int
    baseline: int

    @property
    def estimated(self) -> int:
        """The estimate without the runtime, which is in the baseline."""
        return self.estimate.without("runtime")

    @property
    def error(self) -> float:
        """How far the estimate lies from what was measured, as a share of that."""
        return self.estimated / self.measured - 1


def estimate(case: Case) -> MemoryEstimate:
    """The estimate of a case, as anyone would make it from the config alone."""
    shape = shape_of_config(case.config)
    if case.serve:
        served = {"precision": "fp32", **case.serve}
        return serving_memory(shape, engine="transformers", device="cpu", **served)
    trained = {"precision": "fp32", "checkpointing": False, **case.train}
    return training_memory(shape, device="cpu", **trained)


def measure(name: str) -> Row:
    """Run a case in a fresh process. Raises CalledProcessError where it fails."""
    environment = {
        **os.environ,
        **ALLOCATOR,
        "OMP_NUM_THREADS": "2",
        "TOKENIZERS_PARALLELISM": "false",
    }
    command = [sys.executable, str(Path(__file__).resolve()), "--child", name]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Row(name, estimate(CASES[name]), found["peak"] - found["baseline"], found["baseline"])


def main() -> int:
    """Measure the cases named on the command line, or all."""
    words = sys.argv[1:]
    if words[:1] == ["--child"]:
        _child(CASES[words[1]])
        return 0
    names = [word for word in words if word != "--json"] or list(CASES)
    if "--json" in words:
        print(json.dumps([_json(measure(name)) for name in names]))
    else:
        _print(names)
    return 0


def _print(names: Sequence[str]) -> None:
    print(
        f"{'configuration':24} {'estimate':>10} {'measured':>10} {'error':>8}  at the peak, in MiB"
    )
    rows = []
    for name in names:
        row = measure(name)
        rows.append(row)
        parts = ", ".join(
            f"{part} {size / _MIB:.0f}"
            for part, size in row.estimate.parts.items()
            if part != "runtime"
        )
        print(
            f"{name:24} {row.estimated / _MIB:6.0f} MiB {row.measured / _MIB:6.0f} MiB "
            f"{row.error:+8.1%}  {row.estimate.peak}: {parts}",
            flush=True,
        )
    worst = max(abs(row.error) for row in rows)
    print(f"\nworst error {worst:.1%}; the framework alone {rows[-1].baseline / _MIB:.0f} MiB")


def _json(row: Row) -> dict[str, Any]:
    return {
        "name": row.name, "estimated": row.estimated, "measured": row.measured,
        "error": row.error, "baseline": row.baseline, "parts": dict(row.estimate.parts),
        "peak": row.estimate.peak,
    }  # fmt: skip


# ---- In the process of its own ------------------------------------------------------------------


def _child(case: Case) -> None:
    import torch

    torch.manual_seed(0)
    work = _serve if case.serve else _train
    tiny = {**case.config, "num_hidden_layers": 1, "hidden_size": 64, "intermediate_size": 128}
    tiny = {**tiny, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 128}
    # Threads, code and caches of the framework are there before the model is.
    _run(work, tiny, {"context": 32} if case.serve else {**case.train, "batch": 1, "sequence": 16})
    baseline = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    _run(work, case.config, case.serve or case.train)
    print(json.dumps({"baseline": baseline, "peak": _status("VmHWM")}))


def _run(work: Callable[..., None], config: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    precision = given.get("precision", "fp32")
    # Full training in bf16 has its weights in fp32 and multiplies in bf16.
    stored = (
        torch.float32 if precision == "fp32" or given.get("method") == "full" else torch.bfloat16
    )
    values = {key: value for key, value in config.items() if key != "model_type"}
    made = AutoConfig.for_model(config["model_type"], **values)
    model = AutoModelForCausalLM.from_config(made, dtype=stored)
    work(model, **given)


def _serve(model: Any, *, context: int, slots: int = 1, precision: str = "fp32") -> None:
    import torch

    answer = 8
    prompt = torch.randint(0, model.config.vocab_size, (slots, context - answer))
    with torch.inference_mode():
        model.eval().generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=answer,
            min_new_tokens=answer, do_sample=False, pad_token_id=0,
        )  # fmt: skip


def _train(
    model: Any, *, method: str, batch: int, sequence: int, precision: str = "fp32",
    checkpointing: bool = False,
) -> None:  # fmt: skip
    import torch

    if method == "lora":
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(model, LoraConfig(r=16, target_modules="all-linear"))
    model.train()
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
    for _ in range(2):
        tokens = torch.randint(0, model.config.vocab_size, (batch, sequence))
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = model(input_ids=tokens, labels=tokens, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"the system does not say {key}")


if __name__ == "__main__":
    sys.exit(main())
