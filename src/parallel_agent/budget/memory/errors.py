"""What can go wrong with an account of memory."""

from __future__ import annotations


class ShapeError(ValueError):
    """A model's shape cannot be read, or is of a kind that is not counted.

    ``hint`` says what to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class DoesNotFit(RuntimeError):
    """A model does not fit under a cap on memory; nothing was loaded.

    ``hint`` names the nearest setting that would. ``needed`` and ``cap`` are bytes.

    A RuntimeError, because generic retry policies leave those alone: trying again does not help.
    """

    def __init__(self, message: str, hint: str, *, needed: int, cap: int) -> None:
        super().__init__(message)
        self.hint = hint
        self.needed = needed
        self.cap = cap
