"""What only some users need, and is installed with an extra of the package."""

from __future__ import annotations

from importlib import import_module


class ExtraMissing(ImportError):
    """A package of an extra is not installed. ``hint`` says how to get it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed")
        self.hint = f"pip install 'parallel-agent[{extra}]'"


def need(module: str, what: str, extra: str) -> None:
    """Find a module of an extra; raises ExtraMissing."""
    try:
        import_module(module)
    except ModuleNotFoundError:
        raise ExtraMissing(what, extra) from None
