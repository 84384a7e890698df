"""Doors for other agents: a LangChain tool and an MCP server.

Both stand on one desk, which has the account, the folder and the root that its owner gave it: who
calls can neither spend more, nor choose a model, nor reach a file outside of the root.
"""
