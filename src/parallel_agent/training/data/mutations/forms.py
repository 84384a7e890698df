"""Mutations of how loops are written, of the order of nests, and of types."""

from __future__ import annotations

import random
import re
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules.edits import Edits
from parallel_agent.proposers.rules.syntax import Kind, children, statements, variables, walk

_WORD = re.compile(r"\b(float|double)\b")
_REAL = re.compile(r"(?<![\w.])(\d+\.\d*(?:e[-+]?\d+)?|\d+e[-+]?\d+|\.\d+)(f?)(?![\w.])")


def precision(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """Every double as a float, or every float as a double, literals too."""
    source = parsed.kernel.source
    kinds = set(_WORD.findall(source))
    if len(kinds) != 1:
        return None
    old = kinds.pop()
    new, suffix = ("float", "f") if old == "double" else ("double", "")
    changed = _REAL.sub(lambda m: m[1] + suffix, _WORD.sub(new, source))
    return changed, f"{old} as {new}"


def index_types(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """The counters of all loops in another integer type."""
    source = parsed.kernel.source
    found = re.findall(r"\bfor \((int|std::size_t|long) \w+ = [\w ]+;", source)
    if not found:
        return None
    old = rng.choice(found)
    new = rng.choice([t for t in ("int", "long", "std::size_t", "unsigned") if t != old])
    if old == "int" and new in ("std::size_t", "unsigned") and "- " in source:
        new = "long"  # a counter that is held against a difference must be able to be below 0
    changed = re.sub(rf"\bfor \({re.escape(old)} (\w+ = [\w ]+;)", rf"for ({new} \1", source)
    if new == "std::size_t" and "<cstddef>" not in changed:
        changed = f"#include <cstddef>\n{changed}"
    return changed, f"counters of {old} as {new}"


def increments(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """``++i`` as ``i++`` or ``i += 1`` in the heads of loops."""
    form = rng.choice((r"\1++", r"\1 += 1"))
    changed = re.sub(r"(?<=; )\+\+(\w+)(?=\) ?[{\w])", form, parsed.kernel.source)
    return None if changed == parsed.kernel.source else (changed, form.replace(r"\1", "i"))


def while_loops(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """A counting loop as a while loop, in a block of its own."""
    loops = [n for n in walk(parsed.function) if n.kind == Kind.FOR_STMT and _can_be_while(n)]
    if not loops:
        return None
    edits, loop = Edits(parsed.kernel.source), rng.choice(loops)
    start, test, step, body = (edits.text(part) for part in children(loop))
    margin = edits.indentation(loop)
    inner = "\n".join(
        f"    {line}" if line.strip() else line for line in body.strip("{}").strip("\n").split("\n")
    )
    if not body.startswith("{"):
        inner = f"{margin}        {body};"
    begun = start if start.endswith(";") else f"{start};"
    edits.replace(
        loop,
        f"{{\n{margin}    {begun}\n{margin}    while ({test}) {{\n{inner.rstrip()}\n"
        f"{margin}        {step};\n{margin}    }}\n{margin}}}",
    )
    return edits.apply(), "a while loop"


def index_loops(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """A loop over the elements of a vector as one over its indices."""
    source = parsed.kernel.source
    pattern = re.compile(r"for \(([^;:()]+?)\b(\w+) : (\w+)\) \{")
    found = list(pattern.finditer(source))
    if not found:
        return None
    chosen = rng.choice(found)
    kind, name, data = chosen.groups()
    index = next(i for i in ("k", "pos", "at", "idx", "ii") if not re.search(rf"\b{i}\b", source))
    head = (
        f"for (std::size_t {index} = 0; {index} < {data}.size(); ++{index}) {{\n"
        f"        {kind.strip()} {name} = {data}[{index}];"
    )
    changed = source[: chosen.start()] + head + source[chosen.end() :]
    if "<cstddef>" not in changed:
        changed = f"#include <cstddef>\n{changed}"
    return changed, "an index instead of a range"


def interchange(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """Two loops, one right inside the other, in the other order."""
    nests = []
    for outer in walk(parsed.function):
        inner = _only_loop_in(outer)
        if inner is None:
            continue
        head = set().union(*(variables(part) for part in children(inner)[:3]))
        if not head & _declared(children(outer)[0]):
            nests.append((outer, inner))
    if not nests:
        return None
    outer, inner = rng.choice(nests)
    edits = Edits(parsed.kernel.source)
    for one, other in ((outer, inner), (inner, outer)):
        for mine, theirs in zip(children(one)[:3], children(other)[:3], strict=True):
            edits.replace(mine, edits.text(theirs))
    return edits.apply(), f"loops of line {outer.extent.start.line} in the other order"


def references(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """``T const&`` as ``const T&``."""
    changed = re.sub(
        r"((?:std::)?\w+(?:<[^<>()]*(?:<[^<>()]*>)?[^<>()]*>)?) const&",
        r"const \1&",
        parsed.kernel.source,
    )
    return None if changed == parsed.kernel.source else (changed, "const first")


def parameter_order(parsed: ParsedSource, rng: random.Random) -> tuple[str, str] | None:
    """The kernel's parameters in another order; not where it calls itself."""
    parameters = [c for c in children(parsed.function) if c.kind == Kind.PARM_DECL]
    name = parsed.function.spelling
    if len(parameters) < 2 or len(re.findall(rf"\b{name}\b", parsed.kernel.source)) > 1:
        return None
    shuffled = rng.sample(parameters, len(parameters))
    if shuffled == parameters:
        return None
    edits = Edits(parsed.kernel.source)
    for here, there in zip(parameters, shuffled, strict=True):
        edits.replace(here, edits.text(there))
    return edits.apply(), "parameters in another order"


def _can_be_while(loop: Any) -> bool:
    parts = children(loop)
    return len(parts) == 4 and not any(n.kind == Kind.CONTINUE_STMT for n in walk(loop))


def _only_loop_in(outer: Any) -> Any | None:
    if outer.kind != Kind.FOR_STMT or len(children(outer)) != 4:
        return None
    inside = statements(children(outer)[-1])
    one = inside[0] if len(inside) == 1 else None
    return (
        one if one is not None and one.kind == Kind.FOR_STMT and len(children(one)) == 4 else None
    )


def _declared(start: Any) -> set[str]:
    return {f"{n.spelling}@{n.location.offset}" for n in walk(start) if n.kind == Kind.VAR_DECL}
