"""Code in README and docs: commands that the program takes, Python whose names there are, data that reads.

Nothing is run here: that is for `tests/integration/test_code_blocks_run.py`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import parallel_agent
from doc_blocks import PAGES, ROOT, all_blocks
from parallel_agent.cli import app
from parallel_agent.settings import Settings

_TYPED = re.compile(r"`(parallel-agent [^`]*)`")
_ENDS = {"|", ">", ">>", "<", "&&", ";", "||", "#", "2>"}
_PLACEHOLDERS = re.compile(r"…|\.\.\.")


def blocks(language: str) -> Iterator[tuple[Path, str]]:
    for block in all_blocks():
        if block.language == language:
            yield ROOT / block.page, block.text


def commands() -> Iterator[tuple[Path, list[str]]]:
    """All that is typed at a shell, as words."""
    for page, text in [*blocks("sh"), *blocks("bash")]:
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            end = next((at for at, word in enumerate(words) if word in _ENDS), len(words))
            while words and re.fullmatch(r"\w+=.*", words[0]):  # variables before a command
                words, end = words[1:], end - 1
            if words[:end]:
                yield page, words[:end]


def named(case: tuple[Path, list[str]]) -> str:
    return f"{case[0].relative_to(ROOT)}: {' '.join(case[1])}"[:100]


def takes(words: list[str]) -> None:
    """Parse a command line as the program does, and go no further."""
    group = typer.main.get_command(app)
    context = group.make_context("parallel-agent", list(words), resilient_parsing=True)
    assert isinstance(group, typer.core.TyperGroup)
    name, command, rest = group.resolve_command(context, list(words))
    assert command is not None
    if isinstance(command, typer.core.TyperGroup) and rest and not rest[0].startswith("-"):
        context = command.make_context(name, rest, parent=context, resilient_parsing=True)
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None
    command.make_context(name, rest, parent=context)


OURS = [case for case in commands() if case[1][0].endswith("parallel-agent")]
MADE = [case for case in commands() if case[1][0] == "make"]
TOOLS = [case for case in commands() if len(case[1]) > 1 and case[1][1].startswith("tools/")]
INLINE = [
    (page, shlex.split(typed)[1:])
    for page in PAGES
    if page.name != "CHANGELOG.md"
    for typed in _TYPED.findall(page.read_text(encoding="utf-8"))
    if not _PLACEHOLDERS.search(typed)
]


def test_there_is_something_to_look_at() -> None:
    assert len(OURS) > 30
    assert len(INLINE) > 20
    assert MADE
    assert TOOLS


@pytest.mark.parametrize("case", OURS, ids=named)
def test_the_program_takes_the_commands_of_the_docs(case: tuple[Path, list[str]]) -> None:
    takes(case[1][1:])


@pytest.mark.parametrize("case", INLINE, ids=named)
def test_commands_in_the_text_name_options_that_there_are(case: tuple[Path, list[str]]) -> None:
    name, *rest = case[1]
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    if name.startswith("--"):
        known, rest = group, [name]
    else:
        known = group.commands[name]
    if isinstance(known, typer.core.TyperGroup) and rest and not rest[0].startswith("-"):
        known, rest = known.commands[rest[0]], rest[1:]
    flags = {flag for option in known.params for flag in (*option.opts, *option.secondary_opts)}
    asked = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert asked - flags - {"--help", "--version", "--install-completion"} == set()


@pytest.mark.parametrize("case", MADE, ids=named)
def test_make_has_the_targets_of_the_docs(case: tuple[Path, list[str]]) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    asked = [word for word in case[1][1:] if "=" not in word and not word.startswith("-")]
    examples = {target for page in (ROOT / "examples").rglob("Makefile") for target in
                re.findall(r"^([\w-]+):", page.read_text(), re.MULTILINE)}  # fmt: skip
    assert set(asked) <= {*targets, *examples}


@pytest.mark.parametrize("case", TOOLS, ids=named)
def test_tools_have_the_options_of_the_docs(case: tuple[Path, list[str]]) -> None:
    tool = ROOT / case[1][1]
    files = [tool] if tool.is_file() else sorted(tool.glob("*.py"))
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    for word in case[1][2:]:
        if word.startswith("--"):
            assert f'"{word.partition("=")[0]}"' in source


@pytest.mark.parametrize(
    "case", [*blocks("python")], ids=lambda case: str(case[0].relative_to(ROOT))
)
def test_python_in_the_docs_uses_names_that_there_are(case: tuple[Path, str]) -> None:
    tree = ast.parse(case[1])
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("parallel_agent"):
            module = importlib.import_module(node.module or "")
            known |= {
                alias.asname or alias.name: getattr(module, alias.name) for alias in node.names
            }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            _takes_keywords(known[node.func.id], [word.arg for word in node.keywords if word.arg])


def _takes_keywords(function: object, words: list[str]) -> None:
    assert callable(function)
    parameters = inspect.signature(function).parameters
    free = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    allowed = {*parameters, *(Settings.model_fields if free else ())}
    if function is parallel_agent.aoptimize:
        allowed |= {*inspect.signature(parallel_agent.optimize).parameters}
    assert set(words) <= allowed


@pytest.mark.parametrize("case", [*blocks("json")], ids=lambda case: str(case[0].relative_to(ROOT)))
def test_json_in_the_docs_is_json(case: tuple[Path, str]) -> None:
    json.loads(case[1])


@pytest.mark.parametrize(
    "case", [*blocks("jsonl")], ids=lambda case: str(case[0].relative_to(ROOT))
)
def test_json_lines_in_the_docs_are_json(case: tuple[Path, str]) -> None:
    assert [json.loads(line) for line in case[1].splitlines()]


@pytest.mark.parametrize("case", [*blocks("toml")], ids=lambda case: str(case[0].relative_to(ROOT)))
def test_toml_in_the_docs_is_toml(case: tuple[Path, str]) -> None:
    tomllib.loads(case[1])
