"""A training from the data to the model card; each part is kept, and a resumed one does the rest."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from parallel_agent.budget.memory import format_memory
from parallel_agent.budget.memory.runtime import return_freed_memory
from parallel_agent.extras import need
from parallel_agent.training.finetuning.card import model_card
from parallel_agent.training.finetuning.errors import (
    FinetuneError,
    MemoryPassed,
    TrainingInterrupted,
)
from parallel_agent.training.finetuning.plots import draw_training
from parallel_agent.training.finetuning.preparing import Prepared, clear, prepare, prepare_again
from parallel_agent.training.finetuning.progress import View
from parallel_agent.training.finetuning.record import (
    BenchScore,
    Record,
    Result,
    last_loss,
    read_log,
)
from parallel_agent.training.finetuning.settings import FinetuneSettings, Folder

_EXTRA = ("torch", "transformers", "peft", "trl", "datasets", "accelerate")
Scores = tuple[BenchScore, BenchScore]
Bench = Callable[[Record, Path, Folder], Scores]
"""Takes the record, the base model, and the folder with the one that was trained."""


def finetune(
    asked: FinetuneSettings | None,
    out: Path,
    view: View,
    *,
    merge: bool = True,
    bench: Bench | None = None,
) -> Result:
    """Train in a fresh folder, or with ``asked`` None go on with what is in it.

    Raises:
        FinetuneError: it cannot be as it is asked for.
        DoesNotFit, ShapeError: the model does not fit under the cap, or cannot be counted.
        TrainingInterrupted, MemoryPassed: it was stopped; all is kept up to a checkpoint.
        ExtraMissing: a package of the extra ``finetune`` is not installed.
    """
    for package in _EXTRA:
        need(package, package, "finetune")
    folder = Folder(out)
    with _quiet_libraries():
        prepared = prepare_again(folder, view) if asked is None else prepare(asked, folder, view)
        peak = _train(prepared, folder, view)
        whole = _whole(prepared, folder, view, merge=merge)
    scores = None
    if bench is not None:
        if not whole:
            raise FinetuneError("an adapter alone cannot be served", "Leave --no-merge out")
        view.stage("the suite before and after")
        view.stop()
        scores = bench(prepared.record, prepared.base, folder)
    result = _result(prepared.record, folder, peak, scores, whole=whole)
    _write_card(prepared.record, result, folder)
    clear(folder)
    return result


def _train(prepared: Prepared, folder: Folder, view: View) -> int:
    """Train what is not trained yet; the peak of memory in bytes."""
    from parallel_agent.training.finetuning.learning.device import peak_memory
    from parallel_agent.training.finetuning.learning.training import last_checkpoint, train
    from parallel_agent.training.finetuning.learning.watching import Watch

    plan = prepared.record.plan
    learned = folder.model if prepared.record.asked.method == "full" else folder.adapter
    if learned.is_dir():
        return max(read_log(folder.log).memory)
    view.stage("loading the model")
    return_freed_memory()
    runtime = plan.estimate.get("runtime", 0)
    watch = Watch(
        log=folder.log,
        cap=plan.cap,
        peak=lambda: peak_memory(plan.device, runtime),
        told=lambda step, of, loss, peak: view.at(
            step, of, f"loss {loss:.3f}, {format_memory(peak)}"
        ),
    )
    view.stage("training")
    train(
        prepared.record.asked, plan, prepared.base, folder, prepared.tokenizer, prepared.train,
        prepared.validation, watch,
    )  # fmt: skip
    if not watch.stopped:
        return watch.highest
    checkpoint = last_checkpoint(folder)
    step = 0 if checkpoint is None else int(checkpoint.name.rpartition("-")[2])
    if watch.stopped == "interrupted":
        raise TrainingInterrupted(folder.root, step)
    if watch.stopped == "diverged":
        raise FinetuneError(
            f"the loss is no number any more after step {watch.step}",
            "Begin anew in another --out with a lower --learning-rate",
        )
    raise MemoryPassed(
        f"the training (process {os.getpid()}) took {format_memory(watch.highest)} at step "
        f"{watch.step + 1} and may take {format_memory(plan.cap)}; it is kept up to step {step}",
        folder.root,
        f"Begin anew with a shorter --sequence than {plan.sequence}, or a larger --memory",
    )


def _whole(prepared: Prepared, folder: Folder, view: View, *, merge: bool) -> bool:
    """Merge the adapter where that is wanted and not done; whether there is a whole model."""
    from parallel_agent.training.finetuning.learning.merging import merge as merge_adapter

    if merge and not folder.model.is_dir():
        view.stage("merging the adapter")
        merge_adapter(prepared.base, folder.adapter, folder.model, prepared.tokenizer)
    return folder.model.is_dir()


def _result(
    record: Record, folder: Folder, peak: int, scores: Scores | None, *, whole: bool
) -> Result:
    curves = read_log(folder.log)
    return Result(
        model=str(folder.model if whole else folder.adapter),
        merged=whole,
        method=record.asked.method,
        steps=curves.steps[-1],
        examples=record.examples,
        left_out=record.left_out,
        first_loss=curves.losses[0],
        last_loss=last_loss(curves.losses),
        validation_losses=tuple(loss for _, loss in curves.validation),
        estimated_bytes=record.plan.estimated,
        peak_bytes=max(peak, *curves.memory),
        cap_bytes=record.plan.cap,
        seconds=curves.seconds,
        before=None if scores is None else scores[0],
        after=None if scores is None else scores[1],
    )


def _write_card(record: Record, result: Result, folder: Folder) -> None:
    """The card, the plot and the result, and the first two beside the weights as well."""
    draw_training(read_log(folder.log), record.plan, folder.plot)
    folder.card.write_text(model_card(record, result), encoding="utf-8")
    folder.result.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for file in (folder.card, folder.plot):
        shutil.copy(file, Path(result.model))


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """What the libraries would print is not for a user, and nothing is to be fetched or told by them."""
    told = {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    import datasets
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
