"""A kernel while it is drawn: its parameters, the style it is written in, and its contract."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import tomlkit

from parallel_agent.training.data.grammar import words

Domain = dict[str, object]
REALS: Domain = {"kind": "uniform", "low": -2.0, "high": 2.0}
POSITIVE: Domain = {"kind": "uniform", "low": 0.1, "high": 4.0}


def whole(low: int | str, high: int | str, **more: object) -> Domain:
    """Whole numbers from low to high, both included."""
    return {"kind": "integers", "low": low, "high": high, **more}


@dataclass(frozen=True)
class Style:
    """How a kernel is written, whatever it computes."""

    pointers: bool
    loop: str
    index: str
    east: bool
    indent: str
    allman: bool
    step: str
    comment: bool


@dataclass
class Sketch:
    """What a family's template writes into; `Drawn` is made of it."""

    rng: random.Random
    real: str
    style: Style
    taken: set[str] = field(default_factory=set)
    parameters: list[str] = field(default_factory=list)
    dimensions: dict[str, dict[str, object]] = field(default_factory=dict)
    given: dict[str, dict[str, object]] = field(default_factory=dict)
    headers: set[str] = field(default_factory=set)
    above: list[str] = field(default_factory=list)
    says: str = ""
    notes: list[str] = field(default_factory=list)
    _holders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, rng: random.Random) -> Sketch:
        """An empty kernel in a style of its own."""
        style = Style(
            pointers=rng.random() < 0.35,
            loop=rng.choice(("for", "for", "for", "for", "while")),
            index=rng.choice(("int", "int", "std::size_t", "long", "unsigned")),
            east=rng.random() < 0.5,
            indent=rng.choice(("    ", "    ", "  ", "\t")),
            allman=rng.random() < 0.25,
            step=rng.choice(("++{}", "{}++", "{} += 1")),
            comment=rng.random() < 0.5,
        )
        sketch = cls(rng, rng.choice(("double", "float")), style)
        sketch.notes.append("pointers" if style.pointers else "vectors")
        sketch.notes += [f"{style.loop} loops", f"{style.index} index", sketch.real]
        return sketch

    def fresh(self, pool: Sequence[str]) -> str:
        """A name of the pool that this kernel does not have yet."""
        free = [name for name in pool if name not in self.taken]
        name = self.rng.choice(free) if free else f"{pool[0]}{len(self.taken)}"
        self.taken.add(name)
        return name

    def indices(self) -> tuple[str, str, str]:
        """Three names for nested loops."""
        triples = [t for t in words.INDICES if not self.taken & set(t)]
        found = self.rng.choice(triples or [("i1", "j1", "k1")])
        self.taken.update(found)
        return found

    def chance(self, share: float) -> bool:
        """True in that share of all drawings."""
        return self.rng.random() < share

    def literal(self, low: float, high: float, digits: int = 2) -> str:
        """A floating-point literal of the kernel's type, between two numbers."""
        return self.number(round(self.rng.uniform(low, high), digits))

    def number(self, value: float) -> str:
        """A number as a literal of the kernel's type."""
        return f"{value!r}f" if self.real == "float" else repr(float(value))

    def size(self, name: str, minimum: int = 0, *, power_of_two: bool = False) -> None:
        """A dimension of the contract."""
        rules: dict[str, object] = {"minimum": minimum} if minimum else {}
        if power_of_two:
            rules["power_of_two"] = True
        self.dimensions[name] = rules

    def extent(self, dimension: str, pool: Sequence[str] = words.COUNTS) -> str:
        """A parameter that holds a dimension; the same one every time it is asked for."""
        if dimension not in self._holders:
            name = self.fresh((dimension, *pool))
            self.parameters.append(f"{self.style.index} {name}")
            self.given[name] = {"equals": dimension}
            self._holders[dimension] = name
        return self._holders[dimension]

    def array(
        self,
        pool: Sequence[str],
        length: str,
        domain: Domain | None = None,
        *,
        type_: str = "",
        written: bool = False,
    ) -> str:
        """An array parameter, a vector or a pointer by the kernel's style."""
        name, element = self.fresh(pool), type_ or self.real
        self._declare(name, element, written=written)
        self.given[name] = {"length": length}
        if domain is not None:
            self.given[name]["values"] = domain
        return name

    def structs(
        self,
        pool: Sequence[str],
        length: str,
        struct: str,
        fields: dict[str, Domain],
        *,
        written: bool,
    ) -> str:
        """An array parameter of structs, with a domain for each member."""
        name = self.fresh(pool)
        self._declare(name, struct, written=written)
        self.given[name] = {"length": length, "fields": fields}
        return name

    def length(self, array: str, dimension: str) -> str:
        """How long an array is: what a vector says, or the parameter that says it for pointers."""
        if self.style.pointers:
            return self.extent(dimension)
        return f"{array}.size()"

    def scalar(self, low: float, high: float) -> str:
        """A floating-point parameter drawn between two numbers."""
        name = self.fresh(words.SCALARS)
        self.parameters.append(f"{self.real} {name}")
        self.given[name] = {"values": {"kind": "uniform", "low": low, "high": high}}
        return name

    def integer(self, pool: Sequence[str], low: int, high: int) -> str:
        """A whole-number parameter drawn between two numbers."""
        name = self.fresh(pool)
        self.parameters.append(f"int {name}")
        self.given[name] = {"values": whole(low, high)}
        return name

    def count_type(self, dimension_is_vector: bool = True) -> str:
        """The type of an index that is held against the length of a vector or a parameter."""
        if dimension_is_vector and not self.style.pointers:
            return "std::size_t"
        return self.style.index

    def loop(
        self, index: str, start: str, stop: str, body: Iterable[str], type_: str = "", by: str = ""
    ) -> list[str]:
        """A counting loop in the kernel's style, around lines."""
        kind = type_ or self.style.index
        step = f"{index} += {by}" if by else self.style.step.format(index)
        lines = [f"    {line}" for line in body]
        if self.style.loop == "while" and not any("continue;" in line for line in lines):
            return [
                f"{kind} {index} = {start};", f"while ({index} < {stop}) {{", *lines,
                f"    {step};", "}",
            ]  # fmt: skip
        return [f"for ({kind} {index} = {start}; {index} < {stop}; {step}) {{", *lines, "}"]

    def text(self, name: str, returns: str, body: Iterable[str]) -> str:
        """The whole file."""
        head = f"{returns} {name}({', '.join(self.parameters)}) {{"
        code = "\n".join([head, *(f"    {line}" for line in body), "}"])
        found = set(self.headers) | _headers("\n".join([*self.above, code]))
        includes = "".join(f"#include <{header}>\n" for header in sorted(found))
        comment = f"// {self.says}\n" if self.says and self.style.comment else ""
        above = "".join(f"{line}\n" for line in self.above)
        plain = f"{includes}\n{above}{chr(10) if above else ''}{comment}{code}\n"
        return _laid_out(plain.lstrip("\n"), self.style)

    def contract(self, name: str) -> str:
        """The contract as TOML."""
        plain = {"kernel": name, "dimensions": self.dimensions, "parameters": self.given}
        return tomlkit.dumps(plain)

    def function(self) -> str:
        """A name for the kernel itself."""
        verb, noun = self.rng.choice(words.VERBS), self.rng.choice(words.NOUNS)
        if self.chance(0.5):
            return f"{verb}{noun}"
        return f"{verb}_{noun.lower()}"

    def _declare(self, name: str, element: str, *, written: bool) -> None:
        if self.style.pointers:
            const = "" if written else "const "
            self.parameters.append(f"{const}{element}* {name}")
            return
        vector = f"std::vector<{element}>"
        if written:
            self.parameters.append(f"{vector}& {name}")
        else:
            east = self.style.east
            self.parameters.append(f"{vector} const& {name}" if east else f"const {vector}& {name}")


