"""What ``local:`` names, and how each server program is told of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from local_servers.installing import write_gguf
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.servers.adapter import Limits
from parallel_agent.chat.servers.choice import ADAPTERS, choose
from parallel_agent.chat.servers.environment import without_keys
from parallel_agent.chat.servers.llama_cpp import LlamaCpp
from parallel_agent.chat.servers.ollama import Ollama
from parallel_agent.chat.servers.target import Target, read_target
from parallel_agent.chat.servers.transformers_serve import TransformersServe
from parallel_agent.chat.servers.vllm import Vllm, utilization

NOWHERE: dict[str, str] = {"HF_HOME": "/nowhere", "OLLAMA_MODELS": "/nowhere"}


def folder_of(path: Path, *, template: bool = True) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}", encoding="utf-8")
    (path / "model.safetensors").touch()
    told = {"chat_template": "{{ messages }}"} if template else {}
    (path / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    return path


def problem(text: object) -> str:
    with pytest.raises(UnknownModel) as raised:
        read_target(str(text), NOWHERE)
    assert raised.value.hint
    return str(raised.value)


def test_files_and_folders(tmp_path: Path) -> None:
    weights = tmp_path / "weights" / "a.gguf"
    weights.parent.mkdir()
    write_gguf(weights)
    assert read_target(str(weights), NOWHERE).kind == "gguf"
    assert read_target(str(weights.parent), NOWHERE) == Target(str(weights.parent), "gguf", weights)
    model = folder_of(tmp_path / "model")
    assert read_target(str(model), NOWHERE) == Target(str(model), "folder", model)


def test_what_cannot_be_served_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("no weights", encoding="utf-8")
    assert "no GGUF file" in problem(tmp_path / "text.gguf")
    assert "no chat template" in problem(folder_of(tmp_path / "base", template=False))
    (tmp_path / "empty").mkdir()
    assert "neither config.json nor" in problem(tmp_path / "empty")
    (tmp_path / "empty" / "adapter_config.json").touch()
    assert "an adapter" in problem(tmp_path / "empty")
    bare = folder_of(tmp_path / "bare")
    (bare / "model.safetensors").unlink()
    assert "no weights" in problem(bare)
    bare = folder_of(tmp_path / "mute")
    (bare / "tokenizer_config.json").unlink()
    assert "no tokenizer" in problem(bare)
    for name in ("nobody/knows-this", "nor-this:7b", "../../no-such-place", "a//b"):
        assert "no file or folder here" in problem(name)


def test_a_template_may_be_a_file_of_its_own(tmp_path: Path) -> None:
    model = folder_of(tmp_path / "model", template=False)
    (model / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    assert read_target(str(model), NOWHERE).kind == "folder"


def test_names_of_stores(tmp_path: Path) -> None:
    snapshot = folder_of(tmp_path / "hub" / "models--some--coder" / "snapshots" / "abc")
    environ = {"HF_HUB_CACHE": str(tmp_path / "hub"), "OLLAMA_MODELS": str(tmp_path / "ollama")}
    assert read_target("some/coder", environ) == Target("some/coder", "folder", snapshot)
    manifest = tmp_path / "ollama/manifests/registry.ollama.ai/library/coder/7b"
    manifest.parent.mkdir(parents=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:1"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:2"},
    ]
    manifest.write_text(json.dumps({"layers": layers}), encoding="utf-8")
    with pytest.raises(UnknownModel, match="no model of Ollama's"):  # its weights are gone
        read_target("coder:7b", environ)
    blob = tmp_path / "ollama" / "blobs" / "sha256-2"
    blob.parent.mkdir()
    write_gguf(blob)
    assert read_target("coder:7b", environ) == Target("coder:7b", "ollama", blob)


def test_the_limits_are_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("llama-server", "ollama", "vllm"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    limits = Limits(context=4096, slots=3, memory=10**9)
    weights = Target("w", "gguf", tmp_path / "w.gguf")

    llama = LlamaCpp().launch(weights, limits, 5000)
    flags = dict(zip(llama.argv[1::2], llama.argv[2::2], strict=True))
    assert llama.argv[0] == str(tmp_path / "llama-server")
    assert (flags["--host"], flags["--port"]) == ("127.0.0.1", "5000")
    assert (flags["--ctx-size"], flags["--parallel"]) == ("12288", "3")  # shared among the slots
    assert flags["--alias"] == llama.model
    assert llama.environ == {"LLAMA_ARG_CACHE_RAM": "0"}

    vllm = Vllm().launch(Target("m", "folder", tmp_path / "m"), limits, 5000)
    assert vllm.argv[1:3] == ("serve", str(tmp_path / "m"))
    flags = dict(zip(vllm.argv[3::2], vllm.argv[4::2], strict=True))
    assert (flags["--max-model-len"], flags["--max-num-seqs"]) == ("4096", "3")
    assert (flags["--host"], flags["--port"]) == ("127.0.0.1", "5000")
    assert flags["--served-model-name"] == vllm.model

    ollama = Ollama().launch(Target("coder:7b", "ollama", tmp_path), limits, 5000)
    assert ollama.argv == (str(tmp_path / "ollama"), "serve")
    assert ollama.environ["OLLAMA_HOST"] == "127.0.0.1:5000"
    assert ollama.environ["OLLAMA_CONTEXT_LENGTH"] == "4096"
    assert ollama.environ["OLLAMA_NUM_PARALLEL"] == "3"
    assert ollama.model == "coder:7b"

    served = TransformersServe().launch(Target("m", "folder", tmp_path / "a@b"), limits, 5000)
    assert served.cwd == tmp_path / "a@b"
    assert served.model == "."


@pytest.mark.parametrize(
    ("cap", "total", "share"),
    [
        (24 * 10**9, 80 * 10**9, 0.27),  # a tenth of the cap is left
        (23_999_999_999, 80 * 10**9, 0.269),  # never rounded up
        (200 * 10**9, 80 * 10**9, 0.95),
        (None, 80 * 10**9, None),
        (24 * 10**9, None, None),
    ],
)
def test_the_share_of_a_gpu(cap: int | None, total: int | None, share: float | None) -> None:
    assert utilization(cap, total) == share


def test_who_serves_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])  # no packages of this Python
    stored = Target("coder:7b", "ollama", tmp_path / "blob")
    model = Target("m", "folder", tmp_path / "m")

    def hint(target: Target, server: str) -> str:
        with pytest.raises(UnknownModel) as raised:
            choose(target, server)
        return f"{raised.value}; {raised.value.hint}"

    assert "pip install vllm" in hint(model, "auto")
    assert "Give another --server" in hint(model, "ollama")
    for name in ("llama-server", "ollama", "vllm", "transformers"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    assert choose(stored, "auto").name == "ollama"
    assert choose(stored, "llama.cpp").name == "llama.cpp"
    assert choose(Target("w", "gguf", tmp_path), "auto").name == "llama.cpp"
    assert choose(model, "vllm").name == "vllm"
    assert choose(model, "transformers").name == "transformers"
    assert {adapter.name for adapter in ADAPTERS} == {"llama.cpp", "vllm", "ollama", "transformers"}


def test_the_environment_has_no_keys() -> None:
    environ = {
        "PATH": "/bin", "CUDA_VISIBLE_DEVICES": "0", "OPENAI_API_KEY": "k", "HF_TOKEN": "t",
        "AWS_SECRET_ACCESS_KEY": "s", "DB_PASSWORD": "p", "BASIC_AUTH": "a", "aws_session_token": "x",
        "PARALLEL_AGENT_BUDGET": "1", "NO_PROXY": "elsewhere",
    }  # fmt: skip
    kept = without_keys(environ)
    assert {"PATH", "CUDA_VISIBLE_DEVICES"} <= kept.keys()
    assert kept.keys().isdisjoint(environ.keys() - {"PATH", "CUDA_VISIBLE_DEVICES", "NO_PROXY"})
    assert "127.0.0.1" in kept["NO_PROXY"]
    assert kept["HF_HUB_OFFLINE"] == "1"


def test_the_price_is_nothing_unless_it_is_given() -> None:
    (local,) = find_models(["local:m"])
    assert local.model is not None
    assert local.model.price.free
    (local,) = find_models(["local:m"], ["0.1,0.2"])
    assert local.model is not None
    assert not local.model.price.free
    # One price for a server elsewhere does not make this machine's tokens dear.
    local, remote = find_models(["local:m", "http://127.0.0.1:9/v1#x"], ["0.1,0.2"])
    assert local.model is not None
    assert remote.model is not None
    assert (local.model.price.free, remote.model.price.free) == (True, False)
