"""The free proposer: one strategy per file, no model, deterministic."""
