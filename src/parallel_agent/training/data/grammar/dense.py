"""Families over dense matrices, row-major."""

from __future__ import annotations

from parallel_agent.training.data.grammar import words
from parallel_agent.training.data.grammar.maps import Body
from parallel_agent.training.data.grammar.sketch import REALS, Sketch
from parallel_agent.training.data.grammar.terms import costly


def product(s: Sketch) -> Body:
    """A product of two matrices, either transposed, in any order of the loops."""
    for name in ("rows", "cols", "inner"):
        s.size(name)
    left_transposed, right_transposed = s.chance(0.3), s.chance(0.4)
    left = s.array(words.MATRICES, "rows*inner", REALS)
    right = s.array(words.MATRICES, "inner*cols", REALS)
    adds = s.chance(0.5)
    out = s.array(words.RESULTS, "rows*cols", REALS if adds else None, written=True)
    rows, cols, inner = s.extent("rows"), s.extent("cols"), s.extent("inner", ("depth", "terms"))
    i, j, k = s.indices()
    a = f"{left}[{k} * {rows} + {i}]" if left_transposed else f"{left}[{i} * {inner} + {k}]"
    b = f"{right}[{j} * {inner} + {k}]" if right_transposed else f"{right}[{k} * {cols} + {j}]"
    scale = f"{s.scalar(0.5, 2.0)} * " if s.chance(0.3) else ""
    target, acc = f"{out}[{i} * {cols} + {j}]", s.fresh(words.SUMS)
    s.says = f"{out} {'+' if adds else ''}= {left} times {right}, row-major."
    bounds = {i: rows, j: cols, k: inner}
    if adds and s.chance(0.6):
        order = s.rng.sample([i, j, k], 3)
        s.notes.append("loops " + "".join("ijk"[[i, j, k].index(x)] for x in order))
        lines = [f"{target} += {scale}{a} * {b};"]
        for index in reversed(order):
            lines = s.loop(index, "0", bounds[index], lines)
        return "void", lines
    summed = s.loop(k, "0", inner, [f"{acc} += {a} * {b};"])
    store = f"{target} {'+=' if adds else '='} {scale}{acc};"
    lines = s.loop(j, "0", cols, [f"{s.real} {acc} = 0;", *summed, store])
    return "void", s.loop(i, "0", rows, lines)


def gram(s: Sketch) -> Body:
    """Products of all pairs of columns, or of rows: A'A or AA', summed up to what is there."""
    s.size("rows")
    s.size("cols")
    data = s.array(words.MATRICES, "rows*cols", REALS)
    columns = s.chance(0.6)
    side, depth = ("cols", "rows") if columns else ("rows", "cols")
    out = s.array(words.RESULTS, f"{side}*{side}", REALS, written=True)
    rows, cols = s.extent("rows"), s.extent("cols")
    n, m = (cols, rows) if columns else (rows, cols)
    i, j, k = s.indices()

    def at(index: str) -> str:
        return f"{data}[{k} * {cols} + {index}]" if columns else f"{data}[{index} * {cols} + {k}]"

    s.notes.append(f"pairs of {side} over {depth}")
    order = s.rng.choice(([i, j, k], [i, k, j], [k, i, j], [j, i, k]))
    bounds = {i: n, j: n, k: m}
    lines = [f"{out}[{i} * {n} + {j}] += {at(i)} * {at(j)};"]
    for index in reversed(order):
        lines = s.loop(index, "0", bounds[index], lines)
    s.says = f"Adds the products of all pairs of {side} of {data} to {out}."
    return "void", lines


def matrix_vector(s: Sketch) -> Body:
    """A matrix times a vector, the sums put through a function."""
    s.size("rows")
    s.size("cols")
    matrix = s.array(words.MATRICES, "rows*cols", REALS)
    vector = s.array(words.ARRAYS, "cols", REALS)
    out = s.array(words.RESULTS, "rows", written=True)
    rows, cols = s.extent("rows"), s.extent("cols")
    i, j, _ = s.indices()
    acc = s.fresh(words.SUMS)
    a, x = f"{matrix}[{i} * {cols} + {j}]", f"{vector}[{j}]"
    value = s.rng.choice((f"{a} * {x}", f"({a} - {x}) * ({a} - {x})", f"std::abs({a} - {x})",
                          costly(s, [a, x]), f"std::max({a}, {x})"))  # fmt: skip
    result = s.rng.choice((acc, costly(s, [acc]), f"{s.literal(0.1, 2.0)} * {acc}"))
    body = [f"{s.real} {acc} = 0;", *s.loop(j, "0", cols, [f"{acc} += {value};"]),
            f"{out}[{i}] = {result};"]  # fmt: skip
    s.says = f"For every row of {matrix} a sum with {vector}."
    return "void", s.loop(i, "0", rows, body)


