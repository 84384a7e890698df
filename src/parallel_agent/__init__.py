"""Turn a sequential C++ kernel into a parallel one that is checked, timed and paid for.

>>> from parallel_agent import optimize
>>> outcome = optimize("kernel.cpp")
>>> print(outcome.speedup, outcome.best_source)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parallel_agent.adapters.langchain_tool import as_tool
    from parallel_agent.agent.context import Context
    from parallel_agent.agent.events import Event
    from parallel_agent.agent.graph import build_graph
    from parallel_agent.agent.outcome import Outcome
    from parallel_agent.agent.profile import Profiled, profile
    from parallel_agent.agent.program_replaying import replay_program
    from parallel_agent.agent.program_verify import ProgramVerification, verify_program
    from parallel_agent.agent.project.run import optimize_project, project_spec
    from parallel_agent.agent.replaying import Replaying, replay
    from parallel_agent.agent.run import Interrupted
    from parallel_agent.agent.run_folder import RunFolder
    from parallel_agent.agent.session import Session, Submitted, Task
    from parallel_agent.agent.verify import Verification, verify
    from parallel_agent.runs import aoptimize, optimize, resume
    from parallel_agent.settings import Settings, load_settings
    from parallel_agent.suites.many import optimize_all
    from parallel_agent.suites.result import SuiteResult

__version__ = "0.1.0"
__all__ = [
    "Context",
    "Event",
    "Interrupted",
    "Outcome",
    "Profiled",
    "ProgramVerification",
    "Replaying",
    "RunFolder",
    "Session",
    "Settings",
    "Submitted",
    "SuiteResult",
    "Task",
    "Verification",
    "aoptimize",
    "as_tool",
    "build_graph",
    "load_settings",
    "optimize",
    "optimize_all",
    "optimize_project",
    "profile",
    "project_spec",
    "replay",
    "replay_program",
    "resume",
    "verify",
    "verify_program",
]

_HOMES = {
    "Context": "agent.context",
    "Event": "agent.events",
    "Interrupted": "agent.run",
    "Outcome": "agent.outcome",
    "Profiled": "agent.profile",
    "ProgramVerification": "agent.program_verify",
    "Replaying": "agent.replaying",
    "RunFolder": "agent.run_folder",
    "Session": "agent.session",
    "Settings": "settings",
    "Submitted": "agent.session",
    "SuiteResult": "suites.result",
    "Task": "agent.session",
    "Verification": "agent.verify",
    "aoptimize": "runs",
    "as_tool": "adapters.langchain_tool",
    "build_graph": "agent.graph",
    "optimize": "runs",
    "optimize_all": "suites.many",
    "profile": "agent.profile",
    "optimize_project": "agent.project.run",
    "project_spec": "agent.project.run",
    "replay": "agent.replaying",
    "replay_program": "agent.program_replaying",
    "resume": "runs",
    "load_settings": "settings",
    "verify": "agent.verify",
    "verify_program": "agent.program_verify",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: importing the package costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
