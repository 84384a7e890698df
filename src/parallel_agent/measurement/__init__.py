"""Interleaved timing, its statistics, and the lane that lets one timing run at a time."""
