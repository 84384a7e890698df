"""Algorithm calls as OpenMP loops over indices: element by element, and reductions."""

from __future__ import annotations

import re
from typing import Any

from parallel_agent.proposers.rules.algorithm_calls import Range
from parallel_agent.proposers.rules.algorithm_forms import (
    Form,
    Site,
    fold_operator,
    index_loop,
    speculation,
)
from parallel_agent.proposers.rules.callables import Effects
from parallel_agent.proposers.rules.syntax import Kind, is_arithmetic, is_integer, strip

_RESULT_NAMES = {"+": "sum", "*": "product", "min": "smallest", "max": "largest"}
_LITERALS = (
    Kind.INTEGER_LITERAL,
    Kind.FLOATING_LITERAL,
    Kind.CHARACTER_LITERAL,
    Kind.CXX_BOOL_LITERAL_EXPR,
)


def elementwise(site: Site, *, simd: bool = False) -> Form:
    """transform, for_each, fill and iota as a loop in which every element stands for itself."""
    if not site.call.is_statement:
        raise site.refuse("its value is used")
    over, body, setup, effects, ranges = _ELEMENTWISE[site.call.name](site)
    if simd and not (all(e.straight for e in effects) and all(r.arithmetic for r in ranges)):
        raise site.refuse("its body has branches or works on structures")
    pragma = site.pragma("parallel for simd" if simd else "parallel for")
    unproved = speculation(effects, ranges[1:])
    return Form(
        lines=(*setup, *index_loop(over, pragma, body)),
        includes=("cstddef",),
        reasons_for=(f"line {site.call.line}: std::{site.call.name} treats elements one by one",),
        reasons_against=unproved,
        speculative=bool(unproved),
    )


_Element = tuple[Range, str, tuple[str, ...], list[Effects], list[Range]]


def _transform(site: Site) -> _Element:
    inputs = [site.range(0)]
    if len(site.arguments) == 5:
        inputs.append(site.start(2))
    output, operation = site.start(len(site.arguments) - 2), len(site.arguments) - 1
    for source in inputs:
        _check_same_place(site, source, output)
    effects = site.effects(operation)
    if _base(output) in effects.reads:
        raise site.refuse(f"the callable reads {_base(output)}, which is written")
    value, setup = site.applied(operation, "op", *inputs)
    body = f"{output.element('@')} = {value};"
    return inputs[0], body, setup, [effects], [*inputs, output]


def _for_each(site: Site) -> _Element:
    over = site.range(0)
    effects = site.effects(2, element_may_change=True)
    if _base(over) in effects.reads:
        raise site.refuse(f"the callable uses {_base(over)} as a whole")
    name, setup = site.callable(2, "visit")
    return over, f"{name}({over.element('@')});", setup, [effects], [over]


def _fill(site: Site) -> _Element:
    over = site.range(0)
    value, setup = _constant(site, 2, over)
    return over, f"{over.element('@')} = {value};", setup, [], [over]


def _iota(site: Site) -> _Element:
    over = site.range(0)
    if not is_integer(site.arguments[2].type):
        raise site.refuse("it counts in a type that is no integer")
    value, setup = _constant(site, 2, over)
    body = f"{over.element('@')} = {'' if value == '0' else value + ' + '}@;"
    return over, body, setup, [], [over]


_ELEMENTWISE = {"transform": _transform, "for_each": _for_each, "fill": _fill, "iota": _iota}


def _base(range_: Range) -> str:
    found = re.match(r"\w+", range_.first)
    return found[0] if found else ""


def _check_same_place(site: Site, source: Range, output: Range) -> None:
    if _base(source) == _base(output) and source.first != output.first:
        raise site.refuse(f"{output.first} overlaps {source.first} with an offset")


def _constant(site: Site, position: int, over: Range) -> tuple[str, tuple[str, ...]]:
    """A name for an argument's value, and the line that fixes it if it is not a plain name."""
    text, node = site.text(position), strip(site.arguments[position])
    plain = re.fullmatch(r"\w+", text) is not None and text != _base(over)
    if plain or node.kind in _LITERALS:
        return text, ()
    name = site.fresh("value")
    return name, (f"const auto {name} = {text};",)


