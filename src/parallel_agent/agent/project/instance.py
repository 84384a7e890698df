"""One instance of a template as a function of its own: an explicit specialization behind the template.

It can be called, checked and rewritten like any function, and what comes of it is put into the file,
where all other instances stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from clang import cindex

from parallel_agent.agent.project.flattening import HEADERS, Line, text_of
from parallel_agent.agent.project.spec import ProjectError
from parallel_agent.kernel.declared import qualified_name
from parallel_agent.kernel.parsing import FILE_NAME, translation_unit

CursorKind = cindex.CursorKind
_NAMED = re.compile(r"(?P<name>[\w:~]+)\s*<(?P<arguments>.*)>\s*", re.DOTALL)
_TYPE, _NUMBER = CursorKind.TEMPLATE_TYPE_PARAMETER, CursorKind.TEMPLATE_NON_TYPE_PARAMETER
_PARAMETERS = (_TYPE, _NUMBER, CursorKind.TEMPLATE_TEMPLATE_PARAMETER)


class Instance(NamedTuple):
    """A template's name, and what it is instantiated with."""

    name: str
    arguments: tuple[str, ...]


def instance_named(kernel: str | None) -> Instance | None:
    """The instance that ``--kernel`` names, as in ``sea::blend<float, 4>``; None for a plain name."""
    found = _NAMED.fullmatch(kernel or "")
    return found and Instance(found["name"], tuple(_split(found["arguments"])))


def specialized(lines: Sequence[Line], instance: Instance) -> list[Line]:
    """The lines with the instance as a specialization behind its template.

    Raises ProjectError where there is no such template, or it cannot be written as one.
    """
    text = text_of(lines)
    template = _template(translation_unit(text).cursor, instance)
    written = _written(template, text, instance, lines[template.extent.start.line - 1].file)
    last = template.extent.end.line
    if lines[last - 1].text.encode()[template.extent.end.column - 1 :].strip():
        raise ProjectError(
            f"something follows the template {instance.name} in its last line",
            "Put it into a line of its own",
        )
    made = [Line(line, lines[last - 1].file, None) for line in ("", *written.split("\n"))]
    return [*lines[:last], *made, *lines[last:]]


def _template(cursor: Any, instance: Instance) -> Any:
    found = [
        node
        for node in cursor.walk_preorder()
        if node.kind == CursorKind.FUNCTION_TEMPLATE
        and node.location.file is not None
        and node.location.file.name == FILE_NAME
        and node.is_definition()
        and instance.name in (node.spelling, qualified_name(node))
    ]
    if len(found) != 1:
        several = (
            f"{len(found)} templates of functions are" if found else "no template of a function is"
        )
        raise ProjectError(
            f"{several} named '{instance.name}'",
            "Name one with its namespace; methods of classes cannot be instantiated by themselves",
        )
    return found[0]


def _written(template: Any, text: str, instance: Instance, file: str) -> str:
    parameters = [node for node in template.get_children() if node.kind in _PARAMETERS]
    if len(parameters) != len(instance.arguments) or any(
        node.kind not in (_TYPE, _NUMBER) for node in parameters
    ):
        shown = ", ".join(node.spelling for node in parameters)
        raise ProjectError(
            f"'{instance.name}' is a template of <{shown}>, not of <{', '.join(instance.arguments)}>",
            "Give a type or a number for each of its parameters",
        )
    source = text.encode()
    body = [n for n in template.get_children() if n.kind == CursorKind.COMPOUND_STMT][-1]
    tokens = list(template.get_tokens())
    start = _behind_parameters(tokens)
    head = source[start : body.extent.start.offset].decode().rstrip()
    inside = source[body.extent.start.offset + 1 : body.extent.end.offset].decode()
    meant = dict(zip((node.spelling for node in parameters), instance.arguments, strict=True))
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, meant))})\b")
    head = pattern.sub(lambda name: meant[name[1]], head)
    name = template.spelling
    arguments = ", ".join(instance.arguments)
    head = re.sub(rf"\b{re.escape(name)}(\s*\()", rf"{name}<{arguments}>\1", head, count=1)
    inline = "inline " if file.endswith(HEADERS) and not re.search(r"\binline\b", head) else ""
    names = [
        f"    using {node.spelling} = {meant[node.spelling]};"
        if node.kind == _TYPE
        else f"    constexpr {node.type.spelling} {node.spelling} = {meant[node.spelling]};"
        for node in parameters
        if re.search(rf"\b{re.escape(node.spelling)}\b", inside)
    ]
    return "\n".join(["template <>", f"{inline}{head} {{", *names]) + inside.rstrip()


def _behind_parameters(tokens: Sequence[Any]) -> int:
    """Where the declaration begins behind ``template <...>``."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += token.spelling.count("<") - token.spelling.count(">")
        if at > 0 and depth == 0:
            return int(tokens[at + 1].extent.start.offset)
    raise ValueError("not a template")


def _split(arguments: str) -> list[str]:
    """At the commas that stand in no brackets."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(arguments):
        depth += (character in "<([{") - (character in ">)]}")
        if character == "," and depth == 0:
            parts.append(arguments[begin:at].strip())
            begin = at + 1
    return [*parts, arguments[begin:].strip()]
