"""The embedding example under ``langgraph dev``, the server behind LangGraph Studio, on loopback.

Its package brings parts under the Elastic licence, so that it is no dependency of the tests: they look
for ``langgraph`` beside their own Python, or where LANGGRAPH says, in an environment with this package.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import SUM_OF_ROOTS

ROOT = Path(__file__).parents[2]
BESIDE = Path(sys.executable).with_name("langgraph")
PROGRAM = os.environ.get("LANGGRAPH") or (str(BESIDE) if BESIDE.is_file() else "")
SECONDS = 280.0
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not PROGRAM, reason="no langgraph here: pip install -e '.[studio]'"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[httpx.Client]:
    """The server with the graphs of langgraph.json, in a folder of its own."""
    for name in ("langgraph.json", "graphs"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    config = tmp_path / "langgraph.json"
    config.write_text(config.read_text().replace('"."', f'"{ROOT}"'))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    line = [
        PROGRAM,
        "dev",
        "--no-browser",
        "--no-reload",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            line, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS) as client:
                wait_for(client, process, tmp_path / "server.log")
                yield client
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def wait_for(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/ok", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise AssertionError(log.read_text())


def run(client: httpx.Client, graph: str, **asked: Any) -> dict[str, Any]:
    """Run a graph on a new thread to its end; its state."""
    thread = client.post("/threads", json={}).raise_for_status().json()["thread_id"]
    done = client.post(
        f"/threads/{thread}/runs/wait",
        json={"assistant_id": graph, **asked},
    )
    found: dict[str, Any] = done.raise_for_status().json()
    return found


def test_the_example_runs_on_the_server_and_its_nodes_can_be_drawn(
    server: httpx.Client, tmp_path: Path
) -> None:
    found = server.post("/assistants/search", json={}).raise_for_status().json()
    assert {one["graph_id"] for one in found} == {"optimize", "embedding"}
    (example,) = (one["assistant_id"] for one in found if one["graph_id"] == "embedding")
    drawn = server.get(f"/assistants/{example}/graph", params={"xray": 2}).raise_for_status().json()
    nodes = {str(node["id"]) for node in drawn["nodes"]}
    assert {"pick", "describe"} <= nodes
    assert any("planner" in node for node in nodes), nodes

    state = run(
        server,
        "embedding",
        input={"source": SUM_OF_ROOTS},
        context={"threads": 2, "effort": "quick", "size": ["60000"]},
    )

    assert state["kernel"] == "sumOfRoots"
    assert state["outcome"]["status"] in ("improved", "unchanged")
    assert Path(state["outcome"]["best_source"]).is_file()
    assert ("perf(sumOfRoots)" in state["message"]) == (state["outcome"]["status"] == "improved")
    assert list(tmp_path.glob(".parallel-agent/runs/thread-*/outcome.json"))
