"""Families over grids: stencils of one step and of many, windows in two dimensions."""

from __future__ import annotations

from parallel_agent.training.data.grammar import words
from parallel_agent.training.data.grammar.maps import Body
from parallel_agent.training.data.grammar.sketch import REALS, Sketch
from parallel_agent.training.data.grammar.terms import costly


def _at(grid: str, i: str, j: str, cols: str, down: int = 0, right: int = 0) -> str:
    row = i if down == 0 else f"({i} {'+' if down > 0 else '-'} {abs(down)})"
    shift = "" if right == 0 else f" {'+' if right > 0 else '-'} {abs(right)}"
    return f"{grid}[{row} * {cols} + {j}{shift}]"


def _neighbours(s: Sketch, radius: int) -> list[tuple[int, int]]:
    """The places of a stencil without its centre."""
    if s.chance(0.6):
        found = [(d, 0) for r in range(1, radius + 1) for d in (-r, r)]
        return [*found, *((right, down) for down, right in found)]
    span = range(-radius, radius + 1)
    return [(d, r) for d in span for r in span if (d, r) != (0, 0)]


def stencil(s: Sketch) -> Body:
    """One step of a stencil with constants of its own."""
    s.size("rows")
    s.size("cols")
    radius = s.rng.choice((1, 1, 1, 2, 3))
    grid = s.array(words.GRIDS, "rows*cols", REALS)
    extra = s.array(words.GRIDS, "rows*cols", REALS) if s.chance(0.4) else ""
    out = s.array(words.RESULTS, "rows*cols", written=True)
    rows, cols = s.extent("rows"), s.extent("cols")
    s_type = "int" if s.style.index in ("unsigned", "std::size_t") else s.style.index
    i, j, _ = s.indices()
    places = _neighbours(s, radius)
    s.notes.append(f"{len(places) + 1} points")
    around = " + ".join(_at(grid, i, j, cols, *place) for place in places)
    here = _at(grid, i, j, cols)
    value = f"{s.literal(0.2, 0.9)} * {here} + {s.literal(0.01, 0.1, 3)} * ({around})"
    if extra:
        value += f" {s.rng.choice('+-')} {_at(extra, i, j, cols)}"
    if s.chance(0.5):
        value = s.rng.choice(("std::tanh({})", "std::sqrt(std::abs({}))", "std::abs({})")).format(
            value
        )
    body = s.loop(j, str(radius), f"({s_type}){cols} - {radius}" if s_type != s.style.index else f"{cols} - {radius}",
                  [f"{_at(out, i, j, cols)} = {value};"], s_type)  # fmt: skip
    stop = f"({s_type}){rows} - {radius}" if s_type != s.style.index else f"{rows} - {radius}"
    s.says = f"One step of a stencil over {grid}, {radius} wide; the rim of {out} is left alone."
    return "void", s.loop(i, str(radius), stop, body, s_type)


def stepped(s: Sketch) -> Body:
    """Many steps of a stencil, through a second grid that is copied back."""
    s.size("rows", 1)
    s.size("cols", 1)
    grid = s.array(words.GRIDS, "rows*cols", REALS, written=True)
    s.parameters += ["int rows", "int cols"]
    s.taken |= {"rows", "cols"}
    s.given |= {"rows": {"equals": "rows"}, "cols": {"equals": "cols"}}
    steps = s.integer(("steps", "rounds", "sweeps", "iterations"), 4, s.rng.randint(6, 16))
    weight = s.scalar(0.05, 0.2)
    i, j, t = s.indices()
    following = s.fresh(("next", "fresh", "after", "later"))
    here = _at(grid, i, j, "cols")
    around = " + ".join(_at(grid, i, j, "cols", *p) for p in ((-1, 0), (1, 0), (0, -1), (0, 1)))
    form = s.rng.choice((
        f"{here} + {weight} * ({around} - {s.number(4.0)} * {here})",
        f"{s.literal(0.3, 0.6)} * {here} + {weight} * ({around})",
        f"std::tanh({here} + {weight} * ({around}))",
        f"{here} * ({s.number(1.0)} - {weight}) + {s.number(0.25)} * {weight} * ({around})",
    ))  # fmt: skip
    work = s.loop(
        i,
        "1",
        "rows - 1",
        s.loop(j, "1", "cols - 1", [f"{_at(following, i, j, 'cols')} = {form};"], "int"),
        "int",
    )
    back = s.loop(
        i,
        "1",
        "rows - 1",
        s.loop(j, "1", "cols - 1", [f"{here} = {_at(following, i, j, 'cols')};"], "int"),
        "int",
    )
    if s.style.loop == "while":
        work, back = (
            ["{", *(f"    {x}" for x in work), "}"],
            ["{", *(f"    {x}" for x in back), "}"],
        )
    lines = [
        f"for (int {t} = 0; {t} < {steps}; ++{t}) {{",
        *(f"    {x}" for x in [*work, *back]),
        "}",
    ]
    s.says = f"Steps of a stencil over {grid} in place; its rim keeps what it holds."
    size = "static_cast<std::size_t>(rows) * cols"
    return "void", [f"std::vector<{s.real}> {following}({size});", *lines]


