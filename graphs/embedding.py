"""Our graph as one node of somebody else's: from a C++ file to a commit message.

``python graphs/embedding.py FILE`` picks the function of the file with the deepest loop nest, speeds
it up, and writes the message of the commit that would put the result in the file's place. Settings
come from the environment and ``parallel-agent.toml``, for example PARALLEL_AGENT_THREADS=2.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clang.cindex import Cursor, CursorKind
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from typing_extensions import TypedDict

from parallel_agent import Context, Event, Outcome, RunFolder, build_graph, load_settings
from parallel_agent.kernel.source import FILE_NAME, LOOPS, SourceError, translation_unit


class Work(TypedDict, total=False):
    """The parent's state. What our graph knows by the same names goes in and comes out."""

    source: str
    kernel: str
    outcome: dict[str, Any]
    message: str


def pick(state: Work) -> Work:
    """Choose the kernel: the deepest loop nest, and of several the one with the most loops.

    It is a guess that needs no run of the program; with a profile at hand, use that.
    """
    functions = list(_functions(translation_unit(state["source"]).cursor))
    hottest = max(functions, key=_loops, default=None)
    if hottest is None or _loops(hottest) == (0, 0):
        raise SourceError("the file has no function with a loop", "Give a file with one")
    return {"kernel": str(hottest.spelling)}


def describe(state: Work) -> Work:
    """Write the commit message; empty where there is nothing to commit."""
    outcome = Outcome.model_validate(state["outcome"])
    if outcome.status == "unchanged":
        return {"message": ""}
    low, high = outcome.interval
    lines = [
        f"perf({outcome.kernel}): {outcome.speedup:.2f} times as fast with {outcome.threads} threads",
        "",
        f"Written by {outcome.proposer}: {outcome.strategy}. 95 % interval {low:.2f} to {high:.2f},",
        f"noise floor {outcome.noise_floor:.0%}, of medians against the original at",
    ]
    for size in outcome.sizes:
        shown = ", ".join(f"{name}={value}" for name, value in size.sizes.items())
        times = f"{size.original_seconds * 1e3:.3g} ms to {size.candidate_seconds * 1e3:.3g} ms"
        lines.append(f"- {shown}: {times}, {size.speedup:.2f} times")
    return {"message": "\n".join(lines)}


def build_workflow(checkpointer: Any = None) -> CompiledStateGraph[Work, Context, Work, Work]:
    """The parent graph: its context and its checkpoints are ours too."""
    workflow = StateGraph(Work, context_schema=Context)
    workflow.add_node("pick", pick)
    workflow.add_node("optimize", build_graph())
    workflow.add_node("describe", describe)
    workflow.add_edge(START, "pick")
    workflow.add_edge("pick", "optimize")
    workflow.add_edge("optimize", "describe")
    workflow.add_edge("describe", END)
    return workflow.compile(checkpointer=checkpointer, name="embedding")


def run(source: str, context: Context) -> Work:
    """Run the workflow, printing what our graph tells on the way; its last state."""
    last: Work = {}
    for place, mode, chunk in graph.stream(
        Work(source=source), context=context, stream_mode=["custom", "values"], subgraphs=True
    ):
        if mode == "custom":
            print(Event.model_validate(chunk).message, file=sys.stderr)
        elif not place:
            last = chunk
    return last


def main(path: Path) -> None:
    """Run the workflow on one file, in a fresh run folder."""
    settings = load_settings()
    folder = RunFolder.create(settings.out, path.stem)
    try:
        state = run(path.read_text(encoding="utf-8"), Context.open(settings, folder))
    finally:
        folder.unlock()
    print(state["message"] or f"nothing to commit: {state['kernel']} is as fast as we can make it")
    print(f"\nThe evidence: {folder.root}", file=sys.stderr)


def _functions(cursor: Cursor) -> Iterator[Cursor]:
    for node in cursor.walk_preorder():
        if node.kind == CursorKind.FUNCTION_DECL and node.is_definition():
            file = node.location.file
            if file is not None and file.name == FILE_NAME and node.spelling != "main":
                yield node


def _loops(cursor: Cursor) -> tuple[int, int]:
    """The depth of the deepest loop nest below, and the number of loops."""
    deepest = count = 0
    for child in cursor.get_children():
        depth, inner = _loops(child)
        is_loop = child.kind in LOOPS
        deepest, count = max(deepest, depth + is_loop), count + inner + is_loop
    return deepest, count


graph = build_workflow()

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python graphs/embedding.py FILE")
    main(Path(sys.argv[1]))
