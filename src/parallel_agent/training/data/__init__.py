"""Verified pairs of a slow and a fast kernel: drawn, solved, split, described and held apart.

`generate` makes them without a model, `split` divides them by family, `card` describes them, and
`check` finds what is too near to a suite.
"""
