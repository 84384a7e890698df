from __future__ import annotations

from parallel_agent.report.doctor import Check, examine_machine

FLAGS = ("-std=c++20", "-O3", "-fopenmp")


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_this_machine_can_build_and_run_in_parallel() -> None:
    found = by_name(examine_machine("g++", FLAGS))
    for name in ("compiler", "OpenMP", "sanitizers", "sandbox"):
        assert found[name].ok, found[name].line


def test_flags_without_openmp_are_noticed() -> None:
    openmp = by_name(examine_machine("g++", ("-std=c++20", "-O1")))["OpenMP"]
    assert not openmp.ok
    assert openmp.detail  # the linker's word, or the number of threads
