"""Making models better at this work: data out of verified pairs, and training on it.

Stands above suites and report, and below the command line; no other floor imports it.
"""
