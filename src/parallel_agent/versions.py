"""The versions of what a run depends on, as they are kept beside its results."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

VERSIONS = "versions.json"
_PACKAGES = ("parallel-agent", "langgraph", "langchain-openai", "libclang", "numpy", "pydantic")


def versions() -> dict[str, str]:
    """The version of each package by name, empty for one that is not installed."""
    return {name: _version(name) for name in _PACKAGES}


def python_version() -> str:
    """The version of the interpreter."""
    return platform.python_version()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
