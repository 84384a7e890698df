"""The comparison with peers: other compilers' versions of kernels, and ours, held side by side.

``peers`` says who they are and how they build, ``kernels`` whose kernels, ``subjects`` what a run
found of a kernel, ``judging`` builds, checks and times all programs of one, ``results`` is what came
of it, with its totals, ``table`` and ``plot`` show it.
"""
