"""Other names for everything that a kernel's file declares, in its contract too."""

from __future__ import annotations

import random
import re
from typing import Any

from clang import cindex

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.training.data.grammar import words

_KINDS = cindex.CursorKind
_TYPES = (
    "Item",
    "Entry",
    "Cell",
    "Unit",
    "Spot",
    "Piece",
    "Mark",
    "Token",
    "Shape",
    "Member",
    "Part",
)
_NUMBERS = tuple(f"k{noun}" for noun in words.NOUNS)
_FIELDS = (
    "east",
    "north",
    "height",
    "amount",
    "grade",
    "stamp",
    "place",
    "weight",
    "tag",
    "share",
    "rank",
)
_SHORT = tuple("abcdefghijklmnopqrstuvwxyz")
_OTHERS = tuple(
    dict.fromkeys((*words.ARRAYS, *words.RESULTS, *words.SCALARS, *words.SUMS, *words.GRIDS))
)


def renaming(parsed: ParsedSource, rng: random.Random) -> dict[str, str]:
    """A new name for each of the file's own, all different, and none that the file has already."""
    taken = set(re.findall(r"[A-Za-z_]\w*", parsed.kernel.source))
    fresh: dict[str, str] = {}
    for name, kind in _declared(parsed).items():
        free = [n for n in _pool(name, kind) if n not in taken] or [f"{name}_{len(taken)}"]
        fresh[name] = rng.choice(free)
        taken.add(fresh[name])
    return fresh


def renamed(parsed: ParsedSource, fresh: dict[str, str]) -> str:
    """The source with the new names. What stands behind ``.`` is changed only where it is a field."""
    fields = {name for name, kind in _declared(parsed).items() if kind == _KINDS.FIELD_DECL}
    pattern = re.compile(
        r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#.*$|(::|\.|->)?\s*\b([A-Za-z_]\w*)',
        re.MULTILINE,
    )

    def one(found: re.Match[str]) -> str:
        before, name = found[1], found[2]
        if name not in fresh or before == "::" or (before in (".", "->") and name not in fields):
            return found[0]
        if found.string[: found.start()].rstrip().endswith("::"):
            return found[0]
        return found[0][: -len(name)] + fresh[name]

    return pattern.sub(one, parsed.kernel.source)


def contract_renamed(plain: dict[str, Any], fresh: dict[str, str]) -> dict[str, Any]:
    """A contract, as plain data, for the source with the new names; sizes keep theirs."""
    given = dict(plain)
    given["kernel"] = fresh.get(plain["kernel"], plain["kernel"])
    if "parameters" in plain:
        given["parameters"] = _parameters(plain["parameters"], fresh)
    if "variants" in plain:
        given["variants"] = [_parameters(variant, fresh) for variant in plain["variants"]]
    if "comparison" in plain:
        comparison = dict(plain["comparison"])
        for key in ("any_order",):
            if key in comparison:
                comparison[key] = [fresh.get(name, name) for name in comparison[key]]
        if "ties" in comparison:
            comparison["ties"] = {
                fresh.get(name, name): [fresh.get(field, field) for field in fields]
                for name, fields in comparison["ties"].items()
            }
        if "results" in comparison:
            comparison["results"] = {fresh.get(n, n): r for n, r in comparison["results"].items()}
        given["comparison"] = comparison
    return given


def _parameters(given: dict[str, Any], fresh: dict[str, str]) -> dict[str, Any]:
    found = {}
    for name, rules in given.items():
        changed = dict(rules)
        if "values" in changed:
            changed["values"] = _values(changed["values"], fresh)
        if "fields" in changed:
            changed["fields"] = {
                fresh.get(f, f): _values(v, fresh) for f, v in changed["fields"].items()
            }
        found[fresh.get(name, name)] = changed
    return found


def _values(values: dict[str, Any], fresh: dict[str, str]) -> dict[str, Any]:
    if values.get("hits"):
        parts = [fresh.get(part, part) for part in str(values["hits"]).split(".")]
        return {**values, "hits": ".".join(parts)}
    return values


def _declared(parsed: ParsedSource) -> dict[str, Any]:
    """Everything that the file declares, by name, with the kind of its declaration."""
    file, found = parsed.function.location.file.name, dict[str, Any]()
    kinds = (
        _KINDS.VAR_DECL, _KINDS.PARM_DECL, _KINDS.FUNCTION_DECL, _KINDS.FIELD_DECL,
        _KINDS.STRUCT_DECL, _KINDS.TYPE_ALIAS_DECL,
    )  # fmt: skip

    def visit(node: Any) -> None:
        for child in node.get_children():
            if node.kind == _KINDS.TRANSLATION_UNIT:
                place = child.location.file
                if place is None or place.name != file:
                    continue
            if child.kind in kinds and child.spelling.isidentifier():
                found.setdefault(child.spelling, child.kind)
            visit(child)

    visit(parsed.unit.cursor)
    return found


def _pool(name: str, kind: Any) -> tuple[str, ...]:
    if kind == _KINDS.FUNCTION_DECL:
        return tuple(f"{verb}{noun}" for verb in words.VERBS for noun in words.NOUNS)
    if kind in (_KINDS.STRUCT_DECL, _KINDS.TYPE_ALIAS_DECL):
        return _TYPES
    if kind == _KINDS.FIELD_DECL:
        return _FIELDS
    if re.fullmatch(r"k[A-Z]\w*", name):
        return _NUMBERS
    return _SHORT if len(name) == 1 else _OTHERS
