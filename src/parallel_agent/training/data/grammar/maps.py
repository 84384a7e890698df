"""Families over single elements: maps, blends, sums, extremes, positions, counts."""

from __future__ import annotations

from parallel_agent.training.data.grammar import words
from parallel_agent.training.data.grammar.sketch import REALS, Sketch
from parallel_agent.training.data.grammar.terms import condition, costly, term

Body = tuple[str, list[str]]
"""What a kernel returns, and its lines."""


def _inputs(s: Sketch, most: int = 3) -> list[str]:
    """One array or several of one length, read."""
    s.size("n")
    return [s.array(words.ARRAYS, "n", REALS) for _ in range(s.rng.randint(1, most))]


def _named(s: Sketch, arrays: list[str], index: str) -> tuple[list[str], list[str]]:
    """Locals for the elements, or the elements themselves."""
    elements = [f"{array}[{index}]" for array in arrays]
    if s.chance(0.5):
        return [], elements
    names = [s.fresh(words.LOCALS) for _ in arrays]
    lines = [
        f"const {s.real} {name} = {element};" for name, element in zip(names, elements, strict=True)
    ]
    return lines, names


def elementwise(s: Sketch) -> Body:
    """Each element of the result from those at the same place."""
    arrays = _inputs(s)
    out = s.array(words.RESULTS, "n", written=True)
    scalars = [s.scalar(0.2, 1.5) for _ in range(s.rng.randint(0, 2))]
    i = s.indices()[0]
    stop = s.length(arrays[0], "n")
    lines, leaves = _named(s, arrays, i)
    value = costly(s, [*leaves, *scalars], s.rng.randint(1, 3))
    if s.chance(0.4):
        test = condition(s, leaves[0], scalars[0] if scalars and s.chance(0.5) else "")
        other = costly(s, [*leaves, *scalars])
        if s.chance(0.5):
            lines.append(f"{out}[{i}] = {test} ? {value} : {other};")
        else:
            lines += [f"if ({test}) {{", f"    {out}[{i}] = {value};", "} else {",
                      f"    {out}[{i}] = {other};", "}"]  # fmt: skip
    else:
        lines.append(f"{out}[{i}] = {value};")
    s.says = f"Computes {out} element by element from {', '.join(arrays)}."
    return "void", s.loop(i, "0", stop, lines, s.count_type())


def in_place(s: Sketch) -> Body:
    """Every element replaced by a function of it."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS, written=True)
    scalars = [s.scalar(0.2, 1.5) for _ in range(s.rng.randint(0, 2))]
    rounds = s.rng.randint(1, 3)
    if not s.style.pointers and s.chance(0.5):
        x = s.fresh(words.LOCALS)
        steps = [f"{x} = {costly(s, [x, *scalars])};" for _ in range(rounds)]
        lines = [f"for ({s.real}& {x} : {data}) {{", *(f"    {step}" for step in steps), "}"]
    else:
        i = s.indices()[0]
        at = f"{data}[{i}]"
        steps = [f"{at} = {costly(s, [at, *scalars])};" for _ in range(rounds)]
        lines = s.loop(i, "0", s.length(data, "n"), steps, s.count_type())
    s.says = f"Replaces every element of {data}, in {rounds} step(s)."
    return "void", lines


def iterated(s: Sketch) -> Body:
    """A short inner iteration for every element, with an early exit or without."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    i, j, _ = s.indices()
    x = s.fresh(words.LOCALS)
    steps = s.rng.randint(8, 40)
    body = [f"{x} = {costly(s, [x, f'{data}[{i}]'])};"]
    if s.chance(0.4):
        body.append(f"if (std::abs({x}) < {s.number(0.01)}) {{")
        body += ["    break;", "}"]
    inner = [f"for (int {j} = 0; {j} < {steps}; ++{j}) {{", *(f"    {b}" for b in body), "}"]
    lines = [f"{s.real} {x} = {data}[{i}];", *inner, f"{out}[{i}] = {x};"]
    s.says = f"Iterates a map at most {steps} times from every element of {data}."
    return "void", s.loop(i, "0", s.length(data, "n"), lines, s.count_type())


