"""A PolyBench/C tree: its kernels with their dimensions as contract, and its own dump as comparison.

A kernel of PolyBench takes arrays whose dimensions are parameters, too. It is written as a C++ function of
plain pointers, `C[i][j]` as `C[i * nj + j]`; the answer is held against the original's program, which
prints its arrays (``POLYBENCH_DUMP_ARRAYS``).

Louis-Noël Pouchet, Tomofumi Yuki: PolyBench/C 4.2, the conventions of its ``utilities/polybench.h``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from parallel_agent.settings import SettingsError
from parallel_agent.suites.adapters.polybench_dump import dumped_alike
from parallel_agent.suites.adapters.polybench_source import (
    KERNEL,
    Array,
    PolybenchError,
    Translated,
    translated,
)
from parallel_agent.suites.suite import SuiteKernel

UTILITIES = "utilities"
_STEPS = 10
"""Time steps and the like: integer parameters that are no dimension of an array."""


def polybench(place: str, prepared: Path) -> list[SuiteKernel]:
    """The kernels of the tree at ``place``, sorted; the folders above each are its category.

    One that does not keep to the conventions is in the list as it is, and fails with the reason.
    """
    root = Path(place)
    utilities = root / UTILITIES
    if not (utilities / "polybench.h").is_file():
        raise SettingsError(
            f"suite: {place} is no PolyBench/C tree: no {UTILITIES}/polybench.h",
            f"Give the folder that holds {UTILITIES}: polybench:TREE",
        )
    prepared.mkdir(parents=True, exist_ok=True)
    return [_kernel(source, root, prepared) for source in _sources(root)]


def _sources(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*.c")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.parent != root / UTILITIES and KERNEL.search(text):
            yield path


def _kernel(source: Path, root: Path, prepared: Path) -> SuiteKernel:
    path = prepared / f"{source.stem}.cpp"
    category = "-".join(source.parent.relative_to(root).parts[:-1]) or "polybench"
    try:
        found = translated(source, root / UTILITIES)
    except PolybenchError as error:
        path.write_text(f"#error {error}\n", encoding="utf-8")
        return SuiteKernel(source.stem, category, path)
    path.write_text(found.source, encoding="utf-8")
    contract = path.with_suffix(".toml")
    contract.write_text(contract_of(found), encoding="utf-8")
    check = partial(dumped_alike, found, source, root / UTILITIES)
    return SuiteKernel(source.stem, category, path, contract, check=check)


def contract_of(found: Translated) -> str:
    """The contract as TOML: sizes from the arrays' dimensions, at least 2 as the kernels take for granted.

    Square matrices are symmetric and dominant, for those that are factorized.
    """
    dimensions = list(dict.fromkeys(name for array in found.arrays for name in array.dimensions))
    lines = [f'kernel = "{found.name}"']
    lines += [f"\n[dimensions.{name}]\nminimum = 2" for name in dimensions]
    for name in found.integers:
        equals = name if name in dimensions else str(_STEPS)
        lines.append(f'\n[parameters.{name}]\nequals = "{equals}"')
    lines += [_parameter(array) for array in found.arrays]
    return "\n".join(lines) + "\n"


def _parameter(array: Array) -> str:
    text = f'\n[parameters.{array.name}]\nlength = "{" * ".join(array.dimensions)}"'
    if len(array.dimensions) == 2 and len(set(array.dimensions)) == 1 and array.real:
        domain = 'kind = "uniform", low = 0.1, high = 1.0, symmetric = true, dominant = true'
        text += f"\nvalues = {{ {domain} }}"
    return text
