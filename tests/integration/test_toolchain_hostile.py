"""Kernels that crash, hang, flood, fork or cheat: each is reported for what it did, and is gone."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from parallel_agent.toolchain.adapter import AdapterParameter, AdapterSpec, adapter_sources
from parallel_agent.toolchain.compiler import Compiler, Mode
from parallel_agent.toolchain.runner import (
    KernelDisturbed,
    Worker,
    WorkerBusy,
    WorkerConfused,
    WorkerDied,
    WorkerOverMemory,
    WorkerTimeout,
)
from parallel_agent.toolchain.sandbox import Limits

LIMITS = Limits(wall_seconds=20.0, memory_bytes=1 << 30)
COMPILER = Compiler.find(flags=("-std=c++20", "-O1", "-fopenmp"))

HOSTILE = r"""
#include <cfenv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>
#include <omp.h>
#include <unistd.h>
extern char** environ;
static std::vector<std::string> arguments() {
    std::vector<std::string> found;
    FILE* file = std::fopen("/proc/self/cmdline", "r");
    for (int c, fresh = 1; (c = std::fgetc(file)) != EOF; fresh = c == 0) {
        if (fresh) found.emplace_back();
        if (c) found.back() += static_cast<char>(c);
    }
    std::fclose(file);
    return found;
}
std::string f(const std::string& deed) {
    if (deed == "crash") { volatile int* p = nullptr; *p = 1; }
    if (deed == "exit") std::exit(7);
    if (deed == "loop") for (volatile int i = 0;; i = i + 1) {}
    if (deed == "print") for (;;) std::puts("and so on");
    if (deed == "print a little") std::printf("%s", std::string(600, 'x').c_str());
    if (deed == "fork") {
        if (fork() == 0) { sleep(1000); _exit(0); }
    }
    if (deed == "memory") for (;;) std::memset(std::malloc(1 << 24), 1, 1 << 24);
    if (deed == "environment") {
        std::string all;
        for (char** e = environ; *e; ++e) all += std::string(*e) + "\n";
        return all;
    }
    if (deed == "forge") {
        const unsigned long reply[5] = {};
        (void)!write(std::atoi(arguments()[4].c_str()), reply, sizeof reply);
    }
    if (deed == "reply in advance") {
        const unsigned long reply[5] = {0, 0, 0, 0, 2};  // as if commands were numbered
        (void)!write(std::atoi(arguments()[4].c_str()), reply, sizeof reply);
    }
    if (deed == "round up") std::fesetround(FE_UPWARD);
    if (deed == "trap") feenableexcept(FE_OVERFLOW);
    if (deed == "more threads") omp_set_num_threads(7);
    if (deed == "round and restore") {
        std::fesetround(FE_UPWARD);
        std::fesetround(FE_TONEAREST);
    }
    if (deed == "work on") {
        std::thread([] { for (volatile int i = 0; i < 300000000; i = i + 1) {} }).detach();
    }
    if (deed == "work in threads") {
        long sum = 0;
        #pragma omp parallel for reduction(+ : sum)
        for (int i = 0; i < 50000000; ++i) sum += i % 7;
        return std::to_string(sum > 0);
    }
    if (deed == "hang up") close(std::atoi(arguments()[4].c_str()));
    if (deed == "spoil inputs") {
        const int fd = std::atoi(arguments()[1].c_str());
        return std::to_string(pwrite(fd, "x", 1, 0)) + " " + std::to_string(ftruncate(fd, 0));
    }
    return "done";
}
"""
SPEC = AdapterSpec(
    "f", (AdapterParameter("deed", "std::string", "const reference"),), "std::string"
)


def build(directory: Path, kernel: str, spec: AdapterSpec, mode: Mode = "optimized") -> Path:
    done = COMPILER.compile(
        adapter_sources(spec, kernel), directory=directory, output="worker", mode=mode
    )
    assert done.binary, done.stderr
    return done.binary


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("hostile"), HOSTILE, SPEC)


def deed(name: str) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode()


def result(outputs: memoryview) -> str:
    (length,) = struct.unpack_from("<Q", outputs)
    return bytes(outputs[8 : 8 + length]).decode()


def alive(pid: int) -> bool:
    """A zombie that nobody reaps (as in a container without init) is not alive."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def do(binary: Path, directory: Path, name: str, limits: Limits = LIMITS) -> str:
    with Worker(binary, threads=2, limits=limits, directory=directory) as worker:
        return result(worker.call(deed(name)))