def line_steps(s: Sketch) -> Body:
    """Many steps of a stencil along one line."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS, written=True)
    steps = s.integer(("steps", "rounds", "sweeps"), 10, s.rng.randint(20, 40))
    i, _, t = s.indices()
    n, after = s.fresh(words.COUNTS), s.fresh(("next", "fresh", "after", "later"))
    a, b, c = f"{data}[{i} - 1]", f"{data}[{i}]", f"{data}[{i} + 1]"
    w = s.literal(0.05, 0.3)
    form = s.rng.choice((f"{b} + {w} * ({a} - {s.number(2.0)} * {b} + {c})",
                         f"{w} * ({a} + {b} + {c})", f"std::tanh({b} + {w} * ({a} - {c}))",
                         f"{b} - {w} * {b} * ({c} - {a})"))  # fmt: skip
    length = s.length(data, "n")
    inner = [f"for (long {i} = 1; {i} < {n} - 1; ++{i}) {{", f"    {after}[{i}] = {form};", "}",
             f"for (long {i} = 1; {i} < {n} - 1; ++{i}) {{", f"    {b} = {after}[{i}];", "}"]  # fmt: skip
    s.says = f"Steps of a stencil along {data}, whose ends keep what they hold."
    return "void", [
        f"const long {n} = static_cast<long>({length});",
        f"std::vector<{s.real}> {after}({n});",
        f"for (int {t} = 0; {t} < {steps}; ++{t}) {{", *(f"    {x}" for x in inner), "}",
    ]  # fmt: skip


def window2d(s: Sketch) -> Body:
    """A sum over a window of fixed size at every place of an image."""
    s.size("rows")
    s.size("cols")
    high, wide = s.rng.choice((3, 5, 7)), s.rng.choice((3, 5, 7, 9))
    grid = s.array(words.GRIDS, "rows*cols", REALS)
    out = s.array(words.RESULTS, "rows*cols", written=True)
    s.parameters += ["int rows", "int cols"]
    s.taken |= {"rows", "cols"}
    s.given |= {"rows": {"equals": "rows"}, "cols": {"equals": "cols"}}
    i, j, _ = s.indices()
    acc = s.fresh(words.SUMS)
    at = f"{grid}[({i} + y) * cols + {j} + x]"
    value = s.rng.choice((at, f"{at} * {at}", f"std::abs({at})", costly(s, [at])))
    s.taken |= {"x", "y"}
    inner = [f"for (int y = 0; y < {high}; ++y) {{", f"    for (int x = 0; x < {wide}; ++x) {{",
             f"        {acc} += {value};", "    }", "}"]  # fmt: skip
    body = [
        f"{s.real} {acc} = 0;",
        *inner,
        f"{out}[{i} * cols + {j}] = {s.literal(0.02, 0.4)} * {acc};",
    ]
    lines = s.loop(j, "0", f"cols - {wide - 1}", body, "int")
    s.says = f"A sum over {high} x {wide} places of {grid}, from each place on."
    return "void", s.loop(i, "0", f"rows - {high - 1}", lines, "int")


def coloured(s: Sketch) -> Body:
    """Red-black relaxation in place."""
    s.size("rows", 1)
    s.size("cols", 1)
    grid = s.array(words.GRIDS, "rows*cols", REALS, written=True)
    source = s.array(words.GRIDS, "rows*cols", REALS)
    s.parameters += ["int rows", "int cols"]
    s.taken |= {"rows", "cols"}
    s.given |= {"rows": {"equals": "rows"}, "cols": {"equals": "cols"}}
    sweeps = s.integer(("sweeps", "rounds", "passes"), 3, s.rng.randint(5, 12))
    omega = s.literal(0.8, 1.7)
    i, j, t = s.indices()
    colour, around = s.fresh(("colour", "parity", "phase")), s.fresh(("around", "mean", "target"))
    total = " + ".join(_at(grid, i, j, "cols", *p) for p in ((-1, 0), (1, 0), (0, -1), (0, 1)))
    here = _at(grid, i, j, "cols")
    update = [
        f"const {s.real} {around} = {s.number(0.25)} * ({total} + {_at(source, i, j, 'cols')});",
        f"{here} += {omega} * ({around} - {here});",
    ]
    body = [f"if (({i} + {j}) % 2 == {colour}) {{", *(f"    {x}" for x in update), "}"]
    nest = body
    for index, stop in ((j, "cols - 1"), (i, "rows - 1")):
        nest = [
            f"for (int {index} = 1; {index} < {stop}; ++{index}) {{",
            *(f"    {x}" for x in nest),
            "}",
        ]
    for index, stop in ((colour, "2"), (t, sweeps)):
        nest = [
            f"for (int {index} = 0; {index} < {stop}; ++{index}) {{",
            *(f"    {x}" for x in nest),
            "}",
        ]
    s.says = f"Red-black relaxation of {grid} towards {source}."
    return "void", nest