def total(s: Sketch) -> Body:
    """A sum, or a mean, of a function of the elements."""
    arrays = _inputs(s, 2)
    scalars = [s.scalar(0.2, 1.5) for _ in range(s.rng.randint(0, 2))]
    i, acc = s.indices()[0], s.fresh(words.SUMS)
    stop = s.length(arrays[0], "n")
    range_for = len(arrays) == 1 and not s.style.pointers and s.chance(0.4)
    leaves = [s.fresh(words.LOCALS)] if range_for else [f"{array}[{i}]" for array in arrays]
    value = costly(s, [*leaves, *scalars], s.rng.randint(1, 3))
    lines = [f"{acc} += {value};"]
    if s.chance(0.35):
        test = condition(s, leaves[0])
        lines = [f"if ({test}) {{", *(f"    {line}" for line in lines), "}"]
    kind = "double" if s.chance(0.7) else s.real
    if range_for:
        head = f"for ({s.real} {leaves[0]} : {arrays[0]}) {{"
        loop = [head, *(f"    {line}" for line in lines), "}"]
    else:
        loop = s.loop(i, "0", stop, lines, s.count_type())
    wanted = f"{acc} / ({stop} + 1)" if s.chance(0.25) else acc
    if s.chance(0.15):
        wanted = f"std::sqrt(std::abs({wanted}))"
    s.says = f"Adds up a function of {' and '.join(arrays)}."
    return kind, [f"{kind} {acc} = 0;", *loop, f"return {wanted};"]


def moments(s: Sketch) -> Body:
    """Several sums in one pass, written to a small array."""
    arrays = _inputs(s, 2)
    many = s.rng.randint(2, 4)
    out = s.array(words.RESULTS, str(many), written=True)
    i, names = s.indices()[0], [f"m{k}" for k in range(many)]
    leaves = [f"{array}[{i}]" for array in arrays]
    lines = [f"{name} += {costly(s, leaves)};" for name in names]
    loop = s.loop(i, "0", s.length(arrays[0], "n"), lines, s.count_type())
    before = [f"{s.real} {name} = 0;" for name in names]
    after = [f"{out}[{k}] = {name};" for k, name in enumerate(names)]
    s.says = f"Writes {many} sums over {' and '.join(arrays)} to {out}."
    return "void", [*before, *loop, *after]


def extreme(s: Sketch) -> Body:
    """The largest or smallest value of a function of the elements."""
    arrays = _inputs(s, 2)
    i, best = s.indices()[0], s.fresh(("best", "largest", "extreme", "peak", "bound"))
    largest = s.chance(0.5)
    value = costly(s, [f"{array}[{i}]" for array in arrays], s.rng.randint(1, 2))
    start = f"{'-' if largest else ''}std::numeric_limits<{s.real}>::max()"
    v = s.fresh(words.LOCALS)
    pick = "std::max" if largest else "std::min"
    lines = [f"const {s.real} {v} = {value};"]
    if s.chance(0.5):
        lines.append(f"{best} = {pick}({best}, {v});")
    else:
        lines += [f"if ({v} {'>' if largest else '<'} {best}) {{", f"    {best} = {v};", "}"]
    loop = s.loop(i, "0", s.length(arrays[0], "n"), lines, s.count_type())
    s.says = (
        f"The {'largest' if largest else 'smallest'} value that a function of the elements has."
    )
    return s.real, [f"{s.real} {best} = {start};", *loop, f"return {best};"]


def position(s: Sketch) -> Body:
    """Where a function of the elements is largest or smallest; the first place in a tie."""
    arrays = _inputs(s, 2)
    i = s.indices()[0]
    best, at = s.fresh(("best", "peak", "least")), s.fresh(("where", "place", "index_of_best"))
    largest = s.chance(0.5)
    v = s.fresh(words.LOCALS)
    value = costly(s, [f"{array}[{i}]" for array in arrays], s.rng.randint(1, 2))
    start = f"{'-' if largest else ''}std::numeric_limits<{s.real}>::max()"
    lines = [
        f"const {s.real} {v} = {value};",
        f"if ({v} {'>' if largest else '<'} {best}) {{",
        f"    {best} = {v};",
        f"    {at} = static_cast<long>({i});",
        "}",
    ]
    loop = s.loop(i, "0", s.length(arrays[0], "n"), lines, s.count_type())
    s.says = f"The first place where a function of {arrays[0]} is extreme, -1 where there is none."
    return "long", [f"{s.real} {best} = {start};", f"long {at} = -1;", *loop, f"return {at};"]


def counted(s: Sketch) -> Body:
    """How many elements fulfil a condition."""
    arrays = _inputs(s, 2)
    i, many = s.indices()[0], s.fresh(("found", "hits", "matches", "number", "kept"))
    leaves = [f"{array}[{i}]" for array in arrays]
    v = s.fresh(words.LOCALS)
    test = condition(s, v)
    if s.chance(0.4):
        test = f"{test} && {condition(s, term(s, leaves, 1))}"
    lines = [f"const {s.real} {v} = {costly(s, leaves)};", f"if ({test}) {{", f"    {many}++;", "}"]
    loop = s.loop(i, "0", s.length(arrays[0], "n"), lines, s.count_type())
    kind = s.rng.choice(("int", "long", "std::size_t"))
    s.says = "Counts the elements for which the condition holds."
    return kind, [f"{kind} {many} = 0;", *loop, f"return {many};"]