def test_a_crash_names_its_signal(hostile: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkerDied, match="SIGSEGV") as caught:
        do(hostile, tmp_path, "crash")
    assert caught.value.signal == "SIGSEGV"
    assert not caught.value.sanitizer


def test_an_exit_names_its_status(hostile: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkerDied, match="exit status 7"):
        do(hostile, tmp_path, "exit")


def test_an_endless_loop_is_ended(hostile: Path, tmp_path: Path) -> None:
    with Worker(hostile, threads=2, limits=Limits(wall_seconds=0.3), directory=tmp_path) as worker:
        worker.prepare(deed("loop"))
        (child,) = psutil.Process().children()
        with pytest.raises(WorkerTimeout):
            worker.go()
        assert not child.is_running()


def test_endless_printing_is_ended(hostile: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkerDied, match="SIGXFSZ") as caught:
        do(hostile, tmp_path, "print")
    assert "and so on" in caught.value.output
    assert len(caught.value.output) <= 8192


def test_printing_a_little_often_is_harmless(hostile: Path, tmp_path: Path) -> None:
    limits = Limits(output_bytes=1000, wall_seconds=20.0)
    with Worker(hostile, threads=2, limits=limits, directory=tmp_path) as worker:
        for _ in range(20):
            assert result(worker.call(deed("print a little"))) == "done"


def test_a_child_left_behind_is_ended(hostile: Path, tmp_path: Path) -> None:
    with Worker(hostile, threads=2, limits=LIMITS, directory=tmp_path) as worker:
        worker.call(deed("fork"))
        children = psutil.Process().children(recursive=True)
        assert [child.name() for child in children].count(hostile.name) == 2
    assert not any(alive(child.pid) for child in children)


def test_taking_all_memory_is_ended(hostile: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkerOverMemory):
        do(hostile, tmp_path, "memory", Limits(memory_bytes=300 << 20, wall_seconds=60.0))


