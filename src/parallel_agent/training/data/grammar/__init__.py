"""Kernels by template: a family a function, its parameters drawn by a seeded generator.

`registry.FAMILIES` lists them; each follows one of the bundled kernels in what it computes.
"""
