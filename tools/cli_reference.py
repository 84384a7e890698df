"""Write docs/reference/cli.md from the ``--help`` of every command.

``python tools/cli_reference.py`` writes it; with ``--check`` it only says whether it is up to date
(exit status 1 if not).
"""

from __future__ import annotations

import difflib
import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

import typer

from parallel_agent import cli

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
COLUMNS = 100
_HEAD = """\
# The command line

<!-- Written by tools/cli_reference.py from the commands' own --help: do not edit. -->

Every flag has one meaning everywhere. A flag comes before the environment variable
`PARALLEL_AGENT_NAME`, and that before `parallel-agent.toml` in the working directory. Errors are
two lines on stderr: what is wrong, and what to do. With `--json` an error is, on stdout, one object
with `error`, `help` and `status`.
"""


def reference() -> str:
    """The page: the help of the program, then that of each command."""
    sections = [_section("parallel-agent", [])]
    sections += [
        _section(f"parallel-agent {' '.join(words)}", words) for words in _commands(cli.app)
    ]
    return "\n".join([_HEAD, *sections])


def _commands(app: typer.Typer) -> list[list[str]]:
    """The words of every command, and of the commands of every group."""
    registered = app.registered_commands
    found = [[c.name or c.callback.__name__] for c in registered if c.callback is not None]
    for group in app.registered_groups:
        if group.name and group.typer_instance is not None:
            inside = _commands(group.typer_instance)
            found += [[group.name], *([group.name, *words] for words in inside)]
    return found


def main() -> int:
    """Write or check the page."""
    text = reference()
    if "--check" not in sys.argv[1:]:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
        return 0
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    before, after = written.splitlines(keepends=True), text.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(before, after, str(PAGE), "what --help says"))
    return int(written != text)


def _section(title: str, command: list[str]) -> str:
    os.environ["COLUMNS"] = str(COLUMNS)
    said = io.StringIO()
    with redirect_stdout(said):
        cli.run([*command, "--help"])
    text = "\n".join(line.rstrip() for line in said.getvalue().splitlines())
    return f"## {title}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    sys.exit(main())
