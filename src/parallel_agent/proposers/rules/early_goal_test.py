"""The goal of a breadth-first search is tested when an element is put into the queue.

S. Russell, P. Norvig: Artificial Intelligence, a Modern Approach, 3.4 (early goal test).
"""

from __future__ import annotations

import re
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.queue_search import (
    QueueSearch,
    fields,
    parts_of,
    queue_searches,
)
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.writing import Rewriter

_COMMENT = "// What comes first into the queue comes first out of it: the answer is known here."


class EarlyGoalTest:
    """A search through a queue answers when it finds the goal, not when the goal's turn comes.

    A queue hands out its elements in the order in which they came, so the first goal put in is the
    first one taken out, and nothing that is seen outside happens in between.
    """

    name = "early_goal_test"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``at_insertion`` where a search returns at its goal."""
        try:
            self.rewrite(parsed, Options())
        except NotApplicable:
            return []
        return ["at_insertion"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """Every search with the test repeated where elements are put into the queue."""
        analysis = analyse(parsed)
        rewriter = Rewriter(analysis)
        done = []
        for search in queue_searches(parsed.function, analysis.values):
            if _COMMENT in rewriter.text(search.loop):
                continue
            for push, lines in _tests(search, rewriter):
                _insert_after(push, lines, rewriter)
            done.append(search)
        if not done:
            raise NotApplicable("no search through a queue returns at its goal")
        doubts = tuple(doubt for search in done for doubt in search.doubts)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=tuple(
                f"the search in line {syntax.line(search.loop)} need not work through what came "
                "into the queue before its goal"
                for search in done
            ),
            reasons_against=("every element put into the queue is tested", *doubts),
            speculative=bool(doubts),
        )


def _tests(search: QueueSearch, rewriter: Rewriter) -> list[tuple[Any, list[str]]]:
    names, members, count = fields(search)
    tests = []
    for push in search.pushes:
        parts = [rewriter.text(part) for part in parts_of(push, count)]
        condition = _substituted(search.condition, names, members, parts, rewriter)
        answer = _substituted(search.answer, names, members, parts, rewriter)
        lines = [_COMMENT, f"if ({condition}) {{", f"{rewriter.unit}return {answer};", "}"]
        tests.append((push, lines))
    return tests


def _substituted(
    node: Any,
    names: dict[str, int],
    members: dict[tuple[str, str], int],
    parts: list[str],
    rewriter: Rewriter,
) -> str:
    """An expression's text with the parts of the element put in for those of the front."""
    start, end = node.extent.start.offset, node.extent.end.offset
    text, at = "", start
    for use, part in _uses(node, names, members):
        value = parts[part]
        alone = (use.extent.start.offset, use.extent.end.offset) == (start, end)
        if not alone and not re.fullmatch(r"[\w.]+", value):
            value = f"({value})"
        text += rewriter.between(at, use.extent.start.offset) + value
        at = use.extent.end.offset
    return text + rewriter.between(at, end)


def _uses(
    node: Any, names: dict[str, int], members: dict[tuple[str, str], int]
) -> list[tuple[Any, int]]:
    """The places in an expression that read a part of the front, and which one."""
    held = {name for name, _ in members}
    if node.kind == Kind.MEMBER_REF_EXPR:
        owner = syntax.strip(next(iter(node.get_children()), node))
        if syntax.is_variable(owner) and syntax.key(owner.referenced) in held:
            part = members.get((syntax.key(owner.referenced), node.spelling))
            if part is None:
                raise NotApplicable(f"line {syntax.line(node)} asks the element itself")
            return [(node, part)]
    if syntax.is_variable(node):
        key = syntax.key(node.referenced)
        if key in held:
            raise NotApplicable(f"line {syntax.line(node)} uses the element as a whole")
        return [(node, names[key])] if key in names else []
    return [use for child in node.get_children() for use in _uses(child, names, members)]


def _insert_after(push: Any, lines: list[str], rewriter: Rewriter) -> None:
    end = rewriter.span(push)[1]
    if not rewriter.starts_line(push):
        raise NotApplicable(f"line {syntax.line(push)} does more than put an element in")
    margin = rewriter.indentation(push)
    text = "".join(f"\n{margin}{line}" for line in lines)
    rewriter.edits.replace_range(end, end, text)
