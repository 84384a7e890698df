"""The example projects as a user has them: in a git repository, with answers of a replayed model."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org")


def git(root: Path, *arguments: str) -> str:
    """What git answers; it must not fail."""
    return subprocess.run(
        ["git", *IDENTITY, "-C", str(root), *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def checkout(name: str, folder: Path) -> Path:
    """A copy of an example, committed, with who commits next to it."""
    root = folder / name
    shutil.copytree(EXAMPLES / name, root, ignore=shutil.ignore_patterns("build"))
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@example.org")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=begin")
    return root


def checksum(root: Path) -> str:
    """Of every file and its time of change, with what git knows but for its branches."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if path.is_dir() or (inside[:1] == (".git",) and inside != (".git", "index")):
            continue
        digest.update(f"{path} {path.stat().st_mtime_ns}".encode())
        digest.update(path.read_bytes())
    digest.update(git(root, "rev-parse", "HEAD").encode())
    return digest.hexdigest()


def recorded(path: Path, *sources: str) -> Path:
    """A file for ``replay:`` that answers with these sources."""
    answers = [
        {
            "text": f"Faster.\n\n```cpp\n{source}```\n",
            "usage": {"input_tokens": 9, "output_tokens": 9},
        }
        for source in sources
    ]
    path.write_text("".join(json.dumps(answer) + "\n" for answer in answers), encoding="utf-8")
    return path
