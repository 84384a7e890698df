"""Holding a whole program against another one: what it prints, its exit status, what it leaves."""
