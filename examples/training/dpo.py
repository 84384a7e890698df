"""Teach a model which of two versions of a kernel is better, by what runs have measured.

    parallel-agent export RUN... --format dpo --out preferences.jsonl
    python examples/training/dpo.py MODEL preferences.jsonl --out better-model

R. Rafailov et al.: Direct Preference Optimization, NeurIPS 2023, as trl's DPOTrainer does it, with
LoRA adapters, which are merged in the end. Needs the extra `finetune`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

from parallel_agent.training.preference import read_rows


def train(
    model: Path, preferences: Path, out: Path, steps: int, accumulate: int, longest: int
) -> float:
    """Train and write the merged model; returns the share of pairs told apart at the last step."""
    on_gpu = torch.cuda.is_available()
    trainer = DPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(model),
        processing_class=AutoTokenizer.from_pretrained(model),
        train_dataset=Dataset.from_list(read_rows(preferences)),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
        args=DPOConfig(
            output_dir=str(out),
            max_steps=steps,
            max_length=longest,
            per_device_train_batch_size=1,
            gradient_accumulation_steps=accumulate,
            gradient_checkpointing=on_gpu,
            learning_rate=1e-4,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            use_cpu=not on_gpu,
            bf16=on_gpu,
        ),
    )
    trainer.train()
    merged = trainer.model.merge_and_unload()
    merged.save_pretrained(out)
    trainer.processing_class.save_pretrained(out)
    logged = [entry for entry in trainer.state.log_history if "rewards/accuracies" in entry]
    return float(logged[-1]["rewards/accuracies"])


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder of a Hugging Face model")
    parser.add_argument("preferences", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--accumulate", type=int, default=4, help="pairs to a step")
    parser.add_argument("--longest", type=int, default=8192, help="tokens of prompt and answer")
    given = parser.parse_args()
    share = train(
        given.model, given.preferences, given.out, given.steps, given.accumulate, given.longest
    )  # fmt: skip
    print(f"{share:.0%} of the last pairs told apart; the model is in {given.out}")


if __name__ == "__main__":
    main()
