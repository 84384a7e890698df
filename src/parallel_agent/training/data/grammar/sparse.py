"""Families over sparse matrices, graphs and discrete transforms."""

from __future__ import annotations

from parallel_agent.training.data.grammar import words
from parallel_agent.training.data.grammar.maps import Body
from parallel_agent.training.data.grammar.sketch import REALS, Sketch, whole
from parallel_agent.training.data.grammar.terms import costly

_PER_ROW = 8


def _rows(s: Sketch) -> tuple[str, str, str]:
    """Offsets, columns and values of a matrix in compressed rows, square."""
    s.size("n", 1)
    first = s.array(("first", "starts", "offsets", "row_start"), "n+1",
                    {"kind": "offsets", "low": 0, "high": f"{_PER_ROW}*n"}, type_="int")  # fmt: skip
    column = s.array(
        ("column", "targets", "indices", "where_to"), f"{_PER_ROW}*n", whole(0, "n-1"), type_="int"
    )
    value = s.array(("entries", "conductance", "weights", "values"), f"{_PER_ROW}*n", REALS)
    return first, column, value


def compressed_rows(s: Sketch) -> Body:
    """A sparse matrix times a vector, put through a function."""
    first, column, value = _rows(s)
    vector = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    n = s.length(vector, "n")
    i, _, k = s.indices()
    acc = s.fresh(words.SUMS)
    v, x = f"{value}[{k}]", f"{vector}[{column}[{k}]]"
    term = s.rng.choice(
        (f"{v} * {x}", f"{v} * std::abs({x})", f"{v} * ({x} - {vector}[{i}])", costly(s, [v, x]))
    )
    inner = s.loop(k, f"{first}[{i}]", f"{first}[{i} + 1]", [f"{acc} += {term};"], "int")
    result = s.rng.choice((acc, f"{s.literal(0.2, 1.5)} * {acc}", f"std::tanh({acc})",
                           f"{vector}[{i}] - {s.literal(0.1, 0.9)} * {acc}"))  # fmt: skip
    body = [f"{s.real} {acc} = 0;", *inner, f"{out}[{i}] = {result};"]
    s.says = f"A sparse matrix in compressed rows ({first}, {column}, {value}) times {vector}."
    return "void", s.loop(i, "0", n, body, s.count_type())


def many_vectors(s: Sketch) -> Body:
    """A sparse matrix times a block of vectors."""
    first, column, value = _rows(s)
    s.size("block", 1)
    dense = s.array(words.MATRICES, "n*block", REALS)
    out = s.array(words.RESULTS, "n*block", written=True)
    n, block = s.extent("n"), s.extent("block", ("width", "columns"))
    i, c, k = s.indices()
    acc = s.fresh(words.SUMS)
    inner = s.loop(k, f"{first}[{i}]", f"{first}[{i} + 1]",
                   [f"{acc} += {value}[{k}] * {dense}[{column}[{k}] * {block} + {c}];"], "int")  # fmt: skip
    body = [f"{s.real} {acc} = 0;", *inner, f"{out}[{i} * {block} + {c}] = {acc};"]
    s.says = "A sparse matrix in compressed rows times a block of vectors, row-major."
    return "void", s.loop(i, "0", n, s.loop(c, "0", block, body))


def banded(s: Sketch) -> Body:
    """A matrix stored by diagonals times a vector."""
    s.size("n")
    s.size("many", 1)
    diagonals = s.array(words.MATRICES, "n*many", REALS)
    offsets = s.array(("offsets", "shifts", "lags"), "many", whole(-20, 20), type_="int")
    vector = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    s.parameters += ["int n", "int many"]
    s.taken |= {"n", "many"}
    s.given |= {"n": {"equals": "n"}, "many": {"equals": "many"}}
    i, d, _ = s.indices()
    acc, k = s.fresh(words.SUMS), s.fresh(("place", "col", "at"))
    inner = [
        f"const long {k} = static_cast<long>({i}) + {offsets}[{d}];",
        f"if ({k} >= 0 && {k} < n) {{", f"    {acc} += {diagonals}[{i} * many + {d}] * {vector}[{k}];", "}",
    ]  # fmt: skip
    body = [f"{s.real} {acc} = 0;", *s.loop(d, "0", "many", inner, "int"), f"{out}[{i}] = {acc};"]
    s.says = f"A matrix stored by diagonals times {vector}."
    return "void", s.loop(i, "0", "n", body, "int")


