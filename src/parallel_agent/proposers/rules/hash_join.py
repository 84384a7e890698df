"""Hash joins in place of nested loops that look for equal keys.

D. E. Knuth, The Art of Computer Programming 3, 6.4 (hashing) and 5.2 (distribution counting).
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.rules import syntax
from parallel_agent.proposers.rules.analysis import analyse
from parallel_agent.proposers.rules.joins import Join, Term, joins
from parallel_agent.proposers.rules.strategy import NotApplicable, Options, Proposal
from parallel_agent.proposers.rules.syntax import Kind, TypeKind
from parallel_agent.proposers.rules.writing import Rewriter

_SMALL = 32
"""Elements of at most this many bytes are cheaper to copy next to each other than to look up."""
_SIZED = re.compile(r"^std::(__cxx11::|__debug::)?(vector|array|basic_string|deque|span)<")


class HashJoin:
    """The inner sequence is grouped once by the low bits of its key, in its own order.

    For each outer element only the group that its key falls into is visited, and the original
    test stays: so the same elements act in the same order, whatever the keys are.
    """

    name = "hash_join"

    def variants(self, parsed: ParsedSource) -> list[str]:
        """``buckets`` where a nest joins two sequences by an integer key."""
        try:
            self.rewrite(parsed, Options())
        except NotApplicable:
            return []
        return ["buckets"]

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The first join of the kernel by groups."""
        analysis = analyse(parsed)
        join = next(joins(analysis), None)
        if join is None:
            raise NotApplicable("no loop looks for equal keys")
        rewriter = Rewriter(analysis)
        _Writer(join, rewriter).write()
        for header in ("cstddef", "vector"):
            if "bits/stdc++.h" not in parsed.kernel.source:
                rewriter.include(header)
        key = " and ".join(rewriter.text(term) for _, term in join.inner_key)
        return Proposal(
            source=rewriter.apply(),
            reasons_for=(
                f"{join.inner.loop.name} acts only where {key} fits the outer element: grouped "
                "by it once, the others need not be looked at",
            ),
            reasons_against=("grouping takes memory and time, which few elements do not repay",),
        )


