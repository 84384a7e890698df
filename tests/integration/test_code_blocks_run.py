"""The code blocks of README and docs do what they say: they are run, page by page, in their order.

Each page has a folder with the files that it speaks of; models are a server on loopback. What runs a
kernel through a search takes its time, and is for `make test-long`; the rest looks at a folder as a
run leaves it. What is not run at all has a comment before it that says why, and is listed here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_server import ScriptedServer, answers, serving
from conftest import SUM_OF_ROOTS
from doc_blocks import ROOT, Block, code
from parallel_agent.agent.run_folder import LEDGER
from parallel_agent.budget.ledger import Ledger
from parallel_agent.budget.scopes import ROOT as ROOT_SCOPE
from project_examples import checkout
from report_samples import paid, write_run

NOT_RUN = {
    "it sets up the clone, and runs all tests": 2,
    "it takes an hour": 7,
    "it writes into the clone": 1,
    "it installs, and serves until it is stopped": 2,
    "it needs a key": 1,
    "it trains on what runs left; tests/finetune has it": 12,
    "it needs a GPU, or a model": 3,
    "it needs the contest's toolkit": 2,
    "it needs a branch of yours; test_ci_examples.py has one": 1,
    "it needs a rejection; test_verify.py has some": 1,
    "it is a part of a graph of yours; test_embedding.py has one": 1,
    "it is a part of a test of yours; test_chat_provider.py has many": 1,
    "it serves until it is stopped; test_chat_provider.py asks it": 1,
    "it needs the server of the block before": 2,
}
"""Why, and how many blocks."""
PARALLEL = SUM_OF_ROOTS.replace(
    "    for", "    #pragma omp parallel for reduction(+ : sum)\n    for"
)
PROGRAM = """#include <cstdio>
int main(int argc, char** argv) {
    long sum = argc;
    for (int c = std::getchar(); c != EOF; c = std::getchar()) sum += c;
    std::printf("%ld\\n", sum);
}
"""
FILES = {
    "docs/how-to/program.md": {
        "original.cpp": PROGRAM, "candidate.cpp": PROGRAM.replace("sum += c", "sum = sum + c"),
    },
}  # fmt: skip
BEGIN = {
    "docs/how-to/bench.md": "parallel-agent bench kernels --out FOLDER\n"
    "cp -r FOLDER FOLDER_BEFORE; cp -r FOLDER FOLDER_AFTER\n",
    "docs/how-to/ci.md": "git init --quiet\n",
}
"""What was done before the page begins."""
FOLDERS = {"docs/how-to/project.md": "examples/tides"}
"""Where blocks are run that do not say it themselves."""
BEFORE = "my_source = open('candidate.cpp').read()\nsource = open('kernel.cpp').read()\n"
"""What Python blocks have from the code around them."""
SERVERS = ("http://localhost:8000/v1", "https://openrouter.ai/api/v1")
SLOW = (
    "optimize",
    "resume",
    "bench",
    "profile",
    "verify",
    "Session",
    "tools/",
    "graphs/",
    "export ",
    "git add",
)
SETTINGS = {
    "EFFORT": "quick",
    "SIZE": "2000 60000",
    "ANSWERS": "1",
    "BRANCHES": "1",
    "PRICE": "0.1,0.4",
}
RUNNING = [block for block in code() if not block.not_run]
SLOW_PAGES = sorted({b.page for b in RUNNING if any(word in b.text for word in SLOW)})


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedServer]:
    """Answers every request with the same version of the kernel."""
    usage = {"prompt_tokens": 900, "completion_tokens": 300, "total_tokens": 1200}
    with serving(answers(f"```cpp\n{PARALLEL}```\n", usage)) as server:
        yield server


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with a run that nothing was compiled for, under the name RUN."""
    furnish(tmp_path, "")
    write_run(tmp_path / "RUN", paid(tmp_path / "RUN"), with_model=True)
    ledger = Ledger.create(tmp_path / "RUN" / LEDGER, 50_000_000)
    held = ledger.reserve(ROOT_SCOPE, 5_000_000, what="an answer", key="coder/1")
    ledger.settle(held.id, 3_100_000, detail={"usage": None}, response="{}")
    return tmp_path


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, model: ScriptedServer) -> Path:
    """A folder with a run that a model took part in, under the name RUN."""
    folder = tmp_path_factory.mktemp("docs")
    furnish(folder, "")
    line = "parallel-agent optimize kernel.cpp --threads 2 --model http://localhost:8000/v1#NAME"
    block = Block("", "sh", f"{line} --price 0.1,0.4 --budget 0.05 --out RUN\n", "")
    execute(block, folder, model)
    return folder


def furnish(folder: Path, page: str) -> None:
    plain = {
        "kernel.cpp": SUM_OF_ROOTS, "original.cpp": SUM_OF_ROOTS, "candidate.cpp": PARALLEL,
        "misfit.cpp": SUM_OF_ROOTS, "kernels/roots.cpp": SUM_OF_ROOTS,
        "small.txt": "1\n", "large.txt": "1\n" * 999,
    }  # fmt: skip
    for name, text in {**plain, **FILES.get(page, {})}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("tools", "graphs"):
        (folder / name).symlink_to(ROOT / name)
    if page in FOLDERS:
        (folder / "examples").mkdir()
        for example in ("tides", "hillshade"):
            checkout(example, folder / "examples")


def execute(block: Block, folder: Path, model: ScriptedServer) -> None:
    """Run a block as it stands, but for where models are."""
    text = block.text.replace(".venv/bin/", "")
    for server in SERVERS:
        text = text.replace(server, model.url)
    where = folder if text.startswith("cd ") else folder / FOLDERS.get(block.page, ".")
    command = ["sh", "-ec", text]
    if block.language == "python":
        command = [sys.executable, "-c", BEFORE * (where == folder) + text]
    done = subprocess.run(
        command, cwd=where, env=environment(model), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{block.page}\n{block.text}\n{done.stdout}\n{done.stderr}"


def environment(model: ScriptedServer) -> dict[str, str]:
    ours = {f"PARALLEL_AGENT_{name}": value for name, value in SETTINGS.items()}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    browser = {"BROWSER": "true"}
    asking = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none"}
    return {**os.environ, **ours, **browser, **asking, "PATH": path}


def test_what_is_not_run_is_listed_here() -> None:
    assert Counter(block.not_run for block in code() if block.not_run) == NOT_RUN
    assert len(RUNNING) > 30


def test_blocks_that_look_at_a_run_do_what_they_say(written: Path, model: ScriptedServer) -> None:
    quick = [block for block in RUNNING if not any(word in block.text for word in SLOW)]
    assert len(quick) >= 7
    for block in quick:
        if "sqlite3" not in block.text or shutil.which("sqlite3"):
            execute(block, written, model)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", SLOW_PAGES)
def test_a_page_does_what_it_says(
    page: str, prepared: Path, model: ScriptedServer, tmp_path: Path
) -> None:
    furnish(tmp_path, page)
    shutil.copytree(prepared / "RUN", tmp_path / "RUN")
    if page in BEGIN:
        execute(Block("", "sh", BEGIN[page], ""), tmp_path, model)
    for block in RUNNING:
        if block.page == page:
            execute(block, tmp_path, model)