_HEADERS = {
    "vector": r"\bstd::vector\b",
    "cstddef": r"\bstd::size_t\b",
    "cstdint": r"\bstd::u?int\d+_t\b",
    "cmath": r"\bstd::(?:exp|sqrt|sin|cos|log|log1p|tanh|atan|abs|pow|fabs|hypot|floor|cbrt)\b",
    "algorithm": r"\bstd::(?:min|max|sort|stable_sort|clamp|fill|swap|lower_bound|transform)\b",
    "limits": r"\bstd::numeric_limits\b",
    "array": r"\bstd::array\b",
    "complex": r"\bstd::complex\b",
    "numeric": r"\bstd::(?:iota|accumulate)\b",
    "queue": r"\bstd::queue\b",
}


def _headers(code: str) -> set[str]:
    return {header for header, pattern in _HEADERS.items() if re.search(pattern, code)}


def _laid_out(code: str, style: Style) -> str:
    """The code with the style's indentation and braces."""
    lines = []
    for line in code.split("\n"):
        content = line.lstrip(" ")
        margin = style.indent * ((len(line) - len(content)) // 4)
        opens = style.allman and content.endswith(" {") and not content.startswith(("}", "struct"))
        if opens and "[" not in content[-4:]:
            lines += [f"{margin}{content[:-2]}", f"{margin}{{"]
        else:
            lines.append(f"{margin}{content}")
    return "\n".join(lines)
