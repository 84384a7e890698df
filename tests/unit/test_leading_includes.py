"""Which includes of a source may be read ahead: only those before which nothing else stands."""

from __future__ import annotations

import pytest

from parallel_agent.leading_includes import leading_includes


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("#pragma once\n#include <vector>\n\n# include <bits/stdc++.h> // all\n", 2),
        ("// a comment\n/* and\n one of lines */\n#include <vector>\n", 1),
        ("#include <vector>\n#include <vector>\nint f();\n#include <map>\n", 1),
        ("#define NDEBUG\n#include <cassert>\n", 0),
        ("#if 1\n#include <vector>\n#endif\n", 0),
        ('#include "vector"\n#include <vector>\n', 0),
        ("#include <../secret>\n#include </etc/passwd>\n", 0),
        ("// spliced \\\n#include <vector>\n#include <map>\n", 0),
        ("/* a */ int x; /* b */\n#include <vector>\n", 0),
        ("/* open\n */ int x;\n#include <vector>\n", 0),
        ("", 0),
    ],
)
def test_only_what_comes_first_counts(source: str, found: int) -> None:
    assert len(leading_includes(source)) == found
