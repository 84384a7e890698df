"""Policies, one per file: who gets the money next."""
