"""The folder with which anyone can build and time original and best again."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from parallel_agent.agent.subject import OriginalAtSize
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.types import Signature
from parallel_agent.kernel.workload import Workload
from parallel_agent.toolchain.adapter import (
    HARNESS_FILE,
    REPLAY_FILE,
    harness_text,
    render_adapter,
)
from parallel_agent.toolchain.runner import OPENMP_ENVIRONMENT
from parallel_agent.verification.build import adapter_spec

MAX_INPUT_BYTES = 8 << 20
"""Of one call's inputs: larger ones would make the folder too heavy to hand around."""


@dataclass(frozen=True)
class _Inputs:
    """A file of inputs: those of one call, of which so many are timed together."""

    file: str
    sizes: Mapping[str, int]
    calls: int

    @property
    def shown(self) -> str:
        return _shown(self.sizes)


def write_reproduction(
    directory: Path,
    *,
    signature: Signature,
    contract: Contract,
    original: str,
    best: str,
    cxx: str,
    cxxflags: Sequence[str],
    sizes: Sequence[OriginalAtSize],
    seed: int,
    threads: int,
) -> None:
    """Write ``directory`` anew: a Makefile, both sources, and inputs of the timed sizes.

    Two calls with the same arguments write the same bytes. Sizes with inputs of more than
    MAX_INPUT_BYTES a call are left out, as the README says; for the largest of them a size stands
    in that was halved until its inputs fit.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    workload = Workload(signature, contract)
    fitting = [size for size in sizes if size.bytes <= MAX_INPUT_BYTES]
    left_out = [size.sizes for size in sizes if size not in fitting]
    timed: list[tuple[Mapping[str, int], int]] = [(s.sizes, s.instances) for s in fitting]
    if left_out:
        timed.append((_stand_in(left_out[-1], workload, seed), 1))
    kept = [_Inputs(f"inputs-{number}.bin", *of) for number, of in enumerate(timed, start=1)]
    for inputs in kept:
        (directory / inputs.file).write_bytes(_draw(workload, inputs.sizes, seed))
    facts = {
        "kernel": signature.name,
        "unchanged": original == best,
        "comparison": contract.comparison,
        "cxx": shlex.quote(cxx),
        "cxxflags": shlex.join(cxxflags),
        # As in the run: libraries once more behind what uses them.
        "libraries": shlex.join(flag for flag in cxxflags if flag.startswith("-l")),
        "command": shlex.join([cxx, *cxxflags]),
        "environment": " ".join(f"{name}={value}" for name, value in OPENMP_ENVIRONMENT.items()),
        "threads": threads,
        "kept": kept,
        "left_out": [_shown(of) for of in left_out],
        "max_mib": MAX_INPUT_BYTES >> 20,
    }
    spec = adapter_spec(signature)
    texts = {
        "original.hpp": original,
        "best.hpp": best,
        "time_original.cpp": render_adapter(spec, "original.hpp", program="replay"),
        "time_best.cpp": render_adapter(spec, "best.hpp", program="replay"),
        HARNESS_FILE: harness_text(HARNESS_FILE),
        REPLAY_FILE: harness_text(REPLAY_FILE),
        "inputs.txt": "".join(f"{i.file} {i.calls} {i.shown}\n" for i in kept),
        "compare.sh": resources.files(__package__).joinpath(_FOLDER, "compare.sh").read_text(),
        "Makefile": _TEMPLATES.get_template("Makefile.j2").render(facts),
        "README.md": _TEMPLATES.get_template("README.md.j2").render(facts),
    }
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")


def _draw(workload: Workload, sizes: Mapping[str, int], seed: int) -> memoryview:
    return workload.payload(sizes, np.random.default_rng([seed, 5000, *sizes.values()]))


def _stand_in(sizes: Mapping[str, int], workload: Workload, seed: int) -> Mapping[str, int]:
    """The sizes, halved until the inputs of one call fit or the contract allows no smaller ones."""
    dimensions = workload.contract.dimensions
    while len(_draw(workload, sizes, seed)) > MAX_INPUT_BYTES:
        halved = {name: dimensions[name].fit(size // 2) for name, size in sizes.items()}
        if halved == sizes:
            break
        sizes = halved
    return sizes


def _shown(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sizes.items()) or "no sizes"


def _for_make(text: str) -> str:
    """Text as make reads it literally."""
    return re.sub("#", r"\\#", text.replace("$", "$$"))


_FOLDER = "reproduction"
_TEMPLATES = Environment(
    loader=PackageLoader(__package__, _FOLDER),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
_TEMPLATES.filters["make"] = _for_make
