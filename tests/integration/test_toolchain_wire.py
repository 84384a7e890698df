"""Every wire type, there and back through a real kernel; payloads are put together by hand."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from parallel_agent.toolchain.adapter import (
    AdapterParameter,
    AdapterSpec,
    Passing,
    adapter_sources,
)
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.runner import (
    KernelThrew,
    PayloadRejected,
    SharedMemory,
    Worker,
    WorkerError,
)
from parallel_agent.toolchain.sandbox import Limits

LIMITS = Limits(wall_seconds=20.0)
COMPILER = Compiler.find(flags=("-std=c++20", "-O1", "-fopenmp"))


def items(*parts: bytes) -> bytes:
    """Each part at a multiple of eight, as on the wire."""
    whole = b""
    for part in parts:
        whole += bytes(-len(whole) % 8) + part
    return whole


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def doubles(*values: float) -> bytes:
    return u64(len(values)) + struct.pack(f"<{len(values)}d", *values)


def ints(*values: int) -> bytes:
    return u64(len(values)) + struct.pack(f"<{len(values)}i", *values)


def text(value: bytes) -> bytes:
    return u64(len(value)) + value


def spec(
    function: str, *parameters: tuple[str, Passing], returns: str | None = None
) -> AdapterSpec:
    named = (AdapterParameter(f"p{i}", t, p) for i, (t, p) in enumerate(parameters))
    return AdapterSpec(function, tuple(named), returns)


def build(directory: Path, kernel: str, call: AdapterSpec, *, before: bool = True) -> Path:
    sources = adapter_sources(call, kernel, preamble_includes=before)
    done = COMPILER.compile(sources, directory=directory, output="worker")
    assert done.binary, done.stderr
    return done.binary


def run(
    directory: Path, kernel: str, call: AdapterSpec, payload: bytes, instances: int = 1
) -> memoryview:
    binary = build(directory, kernel, call)
    with Worker(binary, threads=2, limits=LIMITS, directory=directory) as worker:
        return worker.call(payload, instances)


def test_vectors_by_every_passing(tmp_path: Path) -> None:
    kernel = """
    #include <vector>
    void f(std::vector<double>& a, const std::vector<double>& b, std::vector<double> c) {
        for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i] * c[i];
        c.assign(10, -1);
    }"""
    vector = "std::vector<double>"
    call = spec("f", (vector, "reference"), (vector, "const reference"), (vector, "value"))
    b, c = doubles(10, 100), doubles(3, 4)
    assert run(tmp_path, kernel, call, items(doubles(1, 2), b, c)) == items(doubles(31, 402), b, c)


def test_containers_that_are_not_flat(tmp_path: Path) -> None:
    kernel = """
    #include <string>
    #include <vector>
    void f(std::vector<bool>& bits, std::vector<std::string>& words,
           std::vector<std::vector<int>>& rows, std::string& word) {
        bits.flip();
        bits.push_back(true);
        for (auto& w : words) w += '!';
        rows.push_back({7, 8, 9});
        rows[0].clear();
        word = words.back() + word;
    }"""
    call = spec(
        "f",
        ("std::vector<bool>", "reference"),
        ("std::vector<std::string>", "reference"),
        ("std::vector<std::vector<int>>", "reference"),
        ("std::string", "reference"),
    )
    payload = items(
        text(b"\1\0\0"),
        u64(2), text(b"one"), text(b""),
        u64(2), ints(1), ints(2, 3),
        text(b"longer than eight"),
    )  # fmt: skip
    assert run(tmp_path, kernel, call, payload) == items(
        text(b"\0\1\1\1"),
        u64(2), text(b"one!"), text(b"!"),
        u64(3), ints(), ints(2, 3), ints(7, 8, 9),
        text(b"!longer than eight"),
    )  # fmt: skip


def test_flat_values_and_their_containers(tmp_path: Path) -> None:
    kernel = """
    #include <array>
    #include <complex>
    #include <utility>
    #include <vector>
    namespace shapes { struct Point { char tag; double x; }; }
    shapes::Point f(shapes::Point& point, std::vector<shapes::Point>& points,
                    std::pair<int, double>& pair, std::vector<std::pair<double, int>>& pairs,
                    std::complex<double> z, std::vector<std::complex<float>>& zs,
                    std::array<std::size_t, 26>& counts) {
        const shapes::Point old = point;
        point.x += 1;
        for (auto& p : points) p.tag = 'z';
        pair.first = -pair.first;
        for (auto& p : pairs) p = {p.first * 2, p.second + 1};
        zs[0] *= 2;
        counts[25] = static_cast<std::size_t>(z.imag());
        return old;
    }"""
    call = spec(
        "f",
        ("shapes::Point", "reference"),
        ("std::vector<shapes::Point>", "reference"),
        ("std::pair<int, double>", "reference"),
        ("std::vector<std::pair<double, int>>", "reference"),
        ("std::complex<double>", "value"),
        ("std::vector<std::complex<float>>", "reference"),
        ("std::array<std::size_t, 26>", "reference"),
        returns="shapes::Point",
    )
    point = struct.Struct("<c7xd")
    pair = struct.Struct("<i4xd")
    swapped = struct.Struct("<di4x")
    z = struct.pack("<2d", 1.0, 42.0)
    payload = items(
        point.pack(b"a", 0.5),
        u64(1) + point.pack(b"b", 1.5),
        pair.pack(3, 0.25),
        u64(1) + swapped.pack(1.5, 6),
        z,
        u64(2) + struct.pack("<4f", 1, 2, 3, 4),
        struct.pack("<26Q", *range(26)),
    )
    assert run(tmp_path, kernel, call, payload) == items(
        point.pack(b"a", 0.5),
        point.pack(b"a", 1.5),
        u64(1) + point.pack(b"z", 1.5),
        pair.pack(-3, 0.25),
        u64(1) + swapped.pack(3.0, 7),
        z,
        u64(2) + struct.pack("<4f", 2, 4, 3, 4),
        struct.pack("<26Q", *range(25), 42),
    )


def test_pointers_and_scalars(tmp_path: Path) -> None:
    kernel = """
    #include <cstddef>
    #include <cstdint>
    bool f(double* out, const float* in, std::size_t n, std::int8_t& small, bool flag, char letter) {
        for (std::size_t i = 0; i < n; ++i) out[i] = 2 * in[i];
        small = static_cast<std::int8_t>(-small);
        return !flag && letter == 'q';
    }"""
    call = spec(
        "f",
        ("double", "pointer"),
        ("float", "const pointer"),
        ("std::size_t", "value"),
        ("std::int8_t", "reference"),
        ("bool", "value"),
        ("char", "value"),
        returns="bool",
    )
    floats = u64(3) + struct.pack("<3f", 1, 2, 3)
    payload = items(doubles(0, 0, 0), floats, u64(3), b"\x05", b"\0", b"q")
    assert run(tmp_path, kernel, call, payload) == items(
        b"\1", doubles(2, 4, 6), floats, u64(3), b"\xfb", b"\0", b"q"
    )


@pytest.mark.parametrize(
    ("kind", "expression", "encoded"),
    [
        ("double", "x / 4", struct.pack("<d", 0.75)),
        ("std::size_t", "static_cast<std::size_t>(x)", u64(3)),
        ("std::vector<int>", "{x, x + 1}", ints(3, 4)),
        ("std::pair<int, int>", "{x, -x}", struct.pack("<2i", 3, -3)),
    ],
)
def test_results(tmp_path: Path, kind: str, expression: str, encoded: bytes) -> None:
    kernel = f"#include <vector>\n{kind} f(double x) {{ return {expression}; }}"
    if "{x" in expression:
        kernel = kernel.replace("double x", "int x")
        call, argument = spec("f", ("int", "value"), returns=kind), struct.pack("<i", 3)
    else:
        call, argument = spec("f", ("double", "value"), returns=kind), struct.pack("<d", 3)
    assert run(tmp_path, kernel, call, argument) == items(encoded, argument)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_is_the_one_asked_for(tmp_path: Path, threads: int) -> None:
    kernel = """
    int f() {
        int count = 0;
        #pragma omp parallel reduction(+ : count)
        count += 1;
        return count;
    }"""
    binary = build(tmp_path, kernel, spec("f", returns="int"))
    with Worker(binary, threads=threads, limits=LIMITS, directory=tmp_path) as worker:
        assert worker.call(b"") == struct.pack("<i", threads)


@pytest.mark.parametrize("before", [True, False])
def test_awkward_sources_are_taken_as_they_are(tmp_path: Path, before: bool) -> None:
    kernel = """
    #include <iostream>
    #include <vector>
    using namespace std;
    struct Reader { int x; };
    struct Call { vector<int> y; };
    namespace { int sort(std::vector<Reader>& v, int) { return int(v.size()); } }
    static int sort(std::vector<Reader>& v) { v[0].x *= 2; return sort(v, 0); }
    int main() { std::cout << "a driver of the user's own" << std::endl; return 1; }
    """
    call = spec("sort", ("std::vector<Reader>", "reference"), returns="int")
    binary = build(tmp_path, kernel, call, before=before)
    with Worker(binary, threads=1, limits=LIMITS, directory=tmp_path) as worker:
        assert worker.call(ints(4)) == items(struct.pack("<i", 1), ints(8))


def test_a_forgotten_include_shows_when_the_kernel_comes_first(tmp_path: Path) -> None:
    kernel = "double f(std::vector<double>& v) { return v[0]; }"
    call = spec("f", ("std::vector<double>", "reference"), returns="double")
    for before in (True, False):
        sources = adapter_sources(call, kernel, preamble_includes=before)
        done = COMPILER.compile(sources, directory=tmp_path, output="worker")
        assert done.ok is before
    assert done.errors[0].file == "kernel.hpp"
    assert done.errors[0].line == 1


ACCUMULATE = """
#include <stdexcept>
#include <vector>
static int calls = 0;
int f(std::vector<int>& v) {
    if (!v.empty() && v[0] < 0) throw std::invalid_argument("negative: refused");
    for (auto& x : v) x += 1;
    return ++calls;
}"""
ACCUMULATE_SPEC = spec("f", ("std::vector<int>", "reference"), returns="int")


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel that adds one to each element and counts its own calls."""
    return build(tmp_path_factory.mktemp("counter"), ACCUMULATE, ACCUMULATE_SPEC)


