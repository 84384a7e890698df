"""Draws the state graph into docs/reference/graph.md; with --check only compares."""

from __future__ import annotations

import sys

from generated import ROOT, write_or_check
from parallel_agent.agent.graph import build_graph

PAGE = """# The state graph

Written by `make reference` from the graph itself, as LangGraph draws it. Solid arrows are always
taken, dotted ones where a condition holds.

```mermaid
{drawing}
```

| node | reads | does |
|---|---|---|
{nodes}

`branch` is a compiled graph of its own: planner starts one for every move it funds, several at a
time, and comes back when all of a round are done. A step of a branch is one pass through coder,
compiler, profiler and critic; a candidate that a gate rejects is not timed.
"""
NODES = {
    "planner": ("the state", "opens the run, funds moves round by round, closes the run"),
    "coder": ("the move and the last critique", "has a candidate written, once per source"),
    "compiler": ("the candidate", "builds it and puts it through the gates"),
    "profiler": ("the candidate", "times it against the original at every size"),
    "critic": ("verdict and profile", "decides: refine or stop, and why"),
}


def page() -> str:
    """The page with the drawing as it is now."""
    graph = build_graph().get_graph(xray=1)
    drawn = {name.rpartition(":")[2] for name in graph.nodes}
    if missing := set(NODES) ^ {name for name in drawn if not name.startswith("__")}:
        raise SystemExit(f"NODES in {__file__} and the graph differ in {sorted(missing)}")
    rows = [f"| {name} | {reads} | {does} |" for name, (reads, does) in NODES.items()]
    return PAGE.format(drawing=graph.draw_mermaid().strip(), nodes="\n".join(rows))


if __name__ == "__main__":
    sys.exit(write_or_check(ROOT / "docs/reference/graph.md", page()))
