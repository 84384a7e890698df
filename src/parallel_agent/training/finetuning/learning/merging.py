"""The model after a training: its adapter merged into the weights that it was trained on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM


def save_whole(folder: Path, model: Any, tokenizer: Any) -> None:
    """The model with its tokenizer; the folder is there once all of it is."""
    beside = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    model.save_pretrained(beside)
    if tokenizer is not None:
        tokenizer.save_pretrained(beside)
    shutil.rmtree(folder, ignore_errors=True)
    beside.replace(folder)


def merge(base: Path, adapter: Path, folder: Path, tokenizer: Any) -> None:
    """Write the base model with the adapter in its weights, in the base's own precision, on the CPU.

    W + (alpha / rank) B A for each adapted matrix W (Hu et al. 2021, "LoRA", section 4.1). An adapter
    that was trained over 4-bit weights is merged into the whole ones.
    """
    with torch.inference_mode():
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto", local_files_only=True)
        merged = PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)
        save_whole(folder, merged, tokenizer)
