"""Sorts of indices whose comparison looks its keys up: the keys are brought beside the indices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.algorithm_calls import (
    algorithm_calls,
    names_in,
    value_type,
)
from parallel_agent.proposers.rules.algorithm_forms import Form, Site
from parallel_agent.proposers.rules.comparators import Comparator, comparator_of
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.splice import add_includes, splice
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind

_SORTS = frozenset({"sort", "stable_sort"})
_LOOKUPS = (Kind.ARRAY_SUBSCRIPT_EXPR, Kind.CALL_EXPR, Kind.MEMBER_REF_EXPR)


class DecorateSort:
    """Decorate, sort, undecorate: ``x[i] < x[j]`` becomes a comparison of what is in hand.

    A comparison that follows two indices into an array waits for memory twice. Each key is looked
    up once instead, and the same comparisons give the same order, that of equal keys included.
    """

    name = "decorate_sort"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``keys`` where indices are sorted by what they lead to."""
        try:
            self.rewrite(parsed, Options())
        except NotApplicable:
            return []
        return ["keys"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """Every such sort, of elements that hold an index and its keys."""
        source = parsed.kernel.source
        edits = Edits(source)
        taken: dict[str, set[str]] = {}
        lines: list[int] = []
        refused: list[str] = []
        for call in algorithm_calls(parsed, _SORTS):
            names = taken.setdefault(call.function.get_usr(), names_in(call.function))
            try:
                splice(call, edits, source, _form(Site(call, edits, names)))
                lines.append(call.line)
            except NotApplicable as reason:
                refused.append(str(reason))
        if not lines:
            raise NotApplicable("; ".join(refused) or "nothing is sorted")
        add_includes(edits, source, ["algorithm", "cstddef", "vector"])
        shown = ", ".join(map(str, lines))
        return Proposal(
            source=edits.apply(),
            reasons_for=(f"line {shown}: each comparison looks two keys up, far apart in memory",),
            reasons_against=(f"line {shown}: keys and indices take memory of their own", *refused),
        )


@dataclass
class _Keys:
    """What a comparison looks up, by its text in terms of ``@`` for the index."""

    parameters: tuple[str, str]
    found: dict[str, Any] = field(default_factory=dict)
    uses: list[tuple[Any, str, str]] = field(default_factory=list)
    """Cursor, parameter and key of each lookup; the key is empty for the index itself."""
    problem: str = ""


def _form(site: Site) -> Form:
    call = site.call
    if len(site.arguments) != 3 or not call.is_statement:
        raise site.refuse("no comparison is given")
    over, type_ = site.range(0), value_type(site.arguments[0])
    if not syntax.is_integer(type_):
        raise site.refuse("it sorts no indices")
    effects = site.effects(2)
    comparator = comparator_of(site.arguments[2])
    if comparator is None:
        raise site.refuse("its comparison is no lambda")
    keys = _keys(comparator, site)
    if keys.problem or not keys.found:
        raise site.refuse(keys.problem or "its comparison looks nothing up")
    if over.container in effects.reads or not over.container:
        raise site.refuse("its comparison may read what is sorted")
    return _written(site, comparator, keys, _spelled(type_))


def _spelled(type_: Any) -> str:
    name = syntax.bare_type(type_)
    return "std::size_t" if name == "unsigned long" else name


def _keys(comparator: Comparator, site: Site) -> _Keys:
    keys = _Keys(comparator.names())
    declared = [syntax.key(p) for p in comparator.parameters]
    for parameter in comparator.parameters:
        if not syntax.is_integer(parameter.type):
            keys.problem = "its comparison does not take indices"
    _collect(comparator.body, declared, site.edits, keys)
    return keys


def _collect(node: Any, declared: list[str], edits: Edits, keys: _Keys) -> None:
    """The outermost lookups below a node that depend on one parameter."""
    if node.kind in (Kind.VAR_DECL, Kind.LAMBDA_EXPR, *syntax.LOOP_KINDS):
        keys.problem = "its comparison computes more than comparisons"
        return
    named = [d for d in declared if d in syntax.variables(node)]
    if len(named) == 1 and _is_lookup(node, named[0]):
        parameter = named[0]
        pattern = _pattern(node, parameter, edits)
        keys.found.setdefault(pattern, node.type)
        keys.uses.append((node, syntax.shown(parameter), pattern))
    elif named and syntax.is_variable(node):
        keys.uses.append((node, node.spelling, ""))
    elif named:
        for child in node.get_children():
            _collect(child, declared, edits, keys)


def _is_lookup(node: Any, parameter: str) -> bool:
    """True for ``x[i]``, ``x[i].key`` or ``x[y[i]]`` of a number, with nothing else called."""
    if node.kind not in _LOOKUPS or not syntax.is_arithmetic(node.type):
        return False
    if node.kind == Kind.CALL_EXPR and syntax.callee_name(node) != "operator[]":
        return False
    inside = [n for n in syntax.walk(node) if n.kind == Kind.CALL_EXPR]
    return all(syntax.callee_name(n) in ("operator[]", "") for n in inside)


def _pattern(node: Any, parameter: str, edits: Edits) -> str:
    """The text of a lookup with ``@`` for the parameter."""
    start = node.extent.start.offset
    raw = edits.text(node).encode()
    for inner in reversed(list(syntax.walk(node))):
        if syntax.is_variable(inner) and syntax.key(inner.referenced) == parameter:
            a, b = inner.extent.start.offset - start, inner.extent.end.offset - start
            raw = raw[:a] + b"@" + raw[b:]
    return raw.decode()


def _written(site: Site, comparator: Comparator, keys: _Keys, index_type: str) -> Form:
    over = site.range(0)
    struct, array = site.fresh("KeyedIndex"), site.fresh("keyed")
    names = [f"key{n}" if len(keys.found) > 1 else "key" for n in range(1, len(keys.found) + 1)]
    members = dict(zip(keys.found, names, strict=True))
    position = site.local("i")
    type_ = "std::size_t" if over.whole else "std::ptrdiff_t"
    element = over.element(position)
    values = [pattern.replace("@", element) for pattern in members]
    loop = f"for ({type_} {position} = 0; {position} < {over.length}; ++{position}) {{"
    less = _comparison(site, comparator, keys, members, struct)
    return Form(
        lines=(
            f"struct {struct} {{",
            *(f"    {_spelled(keys.found[p])} {name};" for p, name in members.items()),
            f"    {index_type} index;",
            "};",
            f"std::vector<{struct}> {array}({over.length});",
            loop,
            f"    {array}[{position}] = {{{', '.join(values)}, {element}}};",
            "}",
            *f"std::{site.call.name}({array}.begin(), {array}.end(), {less});".splitlines(),
            loop,
            f"    {element} = {array}[{position}].index;",
            "}",
        )
    )


def _comparison(
    site: Site, comparator: Comparator, keys: _Keys, members: dict[str, str], struct: str
) -> str:
    """The comparison of two elements: the lambda's body with members for what it looked up."""
    edits = site.edits
    body = comparator.body
    base = body.extent.start.offset
    raw = edits.text(body).encode()
    for node, parameter, pattern in sorted(keys.uses, key=lambda u: -u[0].extent.start.offset):
        a, b = node.extent.start.offset - base, node.extent.end.offset - base
        raw = raw[:a] + f"{parameter}.{members.get(pattern, 'index')}".encode() + raw[b:]
    captures = "[&]" if _reads_more(comparator, keys) else "[]"
    head = ", ".join(f"{struct} const& {name}" for name in comparator.names())
    margin, unit = edits.indentation(comparator.cursor), "    "
    texts = [line.strip() for line in raw.decode().splitlines()]
    if len(texts) == 1:
        return f"{captures}({head}) {texts[0]}"
    return f"{captures}({head}) " + _relaid(raw.decode(), margin, unit)


def _reads_more(comparator: Comparator, keys: _Keys) -> bool:
    """True if a comparison names variables other than its indices outside of its lookups."""
    looked_up = [node for node, _, _ in keys.uses]
    return any(
        syntax.is_variable(node) and not any(syntax.contains(use, node) for use in looked_up)
        for node in syntax.walk(comparator.body)
    )


def _relaid(body: str, margin: str, unit: str) -> str:
    """A body's lines relative to the statement that it now stands in."""
    first, *others = body.splitlines()
    steps = [
        len(line.removeprefix(margin)) - len(line.removeprefix(margin).lstrip()) for line in others
    ]
    smallest = min((step for step in steps if step), default=4)
    lines = [
        unit * (step // smallest) + line.strip() for step, line in zip(steps, others, strict=True)
    ]
    return "\n".join([first, *lines])
