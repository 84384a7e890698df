"""The smallest value that a JSON schema allows, for answers that nobody scripted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 20
_PLAIN: dict[str, Any] = {"string": "text", "boolean": False, "null": None}


def example_of(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """A value of ``schema``: objects with all their properties, lists with as few items as allowed.

    Knows what providers allow in strict schemas (objects, arrays, enums, numbers with bounds,
    ``anyOf``, ``$ref`` within the document); patterns and lengths of texts are not looked at.
    """
    return _example(schema, schema if root is None else root, 0)


def _example(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return _example(_referred(root, schema["$ref"]), root, depth + 1)
    for given in ("const", "default"):
        if given in schema:
            return schema[given]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return _example(schema[choice][0], root, depth + 1)
    kind = schema.get("type", "object")
    return _of_type(kind[0] if isinstance(kind, list) else kind, schema, root, depth)


def _of_type(kind: str, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _example(part, root, depth + 1) for name, part in properties.items()}
    if kind == "array":
        item = schema.get("items", {"type": "string"})
        return [_example(item, root, depth + 1) for _ in range(schema.get("minItems", 0))]
    if kind in ("integer", "number"):
        return _number(schema)
    return _PLAIN[kind]


def _number(schema: Mapping[str, Any]) -> Any:
    if "minimum" in schema:
        return schema["minimum"]
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + 1
    return min(0, schema.get("maximum", 0))


def _referred(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    found: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        found = found[name] if name else found
    return found  # type: ignore[no-any-return]
