"""Every bundled kernel compiles by itself, without a warning."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from parallel_agent.suites.suite import SuiteKernel, bundled

FLAGS = ("-std=c++20", "-O3", "-fopenmp", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.parametrize("kernel", bundled(), ids=lambda kernel: kernel.name)
def test_a_kernel_compiles_without_warnings(kernel: SuiteKernel) -> None:
    done = subprocess.run(
        ["g++", *FLAGS, str(kernel.path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
