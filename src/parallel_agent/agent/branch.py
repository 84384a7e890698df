"""The inner graph: one strategy pursued over several steps."""

from __future__ import annotations

from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from parallel_agent.agent.context import Context
from parallel_agent.agent.nodes.coder import coder
from parallel_agent.agent.nodes.compiler import compiler
from parallel_agent.agent.nodes.critic import critic
from parallel_agent.agent.nodes.profiler import profiler
from parallel_agent.agent.state import BranchOutput, BranchState


def build_branch() -> CompiledStateGraph[BranchState, Context, BranchState, BranchOutput]:
    """The branch, compiled; it inherits context and checkpoints from the outer graph."""
    graph = StateGraph(BranchState, context_schema=Context, output_schema=BranchOutput)
    graph.add_node("coder", coder)
    graph.add_node("compiler", compiler)
    graph.add_node("profiler", profiler)
    graph.add_node("critic", critic)
    graph.add_edge(START, "coder")
    graph.add_conditional_edges("coder", _after_coder, {"compiler": "compiler", "end": END})
    graph.add_conditional_edges("compiler", _after_compiler, ["profiler", "critic"])
    graph.add_edge("profiler", "critic")
    graph.add_conditional_edges("critic", _after_critic, {"coder": "coder", "end": END})
    return graph.compile(name="branch")


def _after_coder(state: BranchState) -> Literal["compiler", "end"]:
    """On with a new candidate; no further step for a duplicate or where there was none."""
    return "compiler" if state["candidate"] else "end"


def _after_compiler(state: BranchState) -> Literal["profiler", "critic"]:
    """Only what passed its gates is timed."""
    return "critic" if state["record"]["failed_gate"] else "profiler"


def _after_critic(state: BranchState) -> Literal["coder", "end"]:
    """Another step to refine or repair, or the end of the branch."""
    return "end" if state["critique"]["decision"] == "stop" else "coder"


__all__: list[Any] = ["build_branch"]
