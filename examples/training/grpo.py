"""Let a model try, and reward what is verified and faster: gates and clock are the teacher.

    parallel-agent export RUN... --format grpo --out prompts.jsonl
    python examples/training/grpo.py MODEL prompts.jsonl --out better-model

Z. Shao et al.: DeepSeekMath, 2024 (group relative policy optimization), as trl's GRPOTrainer does
it. Every answer is compiled, checked, searched for races and timed on this machine; each verdict is a
line in verdicts.jsonl. Needs the extra `finetune`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

from parallel_agent.training.preference import read_rows
from parallel_agent.training.reward import Reward


def train(model: Path, prompts: Path, out: Path, steps: int, group: int, longest: int) -> float:
    """Train and write the merged model; returns the mean reward of the last step."""
    on_gpu = torch.cuda.is_available()
    out.mkdir(parents=True, exist_ok=True)
    with Reward(log=out / "verdicts.jsonl") as reward:
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(model),
            processing_class=AutoTokenizer.from_pretrained(model),
            reward_funcs=reward,
            train_dataset=Dataset.from_list(read_rows(prompts)),
            peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
            args=GRPOConfig(
                output_dir=str(out),
                max_steps=steps,
                max_completion_length=longest,
                num_generations=group,
                per_device_train_batch_size=group,
                gradient_checkpointing=on_gpu,
                learning_rate=1e-5,
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
    logged = [entry for entry in trainer.state.log_history if "reward" in entry]
    return float(logged[-1]["reward"])


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="folder of a Hugging Face model")
    parser.add_argument("prompts", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--group", type=int, default=8, help="answers to each prompt")
    parser.add_argument("--longest", type=int, default=4096, help="tokens of an answer")
    given = parser.parse_args()
    reward = train(
        given.model, given.prompts, given.out, given.steps, given.group, given.longest
    )  # fmt: skip
    print(f"mean reward {reward:.2f} in the last step; the model is in {given.out}")


if __name__ == "__main__":
    main()
