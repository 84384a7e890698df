"""Pointers that move on by one element an iteration, as in ``*out++ = *in++``, become subscripts.

A pointer that moves carries its place from one iteration to the next. Left where it starts, with the
iteration's number as subscript, it stands for an array that the analysis knows.
"""

from __future__ import annotations

import re
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import Analysis, analyse
from parallel_agent.proposers.rules.blocks import JUMPS, Blocks, leaves_early, set_by, uses
from parallel_agent.proposers.rules.headers import Header
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.walkers import POINTED, Walk, Walker, own_statement, walk_of
from parallel_agent.proposers.rules.writing import Rewriter

_WIDE = ("long", "unsigned long", "long long", "unsigned long long")


def with_subscripts(parsed: ParsedSource) -> tuple[str, list[int]]:
    """The source with subscripts for moving pointers, and the lines of the loops that they moved in.

    Of loops inside each other only the innermost are rewritten: what is written can be given in again.
    """
    analysis = analyse(parsed)
    if any(node.kind in JUMPS for node in parsed.function.walk_preorder()):
        return parsed.kernel.source, []
    rewriter, blocks = Rewriter(analysis), Blocks(parsed.function)
    done: list[Any] = []
    for report in reversed(list(analysis.all_loops())):
        cursor = report.loop.cursor
        if any(syntax.contains(cursor, other) for other in done):
            continue
        walk = walk_of(report, analysis, blocks, rewriter)
        if walk is not None and _write(walk, analysis, blocks, rewriter):
            done.append(cursor)
    return rewriter.apply(), sorted(syntax.line(cursor) for cursor in done)


def _write(walk: Walk, analysis: Analysis, blocks: Blocks, rewriter: Rewriter) -> bool:
    """Write a loop with subscripts; False, and nothing written, where the pointers are needed later."""
    header = walk.header
    bases: dict[str, str] = {}
    above: list[str] = []
    for walker in walk.walkers:
        name = syntax.key(walker.variable)
        first = walk.first is not None and syntax.key(walk.first) == name
        base = _base(walker.variable, header if first else None, blocks, analysis, rewriter)
        declared_here = header.start is not None and syntax.contains(header.loop, walker.variable)
        if base is None or not (declared_here or blocks.dead_after(header.loop, name)):
            return False
        bases[name], line = base
        above += [line] if line else []
    if walk.index is not None:
        index, wide = walk.index.spelling, syntax.bare_type(walk.index.type) in _WIDE
    else:
        index, wide = _new_header(walk, bases, above, analysis, rewriter)
    for walker in walk.walkers:
        _subscripts(walker, bases[syntax.key(walker.variable)], index, wide, header, rewriter)
    return True


def _in_block(header: Header, blocks: Blocks) -> bool:
    parent = blocks.parent(header.loop)
    return parent is not None and parent.kind == Kind.COMPOUND_STMT


def _base(
    variable: Any, header: Header | None, blocks: Blocks, analysis: Analysis, rewriter: Rewriter
) -> tuple[str, str] | None:
    """What stands for a walker's first place, and the line above the loop that sets it, if any."""
    if header is None or header.start is None:
        return variable.spelling, ""
    start = _set_in_header(header, variable)
    if start is None:
        return None
    origin = syntax.strip(start)
    hidden = [n for n in header.body.walk_preorder() if n.kind == Kind.VAR_DECL]
    if (
        syntax.is_variable(origin)
        and not analysis.values.assigned(origin.referenced)
        and all(n.spelling != origin.spelling for n in hidden)
    ):
        return origin.spelling, ""
    namesakes = [
        n
        for n in blocks.function.walk_preorder()
        if n.kind == Kind.VAR_DECL and n.spelling == variable.spelling
    ]
    if len(namesakes) > 1 or not _in_block(header, blocks):
        return None
    return variable.spelling, f"{rewriter.text(header.start).rstrip().rstrip(';')};"


def _set_in_header(header: Header, variable: Any) -> Any | None:
    """The first value that a for loop's header gives a pointer."""
    found = set_by(header.start)
    if found is not None and syntax.key(found[0]) == syntax.key(variable):
        return found[1]
    declared = syntax.children(header.start)
    if header.start.kind == Kind.DECL_STMT and declared == [variable]:
        return syntax.initializer(variable)
    return None


def _new_header(
    walk: Walk, bases: dict[str, str], above: list[str], analysis: Analysis, rewriter: Rewriter
) -> tuple[str, bool]:
    """Count the iterations; the variable that does, and whether it is as wide as a pointer."""
    header = walk.header
    base = bases[syntax.key(walk.first)]
    index = rewriter.free_name("i", "k", "at", "place")
    length = _length(walk, base, analysis, rewriter)
    if length is None:
        rewriter.include("cstddef")
        bound = rewriter.text(walk.bound)
        plain = syntax.strip(walk.bound).kind == Kind.DECL_REF_EXPR
        length = "std::ptrdiff_t", f"{bound if plain else f'({bound})'} - {base}"
    type_, count = length
    relation = "!=" if walk.unequal and leaves_early(header.body) else "<"
    header.replace(
        f"for ({type_} {index} = 0; {index} {relation} {count}; ++{index})", rewriter.edits
    )
    start = header.loop.extent.start.offset
    margin = rewriter.indentation(header.loop)
    for line in above:
        rewriter.edits.replace_range(start, start, f"{line}\n{margin}")
    return index, type_ in ("std::ptrdiff_t", "std::size_t", *_WIDE)