class _Writer:
    def __init__(self, join: Join, rewriter: Rewriter) -> None:
        self.join = join
        self.rewriter = rewriter
        self.loop = join.inner.loop
        self.first = rewriter.free_name("first", "bucket_first")
        self.mask = rewriter.free_name("mask", "bucket_mask")
        self.bucket = rewriter.free_name("bucket", "key_bucket")
        self.place = rewriter.free_name("p", "place")
        self.ranged = self.loop.cursor.kind == Kind.CXX_FOR_RANGE_STMT
        self.copied = self.ranged and self._copies()
        self.grouped = (
            rewriter.free_name("grouped", "grouped_elements")
            if self.copied
            else rewriter.free_name("positions", "grouped_positions")
        )
        container = syntax.children(self.loop.cursor)[-2] if self.ranged else None
        if container is not None and not _SIZED.match(syntax.bare_type(container.type)):
            raise NotApplicable(f"{self.loop.name} does not run over a container of known size")
        self.container = rewriter.text(container) if container is not None else ""
        self.variable = str(self.loop.declaration.spelling)

    def write(self) -> None:
        """Group in front of the outer loop, and visit one group in the inner loop's place."""
        rewriter, join = self.rewriter, self.join
        rewriter.insert_above(join.outer, join.outer.loop.cursor, *self._grouping())
        lines = self._visiting()
        outer = join.outer.loop
        if outer.body.kind == Kind.COMPOUND_STMT:
            rewriter.replace_loop(join.inner, lines)
            return
        margin = rewriter.indentation(outer.cursor)
        text = textwrap.indent("\n".join(rewriter.indented(lines)), margin)
        start = outer.cursor.extent.start.offset
        head = rewriter.between(start, self.loop.cursor.extent.start.offset).rstrip().encode()
        end = rewriter.span(self.loop.cursor)[1]
        rewriter.edits.replace_range(start + len(head), end, f" {{\n{text}\n{margin}}}")

    def _copies(self) -> bool:
        declared = self.loop.declaration.type.get_canonical()
        element = declared.get_pointee() if syntax.is_reference(declared) else declared
        small = element.is_pod() and 0 < element.get_size() <= _SMALL
        named = "(unnamed" not in element.spelling and "(anonymous" not in element.spelling
        plain = element.kind == TypeKind.RECORD or syntax.is_arithmetic(element)
        return bool(small and named and plain)

    def _grouping(self) -> list[str]:
        unit, first, key = self.rewriter.unit, self.first, self._key(self.join.inner_key)
        step = f"for (std::size_t b = 0; b + 1 < {first}.size(); ++b) {{"
        index = self.rewriter.free_name("b", "bucket_index")
        step = step.replace("b ", f"{index} ").replace("++b", f"++{index}")
        note, holder, what = self._holder()
        source = self.variable if self.copied or not self.ranged else "i"
        if self.ranged and not self.copied:
            source = self.rewriter.free_name("i", "position")
        header = self._pass_header(source)
        local = [f"{unit}{line}" for line in self._pass_declarations(source)]
        return [
            *note,
            holder,
            f"std::size_t {self.mask} = 1;",
            f"while ({self.mask} < {self.grouped}.size()) {{",
            f"{unit}{self.mask} *= 2;",
            "}",
            f"std::vector<std::size_t> {first}({self.mask} + 2);",
            f"--{self.mask};",
            header,
            *local,
            f"{unit}++{first}[({key}) + 2];",
            "}",
            step,
            f"{unit}{first}[{index} + 1] += {first}[{index}];",
            "}",
            header,
            *local,
            f"{unit}{self.grouped}[{first}[({key}) + 1]++] = {what or source};",
            "}",
        ]

    def _holder(self) -> tuple[list[str], str, str]:
        names = " + ".join(self.rewriter.text(term) for _, term in self.join.inner_key)
        if self.copied:
            declared = self.loop.declaration.type.get_canonical()
            element = declared.get_pointee() if syntax.is_reference(declared) else declared
            spelling = str(element.spelling).removeprefix("const ")
            note = [
                f"// The elements of {self.container} grouped by the low bits of {names}, each "
                "group in its",
                f"// old order: group b is {self.first}[b] up to {self.first}[b + 1].",
            ]
            return note, f"std::vector<{spelling}> {self.grouped}({self.container}.size());", ""
        note = [
            f"// The positions grouped by the low bits of {names}, each group in ascending order:",
            f"// group b is {self.first}[b] up to {self.first}[b + 1].",
        ]
        if self.ranged:
            holder = f"std::vector<std::size_t> {self.grouped}({self.container}.size());"
            return note, holder, ""
        type_ = self._index_type()
        start, end = self._limits()
        count = end if start == "0" else f"{end} - ({start})"
        if not type_.startswith(("std::size_t", "size_t", "unsigned")):
            count = f"{end} > {start} ? {count} : 0"
        elif start != "0":
            count = f"{end} > ({start}) ? {count} : 0"
        return note, f"std::vector<{type_}> {self.grouped}({count});", ""

    def _index_type(self) -> str:
        return str(self.loop.declaration.type.spelling).removeprefix("const ")

    def _limits(self) -> tuple[str, str]:
        """Texts of the first position and the one behind the last."""
        condition = syntax.strip(syntax.children(self.loop.cursor)[1])
        if syntax.binary_operator(condition) not in ("<", "!="):
            raise NotApplicable(f"{self.loop.name}: its bound is not tested with <")
        start, end = (self.rewriter.text(part) for part in self.loop.header)
        if self.join.triangular:
            start = self.rewriter.text(self.join.outer.loop.header[0])
        return start, end

    def _pass_header(self, position: str) -> str:
        if not self.ranged:
            start, end = self._limits()
            type_ = self._index_type()
            return f"for ({type_} {position} = {start}; {position} < {end}; ++{position}) {{"
        if self.copied:
            return f"for ({self._range_declaration()} : {self.container}) {{"
        size = f"{self.container}.size()"
        return f"for (std::size_t {position} = 0; {position} < {size}; ++{position}) {{"

    def _pass_declarations(self, position: str) -> list[str]:
        named = {name for _, term in self.join.inner_key for name in syntax.variables(term)}
        lines = []
        if self.ranged and not self.copied:
            lines.append(f"{self._range_declaration()} = {self.container}[{position}];")
        for declaration in reversed(self.join.declarations):
            if syntax.key(declaration) in named:
                named |= syntax.variables(declaration)
        wanted = [d for d in self.join.declarations if syntax.key(d) in named]
        return [*lines, *(f"{self.rewriter.text(d)};" for d in wanted)]

    def _range_declaration(self) -> str:
        parts = syntax.children(self.loop.cursor)
        text = self.rewriter.between(
            self.loop.cursor.extent.start.offset, parts[-2].extent.start.offset
        )
        declared = text.partition("(")[2].rpartition(":")[0].strip()
        if not declared or ";" in declared:
            raise NotApplicable(f"{self.loop.name} declares more than its element")
        return declared

    def _key(self, terms: tuple[Term, ...]) -> str:
        """A key's low bits; its terms are converted first, so that nothing overflows."""
        text = ""
        for sign, term in sorted(terms, key=lambda signed: signed[0] < 0):
            converted = self._converted(term)
            if text:
                text += f" {'+' if sign > 0 else '-'} {converted}"
            else:
                text = converted if sign > 0 else f"0 - {converted}"
        return (
            f"({text}) & {self.mask}"
            if len(terms) > 1 or text[0] == "0"
            else (f"{text} & {self.mask}")
        )

    def _converted(self, term: Any) -> str:
        text = self.rewriter.text(term)
        if term.type.get_canonical().spelling.removeprefix("const ") == "unsigned long":
            simple = syntax.binary_operator(term) == "" and term.kind != Kind.CONDITIONAL_OPERATOR
            return text if simple else f"({text})"
        return f"static_cast<std::size_t>({text})"

    def _visiting(self) -> list[str]:
        first, bucket, place, unit = self.first, self.bucket, self.place, self.rewriter.unit
        element = f"{self.grouped}[{place}]"
        if self.copied:
            opening = [f"{self._range_declaration()} = {element};"]
        elif self.ranged:
            opening = [f"{self._range_declaration()} = {self.container}[{element}];"]
        else:
            opening = [f"const {self._index_type()} {self.variable} = {element};"]
        if self.join.triangular:
            start = self.rewriter.text(self.loop.header[0])
            opening += [f"if ({self.variable} < {start}) {{", f"{unit}continue;", "}"]
        loop = f"for (std::size_t {place} = {first}[{bucket}]; "
        loop += f"{place} < {first}[{bucket} + 1]; ++{place}) {{"
        return [
            f"const std::size_t {bucket} = {self._key(self.join.outer_key)};",
            loop,
            *self.rewriter.indented(opening),
            *self._body(),
            "}",
        ]

    def _body(self) -> list[str]:
        """The inner body's lines, indented as the body of a loop at the margin."""
        body = self.loop.body
        block = body.kind == Kind.COMPOUND_STMT
        statements = syntax.children(body) if block else [body]
        if not statements:
            return []
        start = self.rewriter.span(statements[0])[0]
        end = self.rewriter.span(statements[-1])[1]
        text = textwrap.dedent(self.rewriter.between(start, end))
        return textwrap.indent(text, self.rewriter.unit).split("\n")
