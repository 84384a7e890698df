"""The generated C++ program that hands calls from a worker's pipes to the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from parallel_agent.leading_includes import leading_includes

HARNESS_FILE = "harness.hpp"
REPLAY_FILE = "replay.hpp"
ADAPTER_FILE = "adapter.cpp"
KERNEL_FILE = "kernel.hpp"
_EVERYTHING = "bits/stdc++.h"

Program = Literal["worker", "replay"]
"""What the adapter's ``main`` does: obey a parent process, or time a file of inputs by itself."""
_PROGRAMS: dict[Program, dict[str, str]] = {
    "worker": {"header": HARNESS_FILE, "entry": "serve"},
    "replay": {"header": REPLAY_FILE, "entry": "replay"},
}

Passing = Literal["value", "reference", "const reference", "pointer", "const pointer"]


@dataclass(frozen=True)
class AdapterParameter:
    """A parameter of the kernel; ``type`` spells the value's type, or what a pointer points to.

    The spelling must be valid at global scope after the kernel's file: ``std::vector<double>``,
    ``geometry::Point``.
    """

    name: str
    type: str
    passing: Passing


@dataclass(frozen=True)
class AdapterSpec:
    """The kernel's function (qualified where it is in a namespace) and how to call it.

    ``returns`` is the spelling of the result's value type, None for void.
    """

    function: str
    parameters: tuple[AdapterParameter, ...]
    returns: str | None = None


def render_adapter(
    spec: AdapterSpec,
    kernel_file: str = KERNEL_FILE,
    preamble_includes: bool = True,
    program: Program = "worker",
) -> str:
    """The C++ text of a program around the kernel in ``kernel_file``.

    The kernel's file is included as it is, so any linkage, overload or helper in it works; a
    ``main`` of its own is renamed. The harness's own includes come before it, or after it without
    ``preamble_includes``: then a kernel that forgets an include of its own does not compile.
    """
    template = _ENVIRONMENT.get_template("adapter.cpp.j2")
    return template.render(
        spec=spec,
        kernel_file=kernel_file,
        preamble_includes=preamble_includes,
        **_PROGRAMS[program],
    )


def harness_text(file: str = HARNESS_FILE) -> str:
    """The text of one of the headers that adapters include."""
    return resources.files(f"{__package__}.harness").joinpath(file).read_text(encoding="utf-8")


def prelude(kernel_text: str) -> str:
    """What the compiler reads first of `adapter_sources`: for `Compiler.compile` to keep precompiled.

    The harness, and all of the standard library where that is what the kernel begins with.
    """
    everything = _EVERYTHING in leading_includes(kernel_text)
    return harness_text() + (f"#include <{_EVERYTHING}>\n" if everything else "")


def adapter_sources(
    spec: AdapterSpec, kernel_text: str, *, preamble_includes: bool = True
) -> dict[str, str]:
    """All that a worker's program is compiled from: file name to text, for `Compiler.compile`."""
    return {
        ADAPTER_FILE: render_adapter(spec, KERNEL_FILE, preamble_includes),
        HARNESS_FILE: harness_text(),
        KERNEL_FILE: kernel_text,
    }


_ENVIRONMENT = Environment(
    loader=PackageLoader(f"{__package__}", "harness"),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
