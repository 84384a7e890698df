from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parallel_agent.cli import run

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("parallel-agent")
VERBS = (
    *("demo", "optimize", "verify", "profile", "contract", "bench", "resume", "report", "export"),
    *("ledger", "models", "doctor", "config", "mcp"),
)


def parallel_agent(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command itself, as a user runs it."""
    command = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "scale.cpp"
    path.write_text("void scale(int n, float *x) { for (int i = 0; i < n; ++i) x[i] *= 2; }\n")
    return path


def test_the_help_lists_every_verb_and_the_exit_statuses() -> None:
    done = parallel_agent("--help")
    assert done.returncode == 0
    assert all(f"  {verb}  " in done.stdout for verb in VERBS)
    assert "130 interrupted" in " ".join(done.stdout.split())
    assert done.stderr == ""


def test_no_arguments_are_a_question_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: parallel-agent" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    name, version = capsys.readouterr().out.split()
    assert name == "parallel-agent"
    assert version[0].isdigit()


def test_the_help_imports_nothing_heavy() -> None:
    # Typer's newer versions read the flags of a command with pydantic.
    program = (
        "import sys; from parallel_agent.cli import run; run(['optimize', '--help']); "
        "heavy = {'langgraph', 'langchain_core', 'numpy', 'clang', 'rich'}; "
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


BAD_INPUT = [
    ([], "there is no file", "missing.cpp"),
    (["--budget", "-1"], "--budget: ", "greater than or equal to 0"),
    (["--budget", "nan"], "--budget: ", "finite"),
    (["--budget", "1e12"], "--budget: ", "less than or equal to 1000000"),
    (["--budget", "a few cents"], "--budget: ", "decimal"),
    (["--model", "openai:nothing"], "the price of openai:nothing", "--price"),
    (["--model", "nothing"], "'nothing'", "no reference to a model"),
    (["--policy", "gut"], "--policy: ", "'gut' is not known"),
    (["--max-output-tokens", "0"], "--max-output-tokens: ", "greater than or equal to 1"),
    (["--effort", "heroic"], "--effort: ", "'quick', 'normal' or 'thorough'"),
    (["--threads", "0"], "--threads: ", "greater than or equal to 1"),
    (["--threads", "two"], "--threads", "valid integer"),
    (["--cxxflags", "'-O3"], "--cxxflags: ", "quotation"),
    (["--fast"], "No such option", "--fast"),
]


@pytest.mark.parametrize(("flags", "what", "which"), BAD_INPUT, ids=lambda v: str(v)[:20])
def test_a_bad_request_has_two_lines_and_status_2(
    flags: list[str], what: str, which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["optimize", str(tmp_path / "missing.cpp"), *flags]) == 2
    told = capsys.readouterr()
    first, second = told.err.splitlines()
    assert first.startswith("error: ")
    assert what in first
    assert which in first
    assert second.startswith("  help: ")
    assert told.out == ""


def test_an_empty_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty.cpp"
    empty.write_text("  \n")
    done = parallel_agent("optimize", empty, "--json")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: {empty} is empty",
        "  help: Give a C++ source file",
    ]
    assert json.loads(done.stdout) == {
        "error": f"{empty} is empty",
        "help": "Give a C++ source file",
        "status": 2,
    }


def test_a_folder_that_cannot_be_written(source: Path) -> None:
    done = parallel_agent("optimize", source, "--out", source / "run")
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first.startswith(f"error: cannot write to the folder {source / 'run'}")
    assert second == "  help: Give a folder that you may write to with --out"


def test_a_compiler_that_there_is_not(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["optimize", str(source), "--cxx", "no-such-compiler"]) == 3
    first, second = capsys.readouterr().err.splitlines()
    assert "'no-such-compiler' is not on PATH" in first
    assert "parallel-agent doctor" in second


def test_a_folder_without_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["resume", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: there is no run in")


def test_a_suite_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "everything"]) == 2
    assert "'everything' is no folder and none of bundled, llm4pp:PLACE" in capsys.readouterr().err


def test_a_verb_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["optimise", "a.cpp", "--json"]) == 2
    assert "optimise" in json.loads(capsys.readouterr().out)["error"]


def test_an_interrupt_before_the_run_began(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parallel_agent.report.account.audit_of", interrupted)
    assert run(["ledger", "somewhere"]) == 130
    assert capsys.readouterr().err.startswith("error: interrupted\n  help: ")


def test_the_reference_is_what_the_help_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "cli_reference.py", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
