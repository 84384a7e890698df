"""The training itself: trl's trainer, told what the plan says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PrinterCallback, set_seed
from trl import SFTConfig, SFTTrainer

from parallel_agent.training.finetuning.learning.device import limit_memory
from parallel_agent.training.finetuning.learning.merging import save_whole
from parallel_agent.training.finetuning.learning.tokens import Encoded
from parallel_agent.training.finetuning.learning.watching import (
    COMPLETE,
    Watch,
    Watcher,
    begin_log,
    stopping,
)
from parallel_agent.training.finetuning.plan import Plan
from parallel_agent.training.finetuning.settings import FinetuneSettings, Folder

_CHECKPOINTS = 2


def train(
    asked: FinetuneSettings,
    plan: Plan,
    base: Path,
    folder: Folder,
    tokenizer: Any,
    train_rows: Sequence[Encoded],
    validation_rows: Sequence[Encoded],
    watch: Watch,
) -> None:
    """Train from the last whole checkpoint on, or from the beginning, and save what was learned.

    An adapter goes into ``folder.adapter``, a whole model into ``folder.model``, once ``watch`` has not
    stopped it. The same seed gives the same numbers on the same machine, also where it was interrupted.
    """
    _be_deterministic(asked.seed)
    limit_memory(plan.device, plan.cap)
    checkpoint = last_checkpoint(folder)
    begin_log(folder.log, 0 if checkpoint is None else _step(checkpoint))
    trainer = make_trainer(asked, plan, base, folder, tokenizer, train_rows, validation_rows)
    trainer.add_callback(Watcher(watch))
    with stopping(watch):
        try:
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        except torch.OutOfMemoryError:
            watch.highest, watch.stopped = max(watch.highest, watch.peak()), "memory"
    if watch.stopped:
        return
    if asked.method == "full":
        trainer.model.config.use_cache = True
        save_whole(folder.model, trainer.model.to(_stored_dtype(base)), tokenizer)
    else:
        save_whole(folder.adapter, trainer.model, None)


def make_trainer(
    asked: FinetuneSettings,
    plan: Plan,
    base: Path,
    folder: Folder,
    tokenizer: Any,
    train_rows: Sequence[Encoded],
    validation_rows: Sequence[Encoded],
) -> Any:
    """trl's trainer with the model loaded; it prints nothing."""
    trainer = SFTTrainer(
        model=_model(asked, plan, base),
        args=_arguments(asked, plan, folder, validated=bool(validation_rows)),
        train_dataset=_dataset(train_rows),
        eval_dataset=_dataset(validation_rows) if validation_rows else None,
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def last_checkpoint(folder: Folder) -> Path | None:
    """The last checkpoint that is whole; those that a kill left unfinished are removed."""
    whole = []
    for found in folder.checkpoints.glob("checkpoint-*"):
        if (found / COMPLETE).is_file():
            whole.append(found)
        else:
            shutil.rmtree(found)
    return max(whole, key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _be_deterministic(seed: int) -> None:
    set_seed(seed)
    # cuBLAS is deterministic only with a workspace of its own (its documentation, "Reproducibility").
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # New memory is written over with NaN otherwise, and so becomes resident before it is needed.
    torch.utils.deterministic.fill_uninitialized_memory = False


def _model(asked: FinetuneSettings, plan: Plan, base: Path) -> Any:
    """The model in the plan's precision, with the adapters that are trained."""
    trained = (
        torch.bfloat16 if plan.precision == "bf16" and asked.method != "full" else torch.float32
    )
    options: dict[str, Any] = {"dtype": trained, "local_files_only": True}
    if asked.method == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    if plan.device.kind == "gpu":
        options["device_map"] = {"": 0}
    model = AutoModelForCausalLM.from_pretrained(base, **options)
    model.config.use_cache = False
    if asked.method == "full":
        return model
    if asked.method == "qlora":
        model = prepare_model_for_kbit_training(
            model, use_gradient_checkpointing=plan.checkpointing
        )
    adapters = LoraConfig(
        r=asked.rank,
        lora_alpha=2 * asked.rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, adapters)


def _arguments(asked: FinetuneSettings, plan: Plan, folder: Folder, *, validated: bool) -> Any:
    return SFTConfig(
        output_dir=str(folder.checkpoints),
        max_steps=plan.steps,
        per_device_train_batch_size=plan.batch,
        per_device_eval_batch_size=plan.batch,
        gradient_accumulation_steps=plan.accumulation,
        gradient_checkpointing=plan.checkpointing,
        max_length=None,  # what is longer than planned has been left out, nothing is cut
        completion_only_loss=True,
        packing=False,
        learning_rate=asked.rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, plan.steps // 30),
        weight_decay=0.0,
        optim="adamw_torch",
        bf16=plan.precision == "bf16",
        fp16=False,
        use_cpu=plan.device.kind == "cpu",
        seed=asked.seed,
        data_seed=asked.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=plan.keep_every,
        save_total_limit=_CHECKPOINTS,
        eval_strategy="steps" if validated else "no",
        eval_steps=plan.keep_every if validated else None,
        prediction_loss_only=True,
        dataloader_pin_memory=plan.device.kind == "gpu",
        disable_tqdm=True,
        report_to="none",
    )


def _dataset(rows: Sequence[Encoded]) -> Any:
    return Dataset.from_list([row.row() for row in rows])


def _stored_dtype(base: Path) -> Any:
    """The precision of the model as it was given: a whole model is trained in fp32."""
    from transformers import AutoConfig

    stored = getattr(AutoConfig.from_pretrained(base, local_files_only=True), "dtype", None)
    return stored or torch.float32
