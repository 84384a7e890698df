"""Every error that a user can do something about, with what to do and its exit status."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable

from parallel_agent.agent.contracting import BuildError
from parallel_agent.agent.project.spec import ProjectError
from parallel_agent.agent.run import Interrupted
from parallel_agent.agent.run_folder import FolderError
from parallel_agent.budget.amount import Currency, text_of
from parallel_agent.budget.errors import CapExceeded, CapTooLow, LedgerError
from parallel_agent.budget.memory import DoesNotFit, ShapeError
from parallel_agent.budget.prices import PriceUnknown
from parallel_agent.chat.errors import ChatError, UnknownModel
from parallel_agent.chat.servers.process import ServerError
from parallel_agent.extras import ExtraMissing
from parallel_agent.kernel.contract import ContractError
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import SourceError
from parallel_agent.measurement.timing import MismatchError
from parallel_agent.report.explanation import (
    BAD_MACHINE,
    BAD_REQUEST,
    INTERRUPTED,
    NOT_AFFORDABLE,
    Explanation,
)
from parallel_agent.settings import CONFIG_FILE, Settings, SettingsError
from parallel_agent.toolchain.compiler import CompilerMissing
from parallel_agent.toolchain.launchers.detection import INSTALL
from parallel_agent.toolchain.race_detector import RaceDetectorMissing
from parallel_agent.toolchain.runner import WorkerError
from parallel_agent.toolchain.sandbox import SandboxUnavailable
from parallel_agent.verification.replay import ReplayError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def explain(error: BaseException) -> Explanation | None:
    """The explanation of an error that a user can do something about; None for a bug of ours."""
    for kind, write in _WRITERS:
        if isinstance(error, kind):
            return write(error)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        help_ = "Make room, or give a folder on another disk with --out"
        return Explanation(str(error), help_, BAD_MACHINE)
    return None


def _settings(error: SettingsError) -> Explanation:
    name, _, problem = str(error).partition(": ")
    setting = name.partition(".")[0]
    if error.hint or setting not in Settings.model_fields:
        return Explanation(str(error), error.hint or "See: parallel-agent --help", BAD_REQUEST)
    flag = f"--{setting.replace('_', '-')}"
    return Explanation(
        f"{flag}: {problem.removeprefix('Value error, ')}",
        f"Correct {flag}, PARALLEL_AGENT_{setting.upper()} or {CONFIG_FILE}, wherever it was set",
        BAD_REQUEST,
    )


def _hinted(
    error: SourceError | FolderError | UnknownModel | PriceUnknown | ShapeError,
) -> Explanation:
    return Explanation(str(error), error.hint, BAD_REQUEST)


def _project(error: ProjectError) -> Explanation:
    return Explanation(str(error), error.hint, BAD_REQUEST, appendix=error.appendix)


def _contract_needed(error: ContractNeeded) -> Explanation:
    # The last note says where the template was left; LangGraph adds notes of its own.
    notes = getattr(error, "__notes__", ("",))
    where = f" in {notes[-1]}" if notes[-1].endswith(".toml") else ""
    return Explanation(
        str(error),
        f"Complete the template{where or ' below'} and give it with --contract FILE",
        BAD_REQUEST,
        appendix=error.template,
    )


def _contract(error: ContractError) -> Explanation:
    help_ = "Correct the contract file, or leave it out to have a contract inferred"
    return Explanation(str(error), help_, BAD_REQUEST)


def _replay(error: ReplayError) -> Explanation:
    help_ = "Give the replay.json of a rejection, with the original that it was made with"
    return Explanation(str(error), help_, BAD_REQUEST)


def _build(error: BuildError) -> Explanation:
    help_ = "Correct the source, or the compiler's flags with --cxxflags"
    return Explanation(str(error), help_, BAD_REQUEST)


def _worker(error: WorkerError) -> Explanation:
    return Explanation(
        f"the original fails: {error}",
        "Correct it, or give a contract with inputs that it can take with --contract FILE",
        BAD_REQUEST,
    )


def _mismatch(error: MismatchError) -> Explanation:
    return Explanation(
        f"the original does not give the same result twice: {error}",
        "Correct it: results that depend on uninitialized memory, time or chance are no reference",
        BAD_REQUEST,
    )


def _sandbox(error: SandboxUnavailable) -> Explanation:
    help_ = f"{INSTALL}, or, if you trust all code that will be run, --no-sandbox"
    return Explanation(str(error), help_, BAD_MACHINE)


def _machine(error: CompilerMissing | RaceDetectorMissing) -> Explanation:
    help_ = "'parallel-agent doctor' says what this machine lacks and how to install it"
    return Explanation(str(error), help_, BAD_MACHINE)


def _chat(error: ChatError) -> Explanation:
    help_ = "Try the model: parallel-agent models --test --model REF"
    return Explanation(str(error), help_, BAD_REQUEST)


def _extra(error: ExtraMissing) -> Explanation:
    return Explanation(str(error), error.hint, BAD_MACHINE)


def _server(error: ServerError) -> Explanation:
    return Explanation(str(error), error.hint, BAD_MACHINE)


def _memory(error: DoesNotFit) -> Explanation:
    return Explanation(str(error), error.hint, NOT_AFFORDABLE)


_CAP_FLAGS: dict[Currency, str] = {
    "nano_usd": "--budget",
    "tokens": "--max-tokens-total",
    "milliseconds": "--max-time",
}


def _cap(error: CapExceeded) -> Explanation:
    flags = " and ".join(_CAP_FLAGS[currency] for currency in error.short)
    return Explanation(str(error), f"Raise the cap with {flags or '--budget'}", NOT_AFFORDABLE)


def _low_cap(error: CapTooLow) -> Explanation:
    charged = text_of(getattr(error.charged, error.currency), error.currency)
    least = charged.partition(" ")[0]
    if error.currency == "milliseconds":
        least = f"{math.ceil(error.charged.milliseconds / 1000)}s"
    help_ = f"Give at least {least} with {_CAP_FLAGS[error.currency]}"
    return Explanation(str(error), help_, BAD_REQUEST)


def _ledger(error: LedgerError) -> Explanation:
    help_ = "Give the folder of a run; its account is RUN/ledger.sqlite"
    return Explanation(str(error), help_, BAD_REQUEST)


def _interrupted(error: Interrupted) -> Explanation:
    best = f"the best so far is {error.best}" if error.best else "nothing faster was found so far"
    if (error.run / "run.json").exists():
        help_ = f"Go on with it: parallel-agent resume {error.run}"
    else:  # the folder of a suite
        help_ = f"Go on with it: the same command with --out {error.run}"
    return Explanation(f"interrupted: {best}", help_, INTERRUPTED)


def _stopped(error: KeyboardInterrupt) -> Explanation:
    help_ = "Go on with a run that had begun: parallel-agent resume RUN"
    return Explanation("interrupted", help_, INTERRUPTED)


# Of two classes that an error may have, the narrower one comes first.
_WRITERS: tuple[tuple[type[BaseException], Callable[..., Explanation]], ...] = (
    (SettingsError, _settings),
    (ProjectError, _project),
    (SourceError, _hinted),
    (FolderError, _hinted),
    (ContractNeeded, _contract_needed),
    (ContractError, _contract),
    (ReplayError, _replay),
    (BuildError, _build),
    (WorkerError, _worker),
    (MismatchError, _mismatch),
    (CompilerMissing, _machine),
    (RaceDetectorMissing, _machine),
    (SandboxUnavailable, _sandbox),
    (ExtraMissing, _extra),
    (UnknownModel, _hinted),
    (PriceUnknown, _hinted),
    (ChatError, _chat),
    (ServerError, _server),
    (ShapeError, _hinted),
    (DoesNotFit, _memory),
    (CapExceeded, _cap),
    (CapTooLow, _low_cap),
    (LedgerError, _ledger),
    (Interrupted, _interrupted),
    (KeyboardInterrupt, _stopped),
)
