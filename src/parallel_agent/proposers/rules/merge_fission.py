"""Loop fission of a merge: two sparse lists are added one after the other, not in step.

Loop fission (distribution): K. Kennedy, J. R. Allen, Optimizing Compilers for Modern Architectures,
2.4. A merge of lists in random order mispredicts every second branch.
"""

from __future__ import annotations

from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.effects import effects_of
from parallel_agent.proposers.rules.merge_loops import Merge, merges, stepped_index
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind
from parallel_agent.proposers.rules.values import Values
from parallel_agent.proposers.rules.writing import Rewriter


class MergeFission:
    """A merge that adds each element to a place of its own key becomes one loop for each list.

    The loops that follow the merge, for what is left of each list, then do all of it.
    """

    name = "merge_fission"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``one_list_at_a_time`` where a merge only adds up."""
        try:
            self.rewrite(parsed, Options())
        except NotApplicable:
            return []
        return ["one_list_at_a_time"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The source without its merging loops that only add up."""
        analysis = analyse(parsed)
        rewriter = Rewriter(analysis)
        found = merges(parsed.function, analysis.values)
        done = [merge for merge in found if _splits(merge, analysis.values)]
        if not done:
            raise NotApplicable("no merge of two lists only adds their elements up")
        for merge in done:
            _drop(merge, rewriter)
        lines = ", ".join(str(syntax.line(merge.loop)) for merge in done)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=(
                f"line {lines}: what is added for one list does not depend on the other, and which "
                "key is less cannot be predicted",
            ),
            reasons_against=("elements of equal key are added one after the other",),
        )


def _splits(merge: Merge, values: Values) -> bool:
    """True if the merge adds, at equal keys too, what each list adds alone, and loops finish both.

    Then each element is added once however the lists are merged, whether they are sorted or not.
    """
    if len(merge.lesser) != 1 or len(merge.greater) != 1:
        return False
    alone = [
        _addition(statement, key, values)
        for statement, key in zip((merge.lesser[0], merge.greater[0]), merge.keys, strict=True)
    ]
    together = [_addition(statement, merge.keys, values) for statement in merge.equal]
    if None in alone or None in together or not together:
        return False
    places = {found[0] for found in (*alone, *together) if found is not None}
    added = sorted(term for found in together if found is not None for term in found[1])
    apart = sorted(term for found in alone if found is not None for term in found[1])
    if len(places) != 1 or added != apart or _reads_place(merge, values):
        return False
    return _finished(merge, values)


def _addition(statement: Any, keys: Any, values: Values) -> tuple[str, tuple[str, ...]] | None:
    """The array and the summands of ``array[key] += summands``; None for anything else."""
    node = syntax.strip(statement)
    if syntax.binary_operator(node) != "+=":
        return None
    target, value = syntax.children(node)
    if not syntax.is_arithmetic(target.type):
        return None
    target = syntax.strip(target)
    parts = (
        list(target.get_arguments())
        if target.kind == Kind.CALL_EXPR and target.spelling == "operator[]"
        else syntax.children(target)
    )
    if len(parts) != 2 or not syntax.is_variable(syntax.strip(parts[0])):
        return None
    accepted = keys if isinstance(keys, tuple) else (keys,)
    if _spelled(parts[1], values) not in {_spelled(key, values) for key in accepted}:
        return None
    return _spelled(parts[0], values), tuple(_summands(value, values))


def _summands(node: Any, values: Values) -> list[str]:
    bare = syntax.strip(node)
    if syntax.binary_operator(bare) == "+":
        return [term for part in syntax.children(bare) for term in _summands(part, values)]
    return [_spelled(bare, values)]


def _spelled(node: Any, values: Values) -> str:
    return "".join(values.text(syntax.strip(node, casts=True)).split())


def _reads_place(merge: Merge, values: Values) -> bool:
    """True if the array that is added to is read elsewhere in the loop, or anything else written."""
    accesses = effects_of(merge.loop, values).accesses
    written = {a.path.root for a in accesses if a.kind != "read"}
    written -= {syntax.key(index) for index in merge.indices}
    return len(written) != 1 or any(a.kind == "read" and a.path.root in written for a in accesses)


def _finished(merge: Merge, values: Values) -> bool:
    """True if loops right behind the merge do the same for what is left of each list."""
    statements = syntax.children(merge.block)
    behind = statements[statements.index(merge.loop) + 1 :][:2]
    limits = [_spelled(part, values) for part in syntax.children(_condition(merge.loop))]
    wanted = {
        (limits[0], _spelled(merge.lesser[0], values), syntax.key(merge.indices[0])),
        (limits[1], _spelled(merge.greater[0], values), syntax.key(merge.indices[1])),
    }
    return {_rest(statement, values) for statement in behind} == wanted


def _condition(loop: Any) -> Any:
    return syntax.strip(syntax.children(loop)[0])


def _rest(loop: Any, values: Values) -> tuple[str, str, str | None]:
    """Condition, statement and stepped index of ``while (i < n) { statement; ++i; }``."""
    parts = syntax.children(loop)
    if loop.kind == Kind.WHILE_STMT:
        inside = syntax.statements(parts[1])
        if len(inside) == 2:
            step = stepped_index(inside[1])
            return _spelled(parts[0], values), _spelled(inside[0], values), step
    if loop.kind == Kind.FOR_STMT and len(parts) == 3:
        inside = syntax.statements(parts[2])
        if len(inside) == 1:
            step = stepped_index(parts[1])
            return _spelled(parts[0], values), _spelled(inside[0], values), step
    return "", "", None


def _drop(merge: Merge, rewriter: Rewriter) -> None:
    margin = rewriter.indentation(merge.loop)
    start, end = rewriter.span(merge.loop)
    text = (
        f"{margin}// Each element is added once, in whatever order: no need to merge, and no branch\n"
        f"{margin}// on keys in an order that the processor cannot predict."
    )
    rewriter.edits.replace_range(start, end, text)
