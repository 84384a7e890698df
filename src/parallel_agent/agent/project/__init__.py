"""Project mode: a kernel inside a tree that has its own build, test and benchmark.

Copies of the tree, the kernel cut out of its file and put back, the user's commands in the sandbox.
"""
