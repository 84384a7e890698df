"""Algorithm calls by libstdc++'s parallel mode, ``__gnu_parallel``.

Its ``min_element`` and ``max_element`` are not used: they do not return the first of equal elements
(and were slower than the sequential ones when measured).
"""

from __future__ import annotations

from parallel_agent.proposers.rules.algorithm_forms import Form, Site, fold_operator
from parallel_agent.proposers.rules.syntax import children, is_arithmetic

_NUMERIC = ("accumulate", "inner_product", "adjacent_difference")
_ALSO_NUMERIC = {"reduce": "accumulate"}
_OUTPUTS = {
    "merge": 4,
    "set_union": 4,
    "set_intersection": 4,
    "set_difference": 4,
    "set_symmetric_difference": 4,
    "unique_copy": 2,
    "adjacent_difference": 2,
}
"""The position of the output iterator, without random access to which nothing runs in parallel."""
_ORDER = "the order of equal elements is unspecified and may differ from the sequential one"


def parallel_mode(site: Site) -> Form:
    """The same call in namespace ``__gnu_parallel``, which decides by itself below 1,000 elements."""
    name = _ALSO_NUMERIC.get(site.call.name, site.call.name)
    _check(site)
    callee = site.edits.text(children(site.call.cursor)[0])
    called = site.edits.text(site.call.cursor).removeprefix(callee).strip()
    arguments = called[1:-1]
    against = []
    if site.call.name == "sort":
        against.append(f"line {site.call.line}: {_ORDER}")
    if site.call.name in ("sort", "stable_sort"):
        against.append(f"line {site.call.line}: merging takes a second copy of the data")
    return Form(
        value=f"__gnu_parallel::{name}({arguments})",
        includes=("parallel/numeric" if name in _NUMERIC else "parallel/algorithm",),
        reasons_for=(
            f"line {site.call.line}: std::{site.call.name} has a parallel version in libstdc++",
        ),
        reasons_against=tuple(against),
    )


def _check(site: Site) -> None:
    """Refuse what parallel mode would do wrongly, slowly or not at all."""
    name = site.call.name
    site.range(0)
    if name in _OUTPUTS:
        site.start(_OUTPUTS[name])
    if name in ("accumulate", "reduce"):
        if is_arithmetic(site.call.cursor.type):
            raise site.refuse("a reduction loop does it better")
        ordered = name == "accumulate" and len(site.arguments) > 3
        if ordered and not fold_operator(site.arguments[3]):
            raise site.refuse("its operation is not known to be associative")
    elif name in ("inner_product", "transform_reduce", "count", "count_if"):
        raise site.refuse("parallel mode adds nothing to a reduction loop")
    for position in range(2, len(site.arguments)):
        site.effects(position)
