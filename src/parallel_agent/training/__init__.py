"""What runs and our own generator leave behind, as material to train models on.

Stands above suites and report, and below the command line; no other floor imports it.
"""
