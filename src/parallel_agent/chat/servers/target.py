"""What ``local:PATH_OR_NAME`` names: weights on this machine, which nothing is fetched for."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from parallel_agent.chat.errors import UnknownModel

Kind = Literal["gguf", "folder", "ollama"]

_GGUF = b"GGUF"
_FORMS = "Give a .gguf file, a folder with config.json, or the name of a model that is here"
_OLLAMA_WEIGHTS = "application/vnd.ollama.image.model"


@dataclass(frozen=True)
class Target:
    """Weights: a GGUF file, a Hugging Face folder, or a model in Ollama's store.

    ``text`` is what the user wrote, ``path`` the file or folder with the weights; of a model of
    Ollama's that is a GGUF file of its store, too.
    """

    text: str
    kind: Kind
    path: Path

    @property
    def label(self) -> str:
        """A short name."""
        return self.text if self.kind == "ollama" else self.path.name


def read_target(text: str, environ: Mapping[str, str] = os.environ) -> Target:
    """Find what is meant. Raises UnknownModel where there is no such model, or not all of it."""
    path = Path(text).expanduser()
    if path.is_file():
        return _file(text, path)
    if path.is_dir():
        return _folder(text, path.absolute())
    stored = _in_ollama(text, environ)
    if stored is not None:
        return Target(text, "ollama", stored)
    snapshot = _in_hugging_face_cache(text, environ)
    if snapshot is not None:
        return _folder(text, snapshot)
    raise UnknownModel(
        f"'local:{text}' is no file or folder here, no model of Ollama's and none in the cache of "
        "Hugging Face",
        f"{_FORMS} (ollama pull NAME, or hf download OWNER/NAME)",
    )


def _file(text: str, path: Path) -> Target:
    with path.open("rb") as file:
        if file.read(len(_GGUF)) == _GGUF:
            return Target(text, "gguf", path.absolute())
    raise UnknownModel(f"'local:{text}' is a file, but no GGUF file", _FORMS)


def _folder(text: str, path: Path) -> Target:
    if (path / "config.json").is_file():
        _check_folder(text, path)
        return Target(text, "folder", path)
    weights = sorted(path.glob("*.gguf"))
    if len(weights) == 1:
        return _file(text, weights[0])
    if (path / "adapter_config.json").is_file():
        raise UnknownModel(
            f"'local:{text}' holds an adapter, not a whole model",
            "Merge it into its base model, and give that folder",
        )
    held = f"{len(weights)} .gguf files" if weights else "neither config.json nor a .gguf file"
    raise UnknownModel(f"'local:{text}' is a folder with {held}", _FORMS)


def _check_folder(text: str, path: Path) -> None:
    """That the folder has weights, a tokenizer, and the template that makes one text of a chat."""
    if not any(path.glob("*.safetensors")) and not any(path.glob("pytorch_model*.bin")):
        raise UnknownModel(
            f"'local:{text}' has config.json but no weights", "Give the folder with *.safetensors"
        )
    if not (path / "tokenizer_config.json").is_file():
        raise UnknownModel(
            f"'local:{text}' has no tokenizer", "Save the model's tokenizer into the folder"
        )
    if (path / "chat_template.jinja").is_file() or (path / "chat_template.json").is_file():
        return
    try:
        told = json.loads((path / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}
    if not (isinstance(told, dict) and told.get("chat_template")):
        raise UnknownModel(
            f"'local:{text}' has no chat template: it is a base model, not made for chats",
            "Give a model that was tuned for instructions, or put chat_template.jinja into the "
            "folder",
        )


def ollama_store(environ: Mapping[str, str]) -> Path:
    """The folder that Ollama keeps its models in."""
    told = environ.get("OLLAMA_MODELS")
    return Path(told) if told else Path.home() / ".ollama" / "models"


def _in_ollama(name: str, environ: Mapping[str, str]) -> Path | None:
    """The GGUF file of a model in Ollama's store, None where it has no such model."""
    model, _, tag = name.partition(":")
    parts = model.split("/")
    if ".." in parts or not all(parts):
        return None
    place = ["registry.ollama.ai", *(["library"] if len(parts) == 1 else []), *parts]
    if len(parts) == 3:  # with the host of another registry
        place = parts
    store = ollama_store(environ)
    try:
        manifest = json.loads(
            store.joinpath("manifests", *place, tag or "latest").read_text(encoding="utf-8")
        )
        digest = next(
            str(layer["digest"])
            for layer in manifest["layers"]
            if layer["mediaType"] == _OLLAMA_WEIGHTS
        )
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None
    weights = store / "blobs" / digest.replace(":", "-")
    return weights if weights.is_file() else None


def _in_hugging_face_cache(name: str, environ: Mapping[str, str]) -> Path | None:
    """The newest snapshot of a model in the cache of Hugging Face's hub."""
    if name.count("/") != 1 or ".." in name:
        return None
    home = Path(environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    cache = Path(environ.get("HF_HUB_CACHE") or home / "hub")
    root = cache / f"models--{name.replace('/', '--')}" / "snapshots"
    found = [path for path in root.glob("*") if (path / "config.json").is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)
