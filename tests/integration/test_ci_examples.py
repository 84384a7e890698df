"""The scripts that the CI examples run, in a repository in which a fast version got worse."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from chat_server import answers, serving
from running_sums import GOOD, KERNEL

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
WRONG = GOOD.replace("sums[i] = sum;", "sums[i] = sum - (i == 40);")


def sh(folder: Path, command: list[str], *words: object) -> subprocess.CompletedProcess[str]:
    path = f"{Path(command[0]).parent}:{os.environ['PATH']}"
    return subprocess.run(
        [*map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path, "TMPDIR": str(folder.parent)},
    )


def commit(folder: Path, command: list[str], message: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("add", "perf"), ("commit", "--quiet", "-m", message)):
        done = sh(folder, command, "git", *who, *words)
        assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.timeout(900)  # two suites are checked and timed, on a machine that may be busy
@pytest.mark.slow
def test_a_fast_version_that_got_slower_fails_and_one_that_is_wrong_is_named(
    command: list[str], tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    (repository / "kernels").mkdir(parents=True)
    (repository / "kernels" / "sums.cpp").write_text(KERNEL, encoding="utf-8")
    assert sh(repository, command, "git", "init", "--quiet", "-b", "main").returncode == 0
    quick = ("--effort", "quick", "--threads", 2, "--quiet", "--out", "perf")
    with serving(answers(f"```cpp\n{GOOD}```\n")) as coder:
        model = ("--model", f"{coder.url}#m", "--price", "free", "--answers", 1)
        done = sh(repository, command, "parallel-agent", "bench", "kernels", *quick, *model)
    assert done.returncode == 0, done.stderr
    best = repository / "perf" / "kernels" / "sums" / "best.cpp"
    assert best.read_text(encoding="utf-8") == GOOD
    commit(repository, command, "perf: a fast version")
    check = ("sh", EXAMPLES / "check_speedup.sh", "main~1", "perf")
    verify = ("sh", EXAMPLES / "verify_changed.sh", best.relative_to(repository))
    assert sh(repository, command, *verify).returncode == 0

    best.write_text(KERNEL, encoding="utf-8")  # as slow as the original
    commit(repository, command, "refactor: simpler")
    slower = sh(repository, command, *check)
    assert slower.returncode == 1, slower.stderr
    assert re.search(r"sums .* worse", slower.stdout)
    assert sh(repository, command, *verify).returncode == 0
    assert not list(tmp_path.glob("tmp.*"))  # the other commit's tree is gone

    best.write_text(WRONG, encoding="utf-8")
    assert sh(repository, command, *verify).returncode == 1


def test_the_examples_run_these_scripts() -> None:
    for example in ("speedup.yml", "pre-commit-config.yaml"):
        text = (EXAMPLES / example).read_text(encoding="utf-8")
        scripts = set(re.findall(r"sh ci/(\w+\.sh)", text))
        assert scripts
        assert all((EXAMPLES / script).is_file() for script in scripts)
    page = (EXAMPLES.parents[1] / "docs" / "how-to" / "ci.md").read_text(encoding="utf-8")
    for file in EXAMPLES.iterdir():
        assert file.name in page
