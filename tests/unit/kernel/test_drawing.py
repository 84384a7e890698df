"""Numbers drawn right into the memory where they are needed: the same as elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import parse
from parallel_agent.kernel.workload import Workload

SOURCE = """#include <array>
#include <complex>
#include <string>
#include <utility>
#include <vector>
struct Buoy { char state; double depth; std::array<float, 3> drift; };
void f({parameters}) { for (int i = 0; i < 3; ++i) { } }
"""
PARAMETERS = [
    "std::vector<double>& x",
    "std::vector<float>& x",
    "std::vector<bool>& x",
    "std::vector<short>& x",
    "std::vector<std::complex<float>>& x",
    "std::vector<Buoy>& x",
    "std::vector<std::array<std::array<int, 2>, 3>>& x",
    "std::vector<std::string>& x",
    "long* x",
]
DOMAINS = [
    "",
    "values = { kind = 'integers', low = 0, high = 70 }",
    "values = { kind = 'integers', low = 0, high = 70, sorted = true }",
    "values = { kind = 'uniform', low = -2.0, high = 3.0, normalized = true }",
]
LARGE = 40_000


def workload(parameter: str, domain: str) -> Workload:
    source = SOURCE.replace("{parameters}", f"char mark, {parameter}, double last")
    contract = f"kernel = 'f'\n[dimensions.n]\n[parameters.x]\nlength = 'n'\n{domain}\n"
    return Workload(parse(source, name="f").kernel.signature, Contract.from_toml(contract))


def usual(parameter: str, domain: str) -> bool:
    """Whether the domain is one for such numbers."""
    whole = any(name in parameter for name in ("string", "Buoy", "array", "bool"))
    return not domain or not (whole or ("normalized" in domain and "long" in parameter))


@pytest.mark.parametrize(
    ("parameter", "domain"), [(p, d) for p in PARAMETERS for d in DOMAINS if usual(p, d)]
)
def test_what_is_drawn_in_place_is_what_would_be_encoded(parameter: str, domain: str) -> None:
    given = workload(parameter, domain)
    for size, calls in ((0, 1), (1, 3), (LARGE, 1), (700, 2)):
        expected = given.payload({"n": size}, np.random.default_rng(size), calls)
        dirty: Any = memoryview(bytearray(b"\xa5" * (len(expected) + 100)))
        rng = np.random.default_rng(size)
        length = given.write(dirty, {"n": size}, rng, calls)
        assert bytes(dirty[:length]) == bytes(expected)
        assert bytes(dirty[length:]) == b"\xa5" * 100


def test_blocks_are_drawn_as_one() -> None:
    """Stored runs draw their inputs again from the seed: how they are drawn must not show."""
    size, rng = {"n": LARGE}, np.random.default_rng(9)
    (_, x, _) = workload("std::vector<double>& x", "").draw(size, np.random.default_rng(9))
    rng.integers(97, 122, 1, np.uint8, endpoint=True)
    assert (x == rng.uniform(-10.0, 10.0, LARGE)).all()
    (_, x, _) = workload("long* x", "").draw(size, np.random.default_rng(9))
    rng = np.random.default_rng(9)
    rng.integers(97, 122, 1, np.uint8, endpoint=True)
    assert (x == rng.integers(-1000, 1000, LARGE, np.int64, endpoint=True)).all()


def test_memory_without_room_is_an_error() -> None:
    given = workload("std::vector<double>& x", "")
    with pytest.raises(ValueError, match="no room"):
        given.write(memoryview(bytearray(100)), {"n": 50}, np.random.default_rng(1), 1)
