"""A model's shape from whatever is at a path."""

from __future__ import annotations

from pathlib import Path

from parallel_agent.budget.memory.errors import ShapeError
from parallel_agent.budget.memory.gguf import read_gguf
from parallel_agent.budget.memory.huggingface import read_config
from parallel_agent.budget.memory.shape import ModelShape


def read_shape(path: Path) -> ModelShape:
    """The shape of the model at ``path``; only its config or its header is read.

    Args:
        path: A folder with a ``config.json`` of Hugging Face (its ``.safetensors`` files, where
            there are any, say the exact size) or with one GGUF file, such a config itself, or a
            ``.gguf`` file (of several, the first; a file of only its header will do).

    Raises:
        ShapeError: nothing there that can be read, or a kind of model that is not counted.
    """
    if path.is_dir() and not (path / "config.json").is_file():
        path = _gguf_in(path)
    if path.is_dir():
        return read_config(path / "config.json")
    if not path.is_file():
        raise ShapeError(
            f"no model at {path}",
            "Give a folder with config.json, that file itself, or a .gguf file",
        )
    return read_gguf(path) if path.suffix == ".gguf" else read_config(path)


def _gguf_in(folder: Path) -> Path:
    files = sorted(folder.glob("*.gguf"))
    firsts = [file for file in files if "-of-" not in file.stem or "-00001-of-" in file.stem]
    if len(firsts) != 1:
        raise ShapeError(
            f"{len(firsts) or 'neither config.json nor'} .gguf files in {folder}",
            "Give a folder with config.json, that file itself, or a .gguf file",
        )
    return firsts[0]
