"""The verdict of the contest's toolkit beside our own, and where the two disagree."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from parallel_agent.agent.events import Event
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.report.html.written import report_of
from parallel_agent.settings import SettingsError
from parallel_agent.suites.judges.toolkit import Judgement, Toolkit
from parallel_agent.suites.page import write_suite_report
from parallel_agent.suites.result import SuiteResult
from parallel_agent.suites.stored import write_result

KernelListener = Callable[[str, Event], None]


def judge_named(judge: str, suite: str, sizes: Path | None) -> Toolkit | None:
    """The toolkit that a suite comes from, where it is to judge, too; None for our judge alone.

    Raises SettingsError and ToolkitError for everything that would keep it from judging.
    """
    if judge not in ("own", "toolkit"):
        raise SettingsError(f"--judge: '{judge}' is not known", "Give own or toolkit")
    if judge == "own":
        if sizes is not None:
            raise SettingsError(
                "--toolkit-sizes is for the contest's driver, which is not asked",
                "Give --judge toolkit, too, or leave it out",
            )
        return None
    kind, _, place = suite.partition(":")
    if kind != "llm4pp":
        raise SettingsError(
            "--judge: the contest's toolkit judges nothing but its own problems",
            "Give llm4pp:CHECKOUT as the suite, or leave --judge out",
        )
    if sizes is not None:
        _check_sizes(sizes)
    return Toolkit(Path(place))


def _check_sizes(file: Path) -> None:
    """Whether it looks like the toolkit's own: a JSON object with an object for each problem."""
    hint = "Give a file like the toolkit's ParEval/drivers/problem-sizes.json"
    try:
        sizes = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"{file} cannot be read ({error.strerror})"
        raise SettingsError(f"--toolkit-sizes: {problem}", hint) from None
    except ValueError as error:  # not JSON, or not text
        raise SettingsError(f"--toolkit-sizes: {file} is not JSON ({error})", hint) from None
    if not (isinstance(sizes, dict) and sizes and all(isinstance(v, dict) for v in sizes.values())):
        raise SettingsError(f"--toolkit-sizes: {file} does not give sizes by problem", hint)


def judge_by_toolkit(
    result: SuiteResult, toolkit: Toolkit, sizes: Path | None, listener: KernelListener
) -> SuiteResult:
    """Have the driver judge every answer, the original where nothing better was found.

    The result with its judgements, which is written to the suite's folder, too.
    """
    root = Path(result.run)
    answers = {}
    for kernel in result.kernels:
        run = RunFolder(root / "kernels" / kernel.name)
        name = "best.cpp" if run.exists("best.cpp") else "original.cpp"
        if run.exists(name):
            answers[kernel.name] = run.read(name)

    def tell(judgement: Judgement) -> None:
        said = f"{judgement.credit:.2f}" if not judgement.reason else judgement.reason
        listener(judgement.kernel, Event(kind="note", message=f"the toolkit's driver: {said}"))

    text = f"the contest's driver builds, checks and times {len(answers)} answers"
    listener("", Event(kind="suite", message=text))
    judgements = toolkit.judge(answers, threads=result.threads, sizes=sizes, tell=tell)
    judged = result.model_copy(update={"toolkit": tuple(judgements)})
    write_result(RunFolder(root), judged)
    report_of(root, partial(listener, ""), write_suite_report)
    return judged