def reduction(site: Site, *, simd: bool = False) -> Form:
    """accumulate, reduce, inner_product, transform_reduce, count and count_if as a reduction."""
    if site.call.is_statement:
        raise site.refuse("its value is not used")
    type_ = site.call.cursor.type
    if not is_arithmetic(type_):
        raise site.refuse(f"{type_.spelling} has no built-in reduction")
    over, operator, term, setup, effects = _REDUCTIONS[site.call.name](site)
    if operator in ("min", "max") and over.value_type != _spelled(type_):
        raise site.refuse(f"its {operator} mixes {over.value_type} and {type_.spelling}")
    if simd and not all(e.straight for e in effects):
        raise site.refuse("its callable has branches")
    counting = site.call.name.startswith("count")
    name = "matches" if counting else _RESULT_NAMES.get(operator, "bits")
    result = site.result_name or site.fresh(name)
    initial = _initial(site)
    start = "0" if initial is None else site.text(initial)
    pragma = site.pragma(
        "parallel for simd" if simd else "parallel for", f"reduction({operator} : {result})"
    )
    body = _fold(result, operator, term)
    unproved = speculation(effects, ())
    return Form(
        value=result,
        declaration=f"{'std::ptrdiff_t' if counting else _spelled(type_)} {result} = {start};",
        lines=(*setup, *index_loop(over, pragma, body)),
        includes=("cstddef", *(("algorithm",) if operator in ("min", "max") else ())),
        reasons_for=(f"line {site.call.line}: std::{site.call.name} is a {operator} reduction",),
        reasons_against=(*_rounding(site, operator), *unproved),
        speculative=bool(unproved),
    )


_Reduction = tuple[Range, str, str, tuple[str, ...], list[Effects]]


def _initial(site: Site) -> int | None:
    """The position of the initial value, None where it is zero."""
    if site.call.name.startswith("count") or len(site.arguments) == 2:
        return None
    folds_pairs = site.call.name == "inner_product" or len(site.arguments) in (4, 6)
    return 3 if folds_pairs and site.call.name not in ("accumulate", "reduce") else 2


def _spelled(type_: Any) -> str:
    return str(type_.get_canonical().spelling).removeprefix("const ")


def _fold(result: str, operator: str, term: str) -> str:
    if operator in ("min", "max"):
        return f"{result} = std::{operator}({result}, {term});"
    return f"{result} {operator}= {term};"


def _rounding(site: Site, operator: str) -> tuple[str, ...]:
    ordered = site.call.name in ("accumulate", "inner_product")
    if not ordered or operator not in "+*" or is_integer(site.call.cursor.type):
        return ()
    return (
        f"line {site.call.line}: the order of the operations changes, and with it the rounding",
    )


def _operator(site: Site, position: int) -> str:
    if position >= len(site.arguments):
        return "+"
    operator = fold_operator(site.arguments[position])
    if not operator:
        raise site.refuse("its operation is not known to be associative")
    return operator


def _check_precision(site: Site, over: Range) -> None:
    """Folding floating-point terms into an integer truncates at each step: order matters."""
    if is_integer(site.call.cursor.type) and over.value_type in ("float", "double", "long double"):
        raise site.refuse(f"it folds {over.value_type} into an integer")


def _accumulate(site: Site) -> _Reduction:
    over = site.range(0)
    _check_precision(site, over)
    return over, _operator(site, 3), over.element("@"), (), []


def _inner_product(site: Site) -> _Reduction:
    over, other = site.range(0), site.start(2)
    _check_precision(site, over)
    inner = _operator(site, 5) if len(site.arguments) > 5 else "*"
    if inner in ("min", "max"):
        raise site.refuse("its inner operation is a function")
    term = f"{over.element('@')} {inner} {other.element('@')}"
    return over, _operator(site, 4), term, (), []


def _transform_reduce(site: Site) -> _Reduction:
    if len(site.arguments) in (4, 6):
        return _inner_product(site)
    over = site.range(0)
    effects = site.effects(4)
    term, setup = site.applied(4, "term", over)
    return over, _operator(site, 3), term, setup, [effects]


def _count(site: Site) -> _Reduction:
    over = site.range(0)
    value, setup = _constant(site, 2, over)
    return over, "+", f"{over.element('@')} == {value}", setup, []


def _count_if(site: Site) -> _Reduction:
    over = site.range(0)
    effects = site.effects(2)
    matched, setup = site.applied(2, "matched", over)
    return over, "+", f"{matched} ? 1 : 0", setup, [effects]


_REDUCTIONS = {
    "accumulate": _accumulate,
    "reduce": _accumulate,
    "inner_product": _inner_product,
    "transform_reduce": _transform_reduce,
    "count": _count,
    "count_if": _count_if,
}