def triangles(s: Sketch) -> Body:
    """Triangles, or common neighbours, in a graph given as a square of zeros and ones."""
    s.size("nodes")
    adjacency = s.array(
        ("adjacency", "links", "joined", "contacts"), "nodes*nodes", whole(0, 1), type_="int"
    )
    nodes = s.extent("nodes", ("vertices", "n"))
    u, v, w = s.indices()
    many = s.fresh(("triangles", "found", "closed", "number"))
    form = s.rng.choice(("triangles", "common", "degrees", "paths"))
    s.notes.append(form)
    test = f"{adjacency}[{u} * {nodes} + {w}] != 0 && {adjacency}[{v} * {nodes} + {w}] != 0"
    if form == "triangles":
        inner = s.loop(w, f"{v} + 1", nodes, [f"if ({test}) {{", f"    ++{many};", "}"])
        middle = s.loop(v, f"{u} + 1", nodes, [f"if ({adjacency}[{u} * {nodes} + {v}] != 0) {{",
                                               *(f"    {x}" for x in inner), "}"])  # fmt: skip
        s.says = "The number of triangles in a graph; only what is above the diagonal is read."
        return "long", [f"long {many} = 0;", *s.loop(u, "0", nodes, middle), f"return {many};"]
    if form == "degrees":
        out = s.array(words.RESULTS, "nodes", type_="int", written=True)
        inner = s.loop(
            v, "0", nodes, [f"if ({adjacency}[{u} * {nodes} + {v}] != 0) {{", f"    ++{many};", "}"]
        )
        s.says = "The number of neighbours of every node."
        return "void", s.loop(u, "0", nodes, [f"int {many} = 0;", *inner, f"{out}[{u}] = {many};"])
    out = s.array(words.RESULTS, "nodes*nodes", type_="int", written=True)
    inner = s.loop(w, "0", nodes, [f"if ({test}) {{", f"    ++{many};", "}"])
    start = f"{u} + 1" if form == "common" else "0"
    middle = s.loop(
        v, start, nodes, [f"int {many} = 0;", *inner, f"{out}[{u} * {nodes} + {v}] = {many};"]
    )
    s.says = "The number of common neighbours of pairs of nodes."
    return "void", s.loop(u, "0", nodes, middle)


def weights_at(s: Sketch) -> Body:
    """A sum over the links of every node, with a function of both ends."""
    first, column, value = _rows(s)
    level = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    n = s.length(level, "n")
    i, _, k = s.indices()
    acc = s.fresh(words.SUMS)
    there, here = f"{level}[{column}[{k}]]", f"{level}[{i}]"
    term = s.rng.choice((
        f"{value}[{k}] * std::tanh({there} - {here})", f"std::abs({value}[{k}]) * std::exp(-std::abs({there} - {here}))",
        f"{value}[{k}] * std::sin({there} - {here})", f"{value}[{k}] * ({there} - {here}) * ({there} - {here})",
    ))  # fmt: skip
    update = f"if ({term} > {acc}) {{ {acc} = {term}; }}" if s.chance(0.25) else f"{acc} += {term};"
    inner = s.loop(k, f"{first}[{i}]", f"{first}[{i} + 1]", [update], "int")
    s.says = "For every node a sum over its links of what flows from the other end."
    return "void", s.loop(
        i, "0", n, [f"{s.real} {acc} = 0;", *inner, f"{out}[{i}] = {acc};"], s.count_type()
    )