@pytest.fixture
def start(counter: Path, tmp_path: Path) -> Callable[..., Worker]:
    def started(inputs: SharedMemory | None = None) -> Worker:
        return Worker(counter, threads=1, limits=LIMITS, directory=tmp_path, inputs=inputs)

    return started


def count(value: int) -> bytes:
    return struct.pack("<i", value)


def test_many_instances_in_one_payload(start: Callable[..., Worker]) -> None:
    with start() as worker:
        outputs = worker.call(items(ints(1), ints(), ints(5, 6, 7)), instances=3)
    assert outputs == items(count(1), ints(2), count(2), ints(), count(3), ints(6, 7, 8))


def test_each_step_by_itself(start: Callable[..., Worker]) -> None:
    with start() as worker:
        worker.prepare(ints(1))
        first = worker.go()
        worker.go()
        assert bytes(worker.collect()) == items(count(2), ints(3))
        assert first.seconds > 0
        assert first.child_seconds >= 0
        worker.prepare(ints(50))
        worker.go()
        assert bytes(worker.collect()) == items(count(3), ints(51))


def test_two_workers_share_their_inputs(start: Callable[..., Worker]) -> None:
    with SharedMemory() as inputs, start(inputs) as one, start(inputs) as other:
        length = inputs.write(items(ints(1), ints(2)))
        for worker in (one, other):
            worker.prepare_shared(length, instances=2)
            worker.go()
            assert bytes(worker.collect()) == items(count(1), ints(2), count(2), ints(3))


