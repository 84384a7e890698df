from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallel_agent.toolchain import machine
from parallel_agent.toolchain.machine import Cache, Machine


def test_this_machine_is_described() -> None:
    here = machine.describe("g++ 12")
    assert here.logical_cores == len(os.sched_getaffinity(0))
    assert 1 <= here.physical_cores <= here.logical_cores
    assert here.memory_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert here.cpu
    assert here.kernel.startswith("Linux ")
    assert here.compiler == "g++ 12"
    assert Machine.model_validate_json(here.model_dump_json()) == here


def test_fewer_cores_are_usable_when_pinned() -> None:
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    try:
        assert machine.describe().logical_cores == 1
    finally:
        os.sched_setaffinity(0, usable)


def test_caches_are_looked_up_by_level() -> None:
    caches = (
        Cache(level=1, kind="Data", bytes=48),
        Cache(level=1, kind="Instruction", bytes=64),
        Cache(level=2, kind="Unified", bytes=1000),
    )
    here = machine.describe().model_copy(update={"caches": caches})
    assert here.cache_bytes(1) == 48
    assert here.cache_bytes(3) is None
    assert here.last_cache_bytes == 1000
    assert here.model_copy(update={"caches": ()}).last_cache_bytes is None


def test_load_is_a_share() -> None:
    now = machine.load(0.01)
    assert now.average >= 0
    assert 0 <= now.others <= 1


@pytest.mark.parametrize(
    ("membership", "files", "quota"),
    [
        ("0::/", {}, None),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b", {"a/b/cpu.max": "50000 100000", "a/cpu.max": "150000 100000"}, 0.5),
        ("0::/not/mounted/here", {"cpu.max": "200000 100000"}, 2.0),
        ("1:cpu:/a", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, None),
        (
            "3:cpu,cpuacct:/a",
            {
                "cpu,cpuacct/a/cpu.cfs_quota_us": "300000",
                "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
            },
            3.0,
        ),
        ("3:cpuset:/a", {"cpuset/a/cpu.cfs_quota_us": "1"}, None),
    ],
)
def test_the_tightest_quota_counts(
    tmp_path: Path, membership: str, files: dict[str, str], quota: float | None
) -> None:
    (tmp_path / "membership").write_text(membership + "\n")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert machine.cpu_quota(tmp_path, tmp_path / "membership") == quota


def test_flags_that_choose_an_instruction_set_are_the_last_word() -> None:
    assert machine.wider_isa(["-O3", "-march=native"]) == ""
    assert machine.wider_isa(["-O3", "-mavx512f"]) == ""
    assert machine.wider_isa(["-O3", "-fopenmp"]) in ("", "avx2")


def test_instruction_sets_are_told_by_the_names_that_compilers_know() -> None:
    found = machine.instruction_sets()
    assert set(found) <= {"sse4.2", "avx", "fma", "bmi2", "avx2", "avx512f", "avx512bw", "avx512vl"}
    assert ("avx2" in found) == (machine.wider_isa(["-O3"]) == "avx2")