def fourier(s: Sketch) -> Body:
    """A discrete Fourier transform from its definition, of real or complex values."""
    s.size("n")
    is_complex = s.chance(0.5) and not s.style.pointers
    data = s.array(words.ARRAYS, "n", REALS, type_=f"std::complex<{s.real}>" if is_complex else "")
    form = s.rng.choice(("parts", "power", "magnitude"))
    s.notes.append(f"{'complex' if is_complex else 'real'} {form}")
    out = s.array(("re_out", "power", "spectrum_of", "bins"), "n", type_="double", written=True)
    other = (
        s.array(("im_out", "quadrature"), "n", type_="double", written=True)
        if form == "parts"
        else ""
    )
    k, t, _ = s.indices()
    n = s.fresh(("n", "count", "total_size")) if not s.style.pointers else s.extent("n")
    re, im, angle = (
        s.fresh(("re", "c_sum", "even")),
        s.fresh(("im", "s_sum", "odd")),
        s.fresh(("angle", "phase")),
    )
    turn = "6.283185307179586"
    inner = [f"const double {angle} = {turn} * static_cast<double>({k} * {t} % {n}) / {n};"]
    if is_complex:
        x = f"{data}[{t}]"
        inner += [f"{re} += {x}.real() * std::cos({angle}) + {x}.imag() * std::sin({angle});",
                  f"{im} += {x}.imag() * std::cos({angle}) - {x}.real() * std::sin({angle});"]  # fmt: skip
    else:
        inner += [
            f"{re} += {data}[{t}] * std::cos({angle});",
            f"{im} -= {data}[{t}] * std::sin({angle});",
        ]
    power = f"{re} * {re} + {im} * {im}"
    store = {
        "parts": [f"{out}[{k}] = {re};", f"{other}[{k}] = {im};"],
        "power": [f"{out}[{k}] = ({power}) / {n};"],
        "magnitude": [f"{out}[{k}] = std::sqrt({power});"],
    }[form]
    kind = "std::size_t"
    body = [f"double {re} = 0.0;", f"double {im} = 0.0;", *s.loop(t, "0", n, inner, kind), *store]
    lines = s.loop(k, "0", n, body, kind)
    s.says = f"The {form} of the discrete Fourier transform of {data}, from its definition."
    if s.style.pointers:
        s.parameters = [p.replace(f"{s.style.index} {n}", f"std::size_t {n}") for p in s.parameters]
        return "void", lines
    return "void", [f"const std::size_t {n} = {data}.size();", *lines]


def cosine(s: Sketch) -> Body:
    """A cosine or sine transform from its definition."""
    s.size("n")
    s.size("orders")
    data = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "orders", written=True)
    n, orders = s.extent("n"), s.extent("orders", ("terms", "modes"))
    k, t, _ = s.indices()
    acc = s.fresh(words.SUMS)
    call, half = s.rng.choice(("cos", "sin")), s.rng.choice(("0.5", "0.0", "1.0"))
    value = f"{data}[{t}] * std::{call}(3.141592653589793 * {k} * ({t} + {half}) / {n})"
    weight = s.rng.choice(("{a}", "{c} * {a}", "std::abs({a})", "{a} * {a}")).format(
        a=acc, c=s.literal(0.1, 2.0)
    )
    inner = s.loop(t, "0", n, [f"{acc} += {value};"])
    s.says = f"Coefficients of {data} in a series of {call}es."
    return "void", s.loop(k, "0", orders, [f"double {acc} = 0;", *inner, f"{out}[{k}] = {weight};"])


def butterflies(s: Sketch) -> Body:
    """A transform in place by butterflies over halves that double."""
    s.size("n", power_of_two=True)
    data = s.array(words.ARRAYS, "n", REALS, written=True)
    size, kind = s.fresh(words.COUNTS), "std::size_t"
    half, start, low = (
        s.fresh(("half", "span_size")),
        s.fresh(("start", "from")),
        s.fresh(("low", "at")),
    )
    a, b = s.rng.choice((("a", "b"), ("without", "with"), ("left", "right")))
    forms = s.rng.choice((("{a} + {b}", "{a} - {b}"), ("{c} * ({a} + {b})", "{c} * ({a} - {b})"),
                          ("{a} + {c} * {b}", "{a} - {c} * {b}"), ("{a}", "{a} + {b}")))  # fmt: skip
    c = s.literal(0.4, 0.9)
    first, second = (form.format(a=a, b=b, c=c) for form in forms)
    length = s.length(data, "n")
    s.says = f"A transform of {data} in place by butterflies; their number is a power of two."
    return "void", [
        f"const {kind} {size} = {length};",
        f"for ({kind} {half} = 1; {half} < {size}; {half} *= 2) {{",
        f"    for ({kind} {start} = 0; {start} < {size}; {start} += 2 * {half}) {{",
        f"        for ({kind} {low} = {start}; {low} < {start} + {half}; ++{low}) {{",
        f"            const {s.real} {a} = {data}[{low}];",
        f"            const {s.real} {b} = {data}[{low} + {half}];",
        f"            {data}[{low}] = {first};",
        f"            {data}[{low} + {half}] = {second};",
        "        }", "    }", "}",
    ]  # fmt: skip
