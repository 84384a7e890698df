"""Writes the table in docs/strategies/index.md from the registry of strategies; --check compares."""

from __future__ import annotations

import inspect
import sys

from generated import ROOT, write_or_check
from parallel_agent.proposers.rules.registry import STRATEGIES
from parallel_agent.proposers.rules.strategy import Strategy, Tunable

PAGE = ROOT / "docs/strategies/index.md"
BEGIN = "<!-- written by `make reference` from the registry: begin -->\n"
END = "<!-- end -->\n"
HEAD = "| strategy | what it writes | searched |\n|---|---|---|\n"


def line_of(strategy: Strategy) -> str:
    """The row of one strategy: its name, linked to its page where it has one, and its docstring."""
    page = PAGE.with_name(f"{strategy.name}.md")
    name = f"[`{strategy.name}`]({page.name})" if page.is_file() else f"`{strategy.name}`"
    first = (inspect.getdoc(type(strategy)) or "").partition("\n\n")[0]
    said = " ".join(first.split()).replace("``", "`").replace("|", "\\|")
    return f"| {name} | {said} | {searched(strategy)} |\n"


def searched(strategy: Strategy) -> str:
    """Its tunables with the values that are tried, the default first; empty without any."""
    if not isinstance(strategy, Tunable):
        return ""
    numbers = strategy.tunables.items()
    return "; ".join(f"`{name}` {', '.join(map(str, values))}" for name, values in numbers)


def page() -> str:
    """The page with the table as the registry is now; ValueError where it has no place for one."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE} has lost the marks between which the table goes")
    return before + BEGIN + "\n" + HEAD + "".join(map(line_of, STRATEGIES)) + "\n" + END + after


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page()))
