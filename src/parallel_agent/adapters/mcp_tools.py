"""The tools of the MCP server: what each is for, what it takes, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parallel_agent.adapters import telling
from parallel_agent.adapters.desk import Desk, Listener
from parallel_agent.adapters.requests import (
    KernelRequest,
    NoArguments,
    OptimizeRequest,
    ProfileRequest,
    Request,
    RunRequest,
    SessionRequest,
    SubmitRequest,
    TaskRequest,
    VerifyRequest,
)
from parallel_agent.agent.awaiting import RunControl


@dataclass(frozen=True)
class Answer:
    """What a tool answers: a few lines for people and models, and the same as data.

    ``page`` is a file for people to look at, which the caller gets a link to.
    """

    text: str
    data: dict[str, Any]
    page: Path | None = None


@dataclass(frozen=True)
class Tool:
    """A tool: what callers are told of it, what it takes, what it does. ``reads`` changes nothing."""

    name: str
    title: str
    description: str
    request: type[Request]
    run: Callable[[Desk, Any, Listener, RunControl], Answer]
    reads: bool = False


def _optimize(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    outcome = desk.optimize(asked, listener, control)
    return Answer(telling.outcome_text(outcome), telling.outcome_data(outcome, desk))


def _resume(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    outcome = desk.resume(asked, listener, control)
    return Answer(telling.outcome_text(outcome), telling.outcome_data(outcome, desk))


def _verify(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    found = desk.verify(asked, listener, control)
    return Answer(telling.verification_text(found), telling.verification_data(found))


def _profile(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    profiled = desk.profile(asked, listener, control)
    return Answer(telling.profile_text(profiled), telling.profile_data(profiled))


def _contract(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    found = desk.contract(asked, listener, control)
    return Answer(found.toml, telling.contract_data(found))


def _task(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    task = desk.begin(asked, listener, control)
    data = task.model_dump(mode="json", exclude={"tried": {"__all__": {"gates"}}})
    return Answer(telling.task_text(task), {**data, "session": Path(task.run).name})


def _submit(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    submitted = desk.submit(asked, listener, control)
    return Answer(telling.submitted_text(submitted), submitted.model_dump(mode="json"))


def _finish(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    outcome = desk.finish(asked, listener, control)
    return Answer(telling.outcome_text(outcome), telling.outcome_data(outcome, desk))


def _report(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    run, page = desk.run(asked), desk.page(asked, listener)
    text = telling.report_text(run)
    data = {"run": run.name, "folder": str(run), "text": text}
    return Answer(text, {**data, "report": str(page) if page else None}, page)


def _budget(desk: Desk, asked: Any, listener: Listener, control: RunControl) -> Answer:
    budget = desk.budget()
    return Answer(telling.budget_text(budget), budget.model_dump(mode="json"))


TOOLS = (
    Tool(
        "optimize",
        "Optimize a C++ kernel",
        "Write, check and time parallel versions of a sequential C++ function; hand back the fastest "
        "that is right, with its diff, or the original unchanged. Takes one minute or several. Money "
        "comes from the account of this server, which has a cap that no call can raise. A cancelled "
        "call stops after its running step, and 'resume' goes on with it.",
        OptimizeRequest,
        _optimize,
    ),
    Tool(
        "resume",
        "Go on with a run",
        "Go on with a run of this server that was cancelled or killed. Nothing is examined, timed or "
        "paid for twice.",
        RunRequest,
        _resume,
    ),
    Tool(
        "verify",
        "Verify a candidate",
        "Say whether a C++ function can take the place of another: compiled, run on edge cases and "
        "random inputs at several numbers of threads and under sanitizers, and searched for races. "
        "A rejection names the gate and what broke the candidate. Costs no money.",
        VerifyRequest,
        _verify,
    ),
    Tool(
        "profile",
        "Time a kernel",
        "Time a function at several sizes, with the noise of the machine and what reading its inputs "
        "takes at least; and a candidate against it, interleaved, with the interval of the ratio. A "
        "candidate is compared while it is timed, and goes through no gate: that is 'verify'. Costs "
        "no money.",
        ProfileRequest,
        _profile,
    ),
    Tool(
        "contract",
        "Find a kernel's contract",
        "Find, or check, which inputs a function accepts: shapes, values, sizes, and how far results "
        "may differ. Answers with TOML, which 'contract' of the other tools takes from a file.",
        KernelRequest,
        _contract,
    ),
    Tool(
        "task",
        "Take on a kernel yourself",
        "Begin a session in which you write the candidates: the kernel, its contract in words, the "
        "machine, the original's times and their bound, and what the built-in proposer reached. Then "
        "'submit' as often as it pays, and 'finish'. Costs no money.",
        TaskRequest,
        _task,
    ),
    Tool(
        "submit",
        "Submit a candidate",
        "Put a version of the whole file through every gate and a timing. Answers with the verdict, "
        "the input that broke it or the compiler's errors, the times by size, and a critique.",
        SubmitRequest,
        _submit,
    ),
    Tool(
        "finish",
        "End a session",
        "Time the best candidate of a session once more, and hand it back with its evidence; the "
        "original, where none holds up.",
        SessionRequest,
        _finish,
    ),
    Tool(
        "report",
        "Report on a run",
        "Tell all of a run of this server that is over: speedups by size, gates, spending, the files; "
        "with a link to its page for people, one HTML file.",
        RunRequest,
        _report,
        reads=True,
    ),
    Tool(
        "budget",
        "What is left",
        "Tell what this server's account has spent and what is left, and the runs so far.",
        NoArguments,
        _budget,
        reads=True,
    ),
)
