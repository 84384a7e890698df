"""What a suite ran with, kept beside its results: enough to know what another run may differ in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from parallel_agent.agent.context import prices_of
from parallel_agent.agent.run_folder import RunFolder
from parallel_agent.proposers.chat import prompt_versions
from parallel_agent.settings import Settings
from parallel_agent.toolchain import machine
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.versions import python_version, versions

ENVIRONMENT = "environment.json"


def record_environment(folder: RunFolder, suite: str, given: Settings) -> None:
    """Write it once; a suite that goes on elsewhere, or with another compiler, gets an entry more."""
    compiler = Compiler.find(given.cxx, given.cxxflags)
    now = {
        "suite": suite,
        "machine": machine.describe(compiler.version()).model_dump(mode="json"),
        "flags": list(given.cxxflags),
        "python": python_version(),
        "packages": versions(),
        "settings": told_settings(given),
        "prices": prices_of(given),
        "prompts": prompt_versions(),
    }
    kept = folder.read_json(ENVIRONMENT) if folder.exists(ENVIRONMENT) else []
    if not kept or {**kept[-1], "began": ""} != {**now, "began": ""}:
        began = datetime.now(UTC).isoformat(timespec="seconds")
        folder.write_json([*kept, {"began": began, **now}], ENVIRONMENT)


def told_settings(given: Settings) -> dict[str, Any]:
    """The settings of all kernels, as JSON data, with the number of threads that they come to."""
    told = given.model_dump(mode="json", exclude={"out", "kernel", "contract"})
    return {**told, "threads": given.thread_count}


def settings_before(folder: RunFolder) -> dict[str, Any]:
    """The settings that the suite in a folder began with; empty where it never did."""
    if not folder.exists(ENVIRONMENT):
        return {}
    settings: dict[str, Any] = folder.read_json(ENVIRONMENT)[0]["settings"]
    return settings


def differences(before: RunFolder, after: RunFolder) -> list[str]:
    """What two suites were measured with, where it differs: a line for each thing.

    Nothing is said of what either does not tell.
    """
    first, second = _measured_with(before), _measured_with(after)
    return [
        f"{name}: {first[name]} before, {second[name]} after"
        for name in first
        if name in second and first[name] != second[name]
    ]


def _measured_with(folder: RunFolder) -> dict[str, str]:
    if not folder.exists(ENVIRONMENT):
        return {}
    last = folder.read_json(ENVIRONMENT)[-1]
    described, settings = last["machine"], last["settings"]
    told = {"processor": described["cpu"], "compiler": described["compiler"]}
    told |= {"flags": " ".join(last["flags"]), "effort": settings["effort"]}
    return {**told, "sizes": " ".join(settings["size"]) or "chosen", "seed": str(settings["seed"])}
