"""The sizes that a candidate's own constants ask for."""

from __future__ import annotations

import pytest

from parallel_agent.verification.boundaries import constants

ORIGINAL = "void f(int* x, int n) { for (int i = 0; i < n; i += 3) x[i] = 255; }\n"


@pytest.mark.parametrize(
    ("added", "found"),
    [
        ("if (n > 20000) return;", [20000]),
        ("if (n > 20'000u) return;", [20000]),
        ("if (n >= 0x1000UL) return;", [4096]),
        ("if (n >= 010) return;", [8]),
        ("if (n > 1e6) return;", [1_000_000]),
        ("if (n > 2.5) return;", []),
        ("if (n > 1 << 14) return;", [16384]),
        ("if (n > 64 * 1024) return;", [64, 65536]),
        ("if (n > 64 + 1024) return;", [64, 1024]),
        ("int y = 3 + 255 + 1 + 0; (void)y;", []),
        ("const char* s = \"77\"; char c = '8'; (void)s; (void)c; // 99", []),
        ("\n#pragma omp parallel for if (n > 500) schedule(static, 32)\n", [32, 500]),
        ("\n#define LIMIT 4096\n", [4096]),
    ],
)
def test_whole_numbers_that_the_original_lacks(added: str, found: list[int]) -> None:
    assert constants(ORIGINAL.replace("{ for", "{ " + added + " for"), ORIGINAL) == found
