"""The state graph for the LangGraph server and Studio (see langgraph.json).

The server brings checkpoints. Where it gives no context, every thread gets a run folder of its own
under ``.parallel-agent/runs/`` and settings from the environment and ``parallel-agent.toml``.
"""

from __future__ import annotations

from parallel_agent import build_graph

graph = build_graph()