def test_an_input_may_grow_large(start: Callable[..., Worker]) -> None:
    with start() as worker:
        worker.call(ints(1))
        large = ints(*range(1_000_000))
        assert worker.call(large) == items(count(2), ints(*range(1, 1_000_001)))


def test_an_exception_is_reported_with_its_text(start: Callable[..., Worker]) -> None:
    with start() as worker:
        with pytest.raises(KernelThrew, match="negative: refused") as caught:
            worker.call(ints(-1))
        assert caught.value.what == "negative: refused"
        with pytest.raises(WorkerError, match="has ended"):
            worker.call(ints(1))


@pytest.mark.parametrize(
    ("payload", "instances"),
    [
        (b"", 1),
        (u64(3) + bytes(8), 1),
        (u64(1 << 62), 1),
        (ints(1) + bytes(3), 1),
        (items(ints(1), ints(2)), 1),
        (items(ints(1)), 2),
    ],
)
def test_a_payload_that_does_not_fit(
    start: Callable[..., Worker], payload: bytes, instances: int
) -> None:
    with start() as worker:
        if payload == ints(1) + bytes(3):
            worker.prepare(payload)  # padding at the end is no item
            return
        with pytest.raises(PayloadRejected):
            worker.prepare(payload, instances)


def test_nothing_to_collect_before_a_run(start: Callable[..., Worker]) -> None:
    with start() as worker:
        worker.prepare(ints(1))
        with pytest.raises(PayloadRejected, match="nothing was run"):
            worker.collect()


def test_many_calls_and_workers_leak_no_descriptors(start: Callable[..., Worker]) -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        with start() as worker:
            for i in range(50):
                assert worker.call(ints(i))[:4] == count(i + 1)
            worker.finish()
    with start() as worker, pytest.raises(KernelThrew):
        worker.call(ints(-1))
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
