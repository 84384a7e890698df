"""What programs need of the machine works in every launcher: threads, pinning, sanitizers, Archer."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from adversarial.escapes.scene import works
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.adapter import AdapterParameter, AdapterSpec, adapter_sources
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.launchers.bubblewrap import Bubblewrap
from parallel_agent.toolchain.launchers.landlock import Landlock
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.toolchain.runner import Worker, WorkerDied
from parallel_agent.toolchain.sandbox import Limits

LAUNCHERS = {"bubblewrap": Bubblewrap.find, "landlock": Landlock.find}
LIMITS = Limits(wall_seconds=60.0)
COMPILER = Compiler.find(flags=("-std=c++20", "-O1", "-fopenmp"))
SPEC = AdapterSpec("f", (AdapterParameter("n", "int", "value"),), "int")

PINNED = r"""
#include <omp.h>
#include <sched.h>
int f(int n) {
    int pinned = 0;
    #pragma omp parallel num_threads(n) reduction(+ : pinned)
    {
        cpu_set_t set;
        sched_getaffinity(0, sizeof set, &set);
        pinned += CPU_COUNT(&set);
    }
    return pinned;
}
"""
RACY = r"""
int f(int n) {
    int sum = 0;
    #pragma omp parallel for
    for (int i = 0; i < n; ++i) sum += i;
    return sum;
}
"""
CLEAN = RACY.replace("parallel for", "parallel for reduction(+ : sum)")
OVERFLOWING = "#include <vector>\nint f(int n) { std::vector<int> v(4); return v.data()[n]; }\n"


@pytest.fixture(params=LAUNCHERS, autouse=True)
def launched(request: pytest.FixtureRequest) -> Iterator[str]:
    find = LAUNCHERS[request.param]
    if not works(find):
        pytest.skip(f"{request.param} does not work here")
    with sandbox.launched_by(find()):
        yield request.param


def answer(worker: Worker, n: int) -> int:
    outputs = worker.call(struct.pack("<i", n))
    return int(struct.unpack_from("<i", outputs)[0])


def test_threads_are_pinned_to_cores(tmp_path: Path) -> None:
    built = COMPILER.compile(adapter_sources(SPEC, PINNED), directory=tmp_path, output="worker")
    assert built.binary, built.stderr
    with Worker(built.binary, threads=2, limits=LIMITS, directory=tmp_path) as worker:
        assert answer(worker, 2) == 2  # one core each
        worker.finish()


def test_the_sanitizers_see_and_name_the_line(tmp_path: Path) -> None:
    built = COMPILER.compile(
        adapter_sources(SPEC, OVERFLOWING), directory=tmp_path, output="worker", mode="sanitized"
    )
    assert built.binary, built.stderr
    with Worker(built.binary, threads=1, limits=LIMITS, directory=tmp_path) as worker:
        answer(worker, 2)
        with pytest.raises(WorkerDied) as died:
            answer(worker, 4)
    assert died.value.sanitizer
    assert "kernel.hpp:2" in died.value.output


def test_archer_sees_races_names_the_line_and_accuses_no_one_else(tmp_path: Path) -> None:
    detector = RaceDetector.find()
    if detector is None:
        pytest.skip("no race detector is installed")
    compiler = detector.compiler(COMPILER)
    for name, kernel in (("clean", CLEAN), ("racy", RACY)):
        directory = tmp_path / name
        directory.mkdir()
        built = compiler.compile(
            adapter_sources(SPEC, kernel), directory=directory, output="worker"
        )
        assert built.binary, built.stderr
        env = detector.environment(directory)
        with Worker(built.binary, threads=4, limits=LIMITS, directory=directory, env=env) as worker:
            if name == "clean":
                assert answer(worker, 100) == 4950
                worker.finish()
                continue
            with pytest.raises(WorkerDied) as died:
                answer(worker, 100_000)
    assert died.value.sanitizer
    assert "kernel.hpp:5" in died.value.output


def test_a_compiler_outside_the_system_and_its_flags_work(tmp_path: Path) -> None:
    """One with parts in its own folder, called over a link in another."""
    tmp_path.chmod(0o755)  # what root keeps to itself, the sandbox's user cannot read
    installed, include = tmp_path / "opt" / "own", tmp_path / "include"
    for folder in (installed / "bin", installed / "lib", include, tmp_path / "bin"):
        folder.mkdir(parents=True)
    (installed / "lib" / "value").write_text("5\n")
    (installed / "bin" / "own-g++").write_text(
        '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n'
        'exec g++ -DINSTALLED="$(cat "$here/../lib/value")" "$@"\n'
    )
    (installed / "bin" / "own-g++").chmod(0o755)
    (tmp_path / "bin" / "g++").symlink_to(installed / "bin" / "own-g++")
    (include / "given.hpp").write_text("constexpr int given = 7;\n")
    directory = tmp_path / "run"
    directory.mkdir()
    compiler = Compiler(str(tmp_path / "bin" / "g++"), ("-O1", f"-I{include}"))
    text = "#include <given.hpp>\nint main() { return INSTALLED + given; }\n"
    built = compiler.compile({"program.cpp": text}, directory=directory, output="program")
    assert built.binary, built.stderr
    assert sandbox.run([built.binary], cwd=directory, limits=LIMITS).returncode == 12
