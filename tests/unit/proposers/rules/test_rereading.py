"""Sources that are read again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from parallel_agent.kernel.source import SourceError
from parallel_agent.proposers.rules.rereading import reparsed

SOURCE = "int f(const int* x, int n) {\n    int s = 0;\n    for (int i = 0; i < n; ++i) s += x[i];\n    return s;\n}\n"


def test_a_text_is_parsed_once_by_each_thread() -> None:
    first = reparsed(SOURCE, "f")
    assert reparsed(SOURCE, "f") is first
    assert reparsed(SOURCE + "\n", "f") is not first
    with ThreadPoolExecutor(1) as other:
        elsewhere = other.submit(reparsed, SOURCE, "f").result()
    assert elsewhere is not first and elsewhere.kernel == first.kernel


def test_what_cannot_be_parsed_is_refused_every_time() -> None:
    for _ in range(2):
        with pytest.raises(SourceError):
            reparsed("int f(", "f")
