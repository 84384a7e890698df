"""Algorithm calls cut into one block per thread: scans in two passes, smallest and largest."""

from __future__ import annotations

from parallel_agent.proposers.rules.algorithm_calls import Range
from parallel_agent.proposers.rules.algorithm_forms import Form, Site, fold_operator
from parallel_agent.proposers.rules.syntax import bare_type, is_integer

_SCAN_FUNCTORS = {"+": "std::plus<>()", "*": "std::multiplies<>()"}


def two_pass_scan(site: Site) -> Form:
    """partial_sum, inclusive_scan and exclusive_scan: block totals first, then every block.

    The last block's total is not needed: with a single block the first pass does nothing.
    """
    if not site.call.is_statement:
        raise site.refuse("its value is used")
    over, output = site.range(0), site.start(2)
    exclusive = site.call.name == "exclusive_scan"
    operator, initial = _scan_arguments(site, exclusive)
    type_ = over.value_type if initial is None else bare_type(site.arguments[initial].type)
    _check_scan_type(site, over, output, type_, initial)
    function = "std::exclusive_scan" if exclusive else "std::inclusive_scan"
    blocks = _Blocks(site, over, "omp_get_max_threads()")
    carry = site.fresh("carry")
    b = blocks.index
    into = f"{output.sum_start} + {blocks.start}"
    functor = _SCAN_FUNCTORS[operator]
    identity = f"{type_}{{{'1' if operator == '*' else ''}}}"
    total = f"{blocks.bounds}, {identity}" + (f", {functor}" if operator == "*" else "")
    rest = f"{carry}[{b}], {functor}" if exclusive else f"{functor}, {carry}[{b}]"
    fold = f", {functor}" if operator == "*" else ""
    first = [f"{carry}[0] = {site.text(initial)};"] if initial is not None else []
    return Form(
        lines=(
            *blocks.setup,
            f"std::vector<{type_}> {carry}({blocks.count} + 1{', 1' if operator == '*' else ''});",
            *first,
            *blocks.loop(f"{carry}[{b} + 1] = std::reduce({total});", without_last=True),
            f"std::partial_sum({carry}.begin(), {carry}.end(), {carry}.begin(){fold});",
            *blocks.loop(f"{function}({blocks.bounds}, {into}, {rest});"),
        ),
        includes=("cstddef", "functional", "numeric", "omp.h", "vector"),
        reasons_for=(
            f"line {site.call.line}: std::{site.call.name} is a scan, done in two passes",
        ),
        reasons_against=(
            f"line {site.call.line}: the input is read twice, and the order of the operations changes",
        ),
    )


def _scan_arguments(site: Site, exclusive: bool) -> tuple[str, int | None]:
    """The scan's operator and the position of its initial value."""
    given = len(site.arguments)
    operation = 4 if exclusive else 3
    operator = fold_operator(site.arguments[operation]) if given > operation else "+"
    if operator not in _SCAN_FUNCTORS:
        raise site.refuse("its operation is not known to be associative")
    if exclusive:
        return operator, 3
    return operator, 4 if given > 4 else None


def _check_scan_type(
    site: Site, over: Range, output: Range, type_: str, initial: int | None
) -> None:
    if type_ == "bool":
        raise site.refuse("it scans bool")
    folded = initial is not None and is_integer(site.arguments[initial].type)
    if folded and over.value_type in ("float", "double", "long double"):
        raise site.refuse(f"it folds {over.value_type} into an integer")
    if over.container == output.container and over.first != output.first:
        raise site.refuse(f"{output.first} overlaps {over.first} with an offset")


def extremum(site: Site) -> Form:
    """min_element and max_element: one candidate per block, then the first of the best."""
    over = site.range(0)
    name = site.call.name
    p, q = site.local("p"), site.local("q")
    better, capture = f"*{p} < *{q}", ""
    setup: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    if len(site.arguments) > 2:
        site.effects(2)
        comparison, setup = site.callable(2, "less")
        better, capture, given = f"{comparison}(*{p}, *{q})", "&", (comparison,)
    position = "smallest" if name == "min_element" else "largest"
    result = site.result_name or site.fresh(position)
    blocks = _Blocks(site, over, "std::clamp<std::ptrdiff_t>(@, 1, omp_get_max_threads())")
    best = site.fresh("best")
    found = f"std::{name}({', '.join((blocks.bounds, *given))})"
    return Form(
        value=result,
        declaration=f"auto {result} = {over.first};",
        lines=(
            *setup,
            *blocks.setup,
            f"std::vector<decltype({result})> {best}({blocks.count});",
            *blocks.loop(f"{best}[{blocks.index}] = {found};"),
            f"{result} = *std::{name}({best}.begin(), {best}.end(),",
            f"    [{capture}](auto const& {p}, auto const& {q}) {{ return {better}; }});",
        ),
        includes=("algorithm", "cstddef", "omp.h", "vector"),
        reasons_for=(
            f"line {site.call.line}: std::{name} over blocks keeps the first of equal elements",
        ),
    )


class _Blocks:
    """A range cut into ``count`` blocks, one per thread.

    ``available`` is an expression for their number, in which ``@`` is the number of elements.
    ``bounds`` are the iterators of the block in hand.
    """

    def __init__(self, site: Site, over: Range, available: str) -> None:
        self.count = site.fresh("blocks")
        self.index, self.start, self._end = site.local("b"), site.local("start"), site.local("end")
        self.bounds = f"{over.sum_start} + {self.start}, {over.sum_start} + {self._end}"
        self._size = site.fresh("size")
        number = available.replace("@", self._size)
        if "@" in available:
            number = f"static_cast<int>({number})"
        self.setup = (
            f"const std::ptrdiff_t {self._size} = {over.difference};",
            f"const int {self.count} = {number};",
        )

    def loop(self, body: str, *, without_last: bool = False) -> tuple[str, ...]:
        """A parallel loop over the blocks."""
        b, last = self.index, f"{self.count} - 1" if without_last else self.count
        return (
            f"#pragma omp parallel for num_threads({self.count})",
            f"for (int {b} = 0; {b} < {last}; ++{b}) {{",
            f"    const std::ptrdiff_t {self.start} = {self._size} * {b} / {self.count};",
            f"    const std::ptrdiff_t {self._end} = {self._size} * ({b} + 1) / {self.count};",
            f"    {body}",
            "}",
        )