def test_the_environment_holds_no_keys(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    seen = do(hostile, tmp_path, "environment")
    assert "secret" not in seen
    assert {"OMP_NUM_THREADS=2", "OMP_WAIT_POLICY=passive"} <= set(seen.splitlines())


@pytest.mark.parametrize("name", ["forge", "reply in advance"])
def test_a_forged_reply_is_noticed(hostile: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkerConfused):
        do(hostile, tmp_path, name)


@pytest.mark.parametrize("name", ["round up", "trap", "more threads"])
def test_surroundings_left_changed_are_noticed(hostile: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(KernelDisturbed, match="floating-point mode or OpenMP's settings"):
        do(hostile, tmp_path, name)


def test_surroundings_put_back_are_fine(hostile: Path, tmp_path: Path) -> None:
    assert do(hostile, tmp_path, "round and restore") == "done"


def test_work_that_goes_on_is_noticed(hostile: Path, tmp_path: Path) -> None:
    with (
        Worker(hostile, threads=2, limits=LIMITS, directory=tmp_path) as worker,
        pytest.raises(WorkerBusy, match="after the kernel had returned"),
    ):
        worker.call(deed("work on"))
        while True:  # until it has worked for longer than threads need to go to sleep
            worker.prepare(deed("nothing"))


def test_work_that_is_waited_for_is_fine(hostile: Path, tmp_path: Path) -> None:
    with Worker(hostile, threads=4, limits=LIMITS, directory=tmp_path) as worker:
        for _ in range(10):
            assert result(worker.call(deed("work in threads"))) == "1"


def test_a_closed_pipe_is_noticed(hostile: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkerDied):
        do(hostile, tmp_path, "hang up")


def test_inputs_cannot_be_spoiled(hostile: Path, tmp_path: Path) -> None:
    assert do(hostile, tmp_path, "spoil inputs") == "-1 -1"


def test_a_worker_that_was_killed_is_noticed(hostile: Path, tmp_path: Path) -> None:
    with Worker(hostile, threads=2, limits=LIMITS, directory=tmp_path) as worker:
        worker.prepare(deed("nothing"))
        children = psutil.Process().children(recursive=True)
        (child,) = (child for child in children if child.name() == hostile.name)
        child.kill()
        with pytest.raises(WorkerDied, match="SIGKILL"):
            worker.go()


def test_a_program_that_is_no_worker(tmp_path: Path) -> None:
    with (
        Worker(Path("/bin/true"), threads=1, limits=LIMITS, directory=tmp_path) as worker,
        pytest.raises(WorkerDied, match="exit status 0"),
    ):
        worker.call(b"")


def test_ctrl_c_leaves_no_worker(hostile: Path, tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from parallel_agent.toolchain.runner import Worker
        from parallel_agent.toolchain.sandbox import Limits
        limits = Limits(wall_seconds=100)
        worker = Worker(Path({str(hostile)!r}), threads=1, limits=limits, directory=Path.cwd())
        worker.prepare({deed("loop")!r})
        print("ready", flush=True)
        worker.go()
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"ready\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        (worker,) = (child for child in children if child.name() == hostile.name)
        while worker.cpu_times().user == 0:  # until the kernel is looping
            time.sleep(0.01)
        parent.send_signal(signal.SIGINT)
        parent.wait(timeout=30)
        assert not any(alive(child.pid) for child in children)


VECTOR_AND_POINTER = r"""
#include <string>
#include <vector>
int f(const std::string& deed, std::vector<int>& v, int* p, int n) {
    if (deed == "subscript") return v[static_cast<std::size_t>(n)];
    if (deed == "spare room") { v.reserve(100); return v.data()[n]; }
    if (deed == "pointer") return p[n];
    if (deed == "before pointer") return p[-1];
    if (deed == "overflow") return n + 2147483647;
    if (deed == "freed") { int* q = new int(n); delete q; return *q; }
    return v[0] + p[0];
}
"""


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = AdapterSpec(
        "f",
        (
            AdapterParameter("deed", "std::string", "const reference"),
            AdapterParameter("v", "std::vector<int>", "reference"),
            AdapterParameter("p", "int", "pointer"),
            AdapterParameter("n", "int", "value"),
        ),
        "int",
    )
    return build(tmp_path_factory.mktemp("sanitized"), VECTOR_AND_POINTER, spec, "sanitized")


def sanitized_payload(name: str) -> bytes:
    text = deed(name)
    vector = struct.pack("<Q4i", 4, 1, 2, 3, 4)
    return text + bytes(-len(text) % 8) + 2 * vector + struct.pack("<i", 4)


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("subscript", "Assertion '__n < this->size()' failed"),
        ("spare room", "container-overflow"),
        ("pointer", "heap-buffer-overflow"),
        ("before pointer", "heap-buffer-overflow"),
        ("overflow", "signed integer overflow"),
        ("freed", "heap-use-after-free"),
    ],
)
def test_sanitizers_see(sanitized: Path, tmp_path: Path, name: str, report: str) -> None:
    with (
        Worker(sanitized, threads=2, limits=LIMITS, directory=tmp_path) as worker,
        pytest.raises(WorkerDied) as caught,
    ):
        worker.call(sanitized_payload(name))
    assert caught.value.sanitizer
    assert report in caught.value.output
    assert "kernel.hpp" in caught.value.output


def test_sanitizers_are_silent_about_a_clean_kernel(sanitized: Path, tmp_path: Path) -> None:
    with Worker(sanitized, threads=2, limits=LIMITS, directory=tmp_path) as worker:
        for _ in range(3):
            assert worker.call(sanitized_payload("nothing"))[:4] == struct.pack("<i", 2)
        worker.finish()
