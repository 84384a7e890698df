from __future__ import annotations

import errno
import json
import sys
from pathlib import Path

import pytest
import typer

from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.run import Interrupted
from parallel_agent.agent.run_folder import FolderError
from parallel_agent.budget.amount import Amount, Cap
from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError, ReservationClosed
from parallel_agent.budget.prices import PriceUnknown
from parallel_agent.kernel.contract import ContractError
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import SourceError
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.report.explain import explain
from parallel_agent.report.explanation import report_error
from parallel_agent.settings import SettingsError
from parallel_agent.toolchain.compiler import CompilerMissing
from parallel_agent.toolchain.runner import WorkerDied, WorkerError
from parallel_agent.toolchain.sandbox import SandboxUnavailable

EXPLAINED = [
    (SettingsError("budget: Input should be a finite number"), 2, "--budget: Input should"),
    (SettingsError("parallel-agent.toml: bad"), 2, "parallel-agent.toml: bad"),
    (SettingsError("suite: there is no suite 'x'"), 2, "suite: there is no suite 'x'"),
    (SourceError("there is no file a.cpp", "Give one"), 2, "there is no file a.cpp"),
    (FolderError("the folder x holds a run already", "Go on"), 2, "holds a run already"),
    (ContractNeeded("what is the length of x?", "[parameters.x]\n"), 2, "the length of x"),
    (ContractError("n: no such parameter"), 2, "n: no such parameter"),
    (BuildError("the original does not build: line 3"), 2, "line 3"),
    (WorkerError("it hung"), 2, "the original fails: it hung"),
    (WorkerDied(-11, ""), 2, "killed by SIGSEGV"),
    (MismatchError("result: 1 is not 2"), 2, "1 is not 2"),
    (CompilerMissing("compiler 'g++' is not on PATH"), 3, "not on PATH"),
    (SandboxUnavailable("'prlimit' is not on PATH"), 3, "prlimit"),
    (OSError(errno.ENOSPC, "No space left on device", "best.cpp"), 3, "No space left"),
    (
        CapExceeded("account", Amount(2 * 10**9, 10), Cap(10**9)),
        *(4, "2.00 USD needed, 1.00 USD available in account"),
    ),
    (
        CapExceeded("account", Amount(5, 300, 2000), Cap(5, 200, 900)),
        *(4, "300 tokens needed, 200 tokens available; 2.0 s needed, 0.9 s available in account"),
    ),
    (
        CapTooLow("account", Cap(10**9), Amount(2 * 10**9)),
        *(2, "1.00 USD is too low for account: 2.00 USD are"),
    ),
    (
        CapTooLow("account", Cap(milliseconds=1000), Amount(2, 3, 1500)),
        *(2, "a cap of 1.0 s is too low for account: 1.5 s are"),
    ),
    (PriceUnknown("openai:m", "it is not in the list"), 2, "the price of openai:m is not known"),
    (LedgerError("not a ledger"), 2, "not a ledger"),
    (ReservationClosed(7, "settled"), 2, "reservation 7"),
    (Interrupted(Path("r"), ""), 130, "nothing faster was found so far"),
    (Interrupted(Path("r"), "r/best.cpp"), 130, "the best so far is r/best.cpp"),
    (KeyboardInterrupt(), 130, "interrupted"),
]


@pytest.mark.parametrize(
    ("error", "status", "said"), EXPLAINED, ids=lambda value: type(value).__name__
)
def test_every_error_of_a_user_has_two_lines_and_a_status(
    error: BaseException, status: int, said: str
) -> None:
    explanation = explain(error)
    assert explanation is not None
    assert explanation.status == status
    first, second = explanation.text.splitlines()[:2]
    assert first.startswith("error: ")
    assert said in first
    assert second.startswith("  help: ")
    assert len(second) > len("  help: ")


def test_every_error_with_a_hint_gives_it() -> None:
    for error in (SourceError("a", "Do this"), FolderError("a", "Do this")):
        explanation = explain(error)
        assert explanation is not None
        assert explanation.help == "Do this"


@pytest.mark.parametrize("error", [TypeError("x"), OSError(errno.EIO, "I/O error"), KeyError("a")])
def test_a_bug_of_ours_has_no_explanation(error: Exception) -> None:
    assert explain(error) is None


def test_a_message_of_several_lines_becomes_one() -> None:
    explanation = explain(SourceError("first\n  second", "a\nb"))
    assert explanation is not None
    assert explanation.text == "error: first second\n  help: a b\n"


