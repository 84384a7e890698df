"""Running the program as tests of fine-tuning do."""

from __future__ import annotations

import os
import subprocess


def run(
    command: list[str], *arguments: object, status: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run the program; answers of the models that it serves are short."""
    short = {"PARALLEL_AGENT_MAX_OUTPUT_TOKENS": "96", "PARALLEL_AGENT_BRANCHES": "1"}
    done = subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **short},
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done
