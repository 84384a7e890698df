"""The verdict of the contest's toolkit beside our own, and where the two disagree."""

from __future__ import annotations

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


def toolkit_of(suite: str) -> Toolkit:
    """The toolkit that a suite comes from. Raises SettingsError and ToolkitError."""
    kind, _, place = suite.partition(":")
    if kind != "llm4pp":
        raise SettingsError("judge: the contest's toolkit judges its own problems: llm4pp:CHECKOUT")
    return Toolkit(Path(place))


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

    judgements = toolkit.judge(answers, threads=result.threads, sizes=sizes, tell=tell)
    judged = result.model_copy(update={"toolkit": tuple(judgements)})
    write_result(RunFolder(root), judged)
    report_of(root, partial(listener, ""), write_suite_report)
    return judged