def test_the_word_of_pydantic_is_left_out() -> None:
    explanation = explain(SettingsError("model: Value error, 'gpt' is not known"))
    assert explanation is not None
    assert explanation.message == "--model: 'gpt' is not known"
    assert "PARALLEL_AGENT_MODEL" in explanation.help


def test_a_flag_of_several_words_has_its_hyphens() -> None:
    explanation = explain(SettingsError("max_output_tokens: Input should be greater than 0"))
    assert explanation is not None
    assert explanation.message.startswith("--max-output-tokens: ")
    assert "PARALLEL_AGENT_MAX_OUTPUT_TOKENS" in explanation.help


def test_the_help_says_what_budget_or_price_to_give() -> None:
    low = explain(CapTooLow("account", Cap(10**9), Amount(2 * 10**9)))
    unknown = explain(PriceUnknown("openai:m", "it is not in the list"))
    assert low is not None
    assert low.help == "Give at least 2.00 with --budget"
    assert unknown is not None
    assert "--price openai:m=IN,OUT" in unknown.help


def test_the_template_of_a_contract_follows_and_its_place_is_told() -> None:
    error = ContractNeeded("what is the length of x?", '[parameters.x]\nlength = "?"\n')
    error.add_note("run/contract.template.toml")
    explanation = explain(error)
    assert explanation is not None
    assert "in run/contract.template.toml and give it with --contract" in explanation.help
    assert explanation.text.endswith('\n\n[parameters.x]\nlength = "?"\n')
    assert json.loads(explanation.json)["appendix"] == error.template


def test_how_to_go_on_depends_on_whose_folder_it_is(tmp_path: Path) -> None:
    suite = explain(Interrupted(tmp_path, ""))
    (tmp_path / "run.json").touch()
    run = explain(Interrupted(tmp_path, ""))
    assert suite is not None
    assert run is not None
    assert suite.help.endswith(f"the same command with --out {tmp_path}")
    assert run.help.endswith(f"parallel-agent resume {tmp_path}")


def test_an_error_goes_to_stderr_and_as_json_to_stdout_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = CompilerMissing("compiler 'q++' is not on PATH")
    assert report_error(error, as_json=False) == 3
    plain = capsys.readouterr()
    assert report_error(error, as_json=True) == 3
    told = capsys.readouterr()
    assert plain.out == ""
    assert plain.err == told.err
    assert json.loads(told.out) == {
        "error": "compiler 'q++' is not on PATH",
        "help": plain.err.splitlines()[1].removeprefix("  help: "),
        "status": 3,
    }


def test_a_bug_of_ours_is_named_and_its_traceback_is_a_variable_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARALLEL_AGENT_DEBUG", raising=False)
    assert report_error(TypeError("a\nb"), as_json=False) == 70
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: internal error: TypeError: a b"
    assert "PARALLEL_AGENT_DEBUG=1" in second
    monkeypatch.setenv("PARALLEL_AGENT_DEBUG", "1")
    with pytest.raises(TypeError):
        report_error(TypeError("a"), as_json=False)


def test_a_slip_in_a_flag_is_a_bad_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(typer.BadParameter("no such thing"), as_json=False) == 2
    assert "See: parallel-agent --help" in capsys.readouterr().err


def test_the_module_of_slips_does_not_import_what_can_fail() -> None:
    heavy = {"langgraph", "numpy", "clang", "pydantic"}
    source = Path(sys.modules["parallel_agent.report.explanation"].__file__ or "")
    top = [line for line in source.read_text().splitlines() if line.startswith(("import", "from"))]
    assert not any(name in line for name in heavy for line in top)


@pytest.mark.parametrize(
    ("error", "flag"),
    [
        (CapExceeded("account", Amount(5), Cap(4, 9)), "Raise the cap with --budget"),
        (
            CapExceeded("account", Amount(0, 9, 2000), Cap(4, 8, 1000)),
            "Raise the cap with --max-tokens-total and --max-time",
        ),
        (
            CapTooLow("account", Cap(milliseconds=1), Amount(0, 0, 1500)),
            "Give at least 2s with --max-time",
        ),
        (
            CapTooLow("account", Cap(tokens=1), Amount(0, 7)),
            "Give at least 7 with --max-tokens-total",
        ),
    ],
)
def test_the_flag_of_the_cap_that_is_too_small_is_named(error: BaseException, flag: str) -> None:
    explanation = explain(error)
    assert explanation is not None
    assert explanation.help == flag
