"""Sets of kernels, the runner over a set, and the score table."""
