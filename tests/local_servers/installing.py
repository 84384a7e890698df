"""Puts the stand-in for ``llama-server`` on PATH, and writes models for it."""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_servers import fake_llama_server

CONTEXT = 32768


@dataclass(frozen=True)
class Fake:
    """The stand-in in ``folder``; ``model`` is a file that it serves."""

    folder: Path
    model: Path

    @property
    def ref(self) -> str:
        """The reference to its model."""
        return f"local:{self.model}"

    def behave(self, **told: Any) -> None:
        """Say what the next start does."""
        (self.folder / "told.json").write_text(json.dumps(told), encoding="utf-8")

    def noted(self, what: str) -> list[dict[str, Any]]:
        """What it noted: ``starts`` or ``requests``."""
        path = self.folder / what
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    @property
    def left(self) -> list[int]:
        """Processes of it that are still there."""
        return [pid for start in self.noted("starts") for pid in start["pids"] if alive(pid)]


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, **told: Any) -> Fake:
    """Put it first on PATH, with a model and a behaviour."""
    folder.mkdir()
    script = Path(fake_llama_server.__file__).read_text(encoding="utf-8")
    for name in ("llama-server", "ollama"):
        program = folder / name
        program.write_text(f"#!{sys.executable} -I\n{script}", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SERVER", str(folder / "told.json"))
    fake = Fake(folder, folder / "tiny.gguf")
    write_gguf(fake.model)
    fake.behave(**told)
    return fake


def store_in_ollama(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have its model in a store of Ollama's, as ``tiny:latest``."""
    store = fake.folder / "store"
    manifest = store / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "latest"
    manifest.parent.mkdir(parents=True)
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:0123"}
    manifest.write_text(json.dumps({"layers": [layer]}), encoding="utf-8")
    (store / "blobs").mkdir()
    write_gguf(store / "blobs" / "sha256-0123")
    monkeypatch.setenv("OLLAMA_MODELS", str(store))


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat[stat.rindex(b")") + 2 :].split()[0] not in (b"Z", b"X")


def wait_until(condition: Any, seconds: float = 20.0) -> bool:
    """Whether a condition comes true; the time is only for what hangs."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def write_gguf(path: Path, *, layers: int = 2, hidden: int = 64, context: int = CONTEXT) -> None:
    """A GGUF file of a model with these dimensions: its header is whole, its weights are not there."""
    values = {
        "general.architecture": "llama",
        "llama.block_count": layers,
        "llama.embedding_length": hidden,
        "llama.attention.head_count": 4,
        "llama.attention.head_count_kv": 2,
        "llama.feed_forward_length": 2 * hidden,
        "llama.context_length": context,
    }
    tensors = {"token_embd.weight": (hidden, 1000), "blk.0.ffn_gate.weight": (hidden, 2 * hidden)}
    data = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    for key, value in values.items():
        data += _text(key)
        data += (
            struct.pack("<I", 8) + _text(value)
            if isinstance(value, str)
            else struct.pack("<II", 4, value)
        )
    for name, shape in tensors.items():
        data += _text(name) + struct.pack("<I", len(shape))
        data += struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", 0, 0)
    path.write_bytes(data)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()
