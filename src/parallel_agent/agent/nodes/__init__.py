"""The five nodes of the graph, one per file."""
