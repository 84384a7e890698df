"""What this machine has of what a run needs, and how to install the rest."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from parallel_agent.chat.servers.choice import ADAPTERS
from parallel_agent.toolchain import machine, sandbox
from parallel_agent.toolchain.compiler import Compiler, CompilerMissing, Mode
from parallel_agent.toolchain.launchers.detection import INSTALL as SANDBOX_INSTALL
from parallel_agent.toolchain.launchers.detection import detect
from parallel_agent.toolchain.race_detector import INSTALL, RaceDetector
from parallel_agent.toolchain.sandbox import Limits, SandboxUnavailable

_BUSY = 0.1
_THREADS = 2
_PROGRAM = """\
#include <cstdio>
#include <omp.h>
int main() {
    int threads = 0;
#pragma omp parallel reduction(+ : threads)
    threads += 1;
    std::printf("%d", threads);
}
"""


@dataclass(frozen=True)
class Check:
    """One thing looked for. ``remedy`` says what to do where it is missing.

    Without what is not ``needed`` a run works all the same, only not as well.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = True

    @property
    def line(self) -> str:
        """The check for people."""
        word = "ok" if self.ok else ("missing" if self.needed else "note")
        advice = "" if self.ok or not self.remedy else f"\n{'':9}{self.remedy}"
        return f"{word:8} {self.name}: {self.detail}{advice}"


def examine_machine(cxx: str, cxxflags: tuple[str, ...]) -> list[Check]:
    """Look at everything; takes a few seconds, for two small programs are built and run."""
    guarded = _sandbox_check()
    # What is built and run here is our own; the rest can be looked at without.
    with suppress(SandboxUnavailable):
        sandbox.choose(no_sandbox=not guarded.ok)
    return [
        *_compiler_checks(cxx, cxxflags),
        guarded,
        _race_check(),
        _cache_check(),
        *_server_checks(),
        *_load_checks(),
    ]


def show_checks(checks: list[Check], *, as_json: bool) -> None:
    """A line for each check, or one JSON object."""
    if as_json:
        found = {"ok": lacks_nothing(checks), "checks": [asdict(check) for check in checks]}
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.writelines(f"{check.line}\n" for check in checks)


def lacks_nothing(checks: list[Check]) -> bool:
    """Whether everything that is needed is there."""
    return all(check.ok for check in checks if check.needed)


def _compiler_checks(cxx: str, cxxflags: tuple[str, ...]) -> Iterator[Check]:
    try:
        compiler = Compiler.find(cxx, cxxflags)
        version = compiler.version()
    except (CompilerMissing, SandboxUnavailable) as error:
        yield Check("compiler", False, str(error), _install("clang" if "clang" in cxx else "g++"))
        return
    yield Check("compiler", True, f"{version} ({compiler.cxx} {' '.join(cxxflags)})")
    runtime = "libomp-dev" if "clang" in cxx else "g++"
    yield _program_check(compiler, "optimized", "OpenMP", _install(runtime))
    yield _program_check(compiler, "sanitized", "sanitizers", _install("libasan8 libubsan1"))


def _program_check(compiler: Compiler, mode: Mode, name: str, remedy: str) -> Check:
    """Whether a small parallel program, built in this mode, runs with two threads."""
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        directory = Path(scratch)
        built = compiler.compile(
            {"program.cpp": _PROGRAM}, directory=directory, output="program", mode=mode
        )
        if built.binary is None:
            return Check(name, False, built.errors[0].message, remedy)
        done = sandbox.run(
            [built.binary],
            cwd=directory,
            # Looking for leaks takes a tracer, which the sandbox refuses.
            env={
                "OMP_NUM_THREADS": str(_THREADS),
                "OMP_DYNAMIC": "false",
                "ASAN_OPTIONS": "detect_leaks=0",
            },
            limits=Limits(wall_seconds=20.0),
        )
    if not done.ok:
        said = done.stderr.strip().partition("\n")[0] or f"status {done.returncode}"
        return Check(name, False, f"a small program fails: {said}", remedy)
    if done.stdout != str(_THREADS):
        return Check(
            name, False, f"a program that asks for {_THREADS} threads gets {done.stdout}",
            "Add -fopenmp to --cxxflags",
        )  # fmt: skip
    return Check(name, True, f"a program built with {mode} flags runs {_THREADS} threads")


def _sandbox_check() -> Check:
    found = detect()
    problems = "; ".join(found.problems)
    if found.launcher is None:
        remedy = f"{SANDBOX_INSTALL}, or trust all code and run with --no-sandbox"
        return Check("sandbox", False, problems, remedy)
    detail = f"{found.launcher.name} ({problems})" if problems else found.launcher.name
    if shutil.which("bwrap") is None:
        detail += f"; to have the better one: {SANDBOX_INSTALL}"
    return Check("sandbox", True, detail)


def _race_check() -> Check:
    found = RaceDetector.find()
    if found is None:
        detail = "none: the gate 'races' says 'unavailable' for every candidate"
        return Check("race detector", False, detail, INSTALL, needed=False)
    return Check("race detector", True, f"{found.clang} with {found.archer}")


def _cache_check() -> Check:
    folder = platformdirs.user_cache_path("parallel-agent")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(
            "cache folder",
            False,
            f"{folder}: {error.strerror}",
            f"mkdir -p {folder} && chown $USER {folder} (until then the folder for temporary "
            "files is used)",
            needed=False,
        )
    return Check("cache folder", True, str(folder))


def _server_checks() -> Iterator[Check]:
    """A line for each program that serves ``local:`` models; none of them is needed."""
    for adapter in ADAPTERS:
        where = adapter.found()
        detail = where or "not installed: it serves models on this machine (--model local:NAME)"
        yield Check(f"server {adapter.name}", bool(where), detail, adapter.install, needed=False)


def _load_checks() -> Iterator[Check]:
    described = machine.describe()
    cores = f"{described.logical_cores} usable, {described.physical_cores} of them physical"
    yield Check(
        "cores",
        described.logical_cores > 1,
        f"{cores}; {described.cpu}",
        "With one core nothing can be faster in parallel: use a machine with more",
        needed=False,
    )
    load = machine.load()
    yield Check(
        "load",
        load.others <= _BUSY,
        f"others use {load.others:.0%} of {os.cpu_count()} cores",
        "Times taken now are not to be trusted: end what else is running",
        needed=False,
    )


def _install(packages: str) -> str:
    """The command that installs, on the systems that most people use."""
    return f"apt-get install {packages} (Debian, Ubuntu; other systems have packages like it)"
