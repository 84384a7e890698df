"""Files that programs write: written anew, or only checked for being up to date."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_or_check(path: Path, text: str) -> int:
    """Write ``text`` to ``path``, or with ``--check`` say whether it is there; an exit status."""
    name = path.relative_to(ROOT)
    if "--check" not in sys.argv[1:]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {name}")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"{name} is not what the code says now\nRun: make reference", file=sys.stderr)
    return 1