def column_sums(s: Sketch) -> Body:
    """Something for every column, the matrix walked down its columns."""
    s.size("rows")
    s.size("cols")
    matrix = s.array(words.MATRICES, "rows*cols", REALS)
    out = s.array(words.RESULTS, "cols", written=True)
    rows, cols = s.extent("rows"), s.extent("cols")
    i, j, _ = s.indices()
    acc = s.fresh(words.SUMS)
    a = f"{matrix}[{i} * {cols} + {j}]"
    value = s.rng.choice((a, f"{a} * {a}", f"std::abs({a})", costly(s, [a])))
    result = s.rng.choice((acc, f"std::sqrt(std::abs({acc}))", f"{s.literal(0.1, 2.0)} * {acc}"))
    body = [f"{s.real} {acc} = 0;", *s.loop(i, "0", rows, [f"{acc} += {value};"]),
            f"{out}[{j}] = {result};"]  # fmt: skip
    s.says = f"A sum for every column of {matrix}."
    return "void", s.loop(j, "0", cols, body)


def substitution(s: Sketch) -> Body:
    """Forward substitution with a lower triangular matrix."""
    s.size("n")
    matrix = s.array(words.MATRICES, "n*n", {**REALS, "low": 0.0, "high": 1.0, "dominant": True})
    right = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    n = s.extent("n")
    i, j, _ = s.indices()
    acc = s.fresh(words.SUMS)
    inner = s.loop(j, "0", i, [f"{acc} -= {matrix}[{i} * {n} + {j}] * {out}[{j}];"])
    divided = f"{acc} / {matrix}[{i} * {n} + {i}]"
    body = [f"{s.real} {acc} = {right}[{i}];", *inner, f"{out}[{i}] = {divided};"]
    s.says = f"Solves a lower triangular system with {matrix} from the first unknown to the last."
    return "void", s.loop(i, "0", n, body)


def transposed(s: Sketch) -> Body:
    """A matrix turned, its elements put through a function."""
    s.size("rows")
    s.size("cols")
    matrix = s.array(words.MATRICES, "rows*cols", REALS)
    out = s.array(words.RESULTS, "rows*cols", written=True)
    rows, cols = s.extent("rows"), s.extent("cols")
    i, j, _ = s.indices()
    value = costly(s, [f"{matrix}[{i} * {cols} + {j}]"], s.rng.randint(1, 2))
    first, second = (i, rows), (j, cols)
    if s.chance(0.5):
        first, second = second, first
    lines = s.loop(second[0], "0", second[1], [f"{out}[{j} * {rows} + {i}] = {value};"])
    s.says = f"{out} is {matrix} turned, each element put through a function."
    return "void", s.loop(first[0], "0", first[1], lines)


def outer(s: Sketch) -> Body:
    """A function of all pairs of two vectors."""
    s.size("rows")
    s.size("cols")
    left, right = s.array(words.ARRAYS, "rows", REALS), s.array(words.ARRAYS, "cols", REALS)
    out = s.array(words.MATRICES, "rows*cols", written=True)
    rows, cols = s.extent("rows"), s.extent("cols")
    i, j, _ = s.indices()
    value = costly(s, [f"{left}[{i}]", f"{right}[{j}]"], s.rng.randint(1, 2))
    first, second = (i, rows), (j, cols)
    if s.chance(0.4):
        first, second = second, first
    lines = s.loop(second[0], "0", second[1], [f"{out}[{i} * {cols} + {j}] = {value};"])
    s.says = f"{out} holds a function of every pair of {left} and {right}."
    return "void", s.loop(first[0], "0", first[1], lines)


def distances(s: Sketch) -> Body:
    """Distances between the rows of two matrices: all of them, or the nearest row."""
    for name in ("rows", "others", "dims"):
        s.size(name, 1 if name == "others" else 0)
    left = s.array(words.MATRICES, "rows*dims", REALS)
    right = s.array(words.MATRICES, "others*dims", REALS)
    nearest = s.chance(0.5)
    length = "rows" if nearest else "rows*others"
    kind = "int" if nearest and s.chance(0.6) else s.real
    out = s.array(words.RESULTS, length, type_=kind, written=True)
    rows, others = s.extent("rows"), s.extent("others", ("centres", "codes"))
    dims = s.extent("dims", ("depth", "features_count"))
    i, j, k = s.indices()
    acc, d, best = s.fresh(words.SUMS), s.fresh(("d", "gap", "delta")), s.fresh(("best", "least"))
    value = s.rng.choice((f"{d} * {d}", f"std::abs({d})"))
    inner = [
        f"{s.real} {acc} = 0;",
        *s.loop(k, "0", dims, [
            f"const {s.real} {d} = {left}[{i} * {dims} + {k}] - {right}[{j} * {dims} + {k}];",
            f"{acc} += {value};",
        ]),
    ]  # fmt: skip
    s.says = f"Distances between the rows of {left} and of {right}."
    if not nearest:
        root = f"std::sqrt({acc})" if s.chance(0.5) else acc
        lines = s.loop(j, "0", others, [*inner, f"{out}[{i} * {others} + {j}] = {root};"])
        return "void", s.loop(i, "0", rows, lines)
    where = s.fresh(("where", "closest"))
    keep = [f"    {best} = {acc};", *([f"    {where} = static_cast<int>({j});"] * (kind == "int"))]
    lines = s.loop(j, "0", others, [*inner, f"if ({acc} < {best}) {{", *keep, "}"])
    start = [f"{s.real} {best} = std::numeric_limits<{s.real}>::max();",
             *([f"int {where} = -1;"] * (kind == "int"))]  # fmt: skip
    return "void", s.loop(
        i, "0", rows, [*start, *lines, f"{out}[{i}] = {where if kind == 'int' else best};"]
    )