def _length(
    walk: Walk, base: str, analysis: Analysis, rewriter: Rewriter
) -> tuple[str, str] | None:
    """Type and text of ``n`` where the pointer starts at ``x`` and the loop ends at ``x + n``."""
    values = analysis.values
    bound = syntax.strip(walk.bound)
    while syntax.is_variable(bound) and not values.assigned(bound.referenced):
        value = syntax.initializer(bound.referenced)
        if bound.referenced.kind != Kind.VAR_DECL or value is None:
            return None
        bound = syntax.strip(value)
    if syntax.binary_operator(bound) != "+":
        return None
    origin, length = (syntax.strip(part) for part in syntax.children(bound))
    start = _origin(walk, values)
    if not syntax.is_variable(origin) or start is None or syntax.key(origin.referenced) != start:
        return None
    named = [n for n in syntax.walk(length) if syntax.is_variable(n)]
    plain = all(node.kind in POINTED for node in syntax.walk(length))
    if not plain or not syntax.is_integer(length.type):
        return None
    if any(values.assigned(n.referenced) or syntax.is_reference(n.referenced.type) for n in named):
        return None
    if any(syntax.unary_operator(n) in ("*", "++", "--") for n in syntax.walk(length)):
        return None
    type_ = syntax.bare_type(length.type)
    if syntax.is_variable(length) and length.referenced.kind == Kind.PARM_DECL:
        spelled = re.sub(r"\bconst\b", "", rewriter.spelled_type(length.referenced)).strip()
        type_ = spelled if re.fullmatch(r"[\w: ]+", spelled) else type_
    return type_, rewriter.text(length)


def _origin(walk: Walk, values: Any) -> str | None:
    """The key of the array or pointer whose first element the walker starts at."""
    variable = walk.first
    if walk.header.start is not None:
        start = syntax.strip(_set_in_header(walk.header, variable))
    elif values.written_times(variable) != 1:
        return None
    elif variable.kind == Kind.PARM_DECL:
        return syntax.key(variable) if not _repeated(walk, values) else None
    else:
        value = syntax.initializer(variable)
        start = syntax.strip(value) if value is not None else None
        if _repeated(walk, values):
            return None
    if start is None or not syntax.is_variable(start) or values.assigned(start.referenced):
        return None
    return syntax.key(start.referenced)


def _repeated(walk: Walk, values: Any) -> bool:
    """True if the loop may be entered more than once in the life of its pointer."""
    around = [
        node
        for node in values.function.walk_preorder()
        if node.kind in syntax.LOOP_KINDS
        and node != walk.header.loop
        and syntax.contains(node, walk.header.loop)
    ]
    return any(not syntax.within(node, walk.first) for node in around)


def _subscripts(
    walker: Walker, base: str, index: str, wide: bool, header: Header, rewriter: Rewriter
) -> None:
    """Replace the uses of a walker in a loop's body."""
    edits = rewriter.edits
    for use in uses(header.body, syntax.key(walker.variable)):
        if use.node == walker.use.node and walker.statement is not None:
            if own_statement(use, walker.statement):
                edits.remove_statement(walker.statement)
                continue
            around, place = use.bare()[1:], index
            node = use.bare()[0]
        else:
            passed = walker.statement is not None and (
                use.node.extent.start.offset > walker.use.node.extent.start.offset
            )
            around, place = use.bare(), f"{index} + 1" if passed else index
            node = use.node
        _one(node, around, f"{base}[{place}]", f"({base} + {place})", wide, rewriter)


def _one(
    node: Any, around: list[Any], element: str, moved: str, wide: bool, rewriter: Rewriter
) -> None:
    """Replace ``*p``, ``p->`` and ``p[k]`` by subscripts, any other use by a sum."""
    edits, outer = rewriter.edits, around[0] if around else None
    end = node.extent.end.offset
    if outer is not None and syntax.unary_operator(outer) == "*":
        edits.replace(outer, element)
    elif outer is not None and outer.kind == Kind.ARRAY_SUBSCRIPT_EXPR and wide:
        base, subscript = syntax.children(outer)
        if syntax.strip(base) != syntax.strip(node):
            edits.replace(node, moved)
            return
        simple = syntax.strip(subscript).kind in (Kind.INTEGER_LITERAL, Kind.DECL_REF_EXPR)
        left, right = ("", "") if simple else ("(", ")")
        text = f"{element[:-1]} + {left}"
        edits.replace_range(base.extent.start.offset, subscript.extent.start.offset, text)
        if right:
            stop = subscript.extent.end.offset
            edits.replace_range(stop, stop, right)
    elif outer is not None and outer.kind == Kind.MEMBER_REF_EXPR and _arrow(outer, end, edits):
        edits.replace_range(node.extent.start.offset, end + 2, f"{element}.")
    else:
        edits.replace(node, moved)


def _arrow(member: Any, end: int, edits: Any) -> bool:
    return bool(edits.between(end, member.extent.end.offset).startswith("->"))
