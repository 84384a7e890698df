"""Families over structs: sorting by keys, pairs of points, joins, counts by field."""

from __future__ import annotations

from parallel_agent.training.data.grammar import words
from parallel_agent.training.data.grammar.maps import Body
from parallel_agent.training.data.grammar.sketch import POSITIVE, REALS, Domain, Sketch, whole

_KINDS = ("Point", "Site", "Body", "Vessel", "Tower", "Sample", "Grain", "Node", "Tree", "Star")
_RECORDS = (
    "Order",
    "Parcel",
    "Ticket",
    "Trade",
    "Record",
    "Visit",
    "Loan",
    "Flight",
    "Entry",
    "Job",
)
_PLACES = ("sites", "points", "bodies", "towers", "grains", "nodes", "trees", "stars", "boats")
_LISTS = (
    "orders",
    "parcels",
    "tickets",
    "trades",
    "records",
    "visits",
    "loans",
    "flights",
    "entries",
)


def _struct(s: Sketch, pool: tuple[str, ...], fields: list[tuple[str, str]]) -> str:
    name = s.fresh(pool)
    s.above += [f"struct {name} {{", *(f"    {kind} {field};" for kind, field in fields), "};"]
    return name


def _points(s: Sketch, *, mass: bool = False) -> tuple[str, list[str], dict[str, Domain]]:
    """A struct with two or three coordinates, and more."""
    axes = s.rng.choice((["x", "y"], ["x", "y", "z"], ["east", "north"], ["u", "v", "w"]))
    s.taken |= set(axes)
    fields: dict[str, Domain] = {
        axis: {"kind": "uniform", "low": -10.0, "high": 10.0} for axis in axes
    }
    if mass:
        fields["mass"] = POSITIVE
    struct = _struct(s, _KINDS, [(s.real, field) for field in fields])
    return struct, axes, fields


def pair_distances(s: Sketch) -> Body:
    """Nearest or farthest neighbours, straight from all pairs."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    struct, axes, fields = _points(s)
    s.size("n")
    points = s.structs(_PLACES, "n", struct, fields, written=False)
    each = s.chance(0.6)
    out = s.array(words.RESULTS, "n", written=True) if each else ""
    i, j, _ = s.indices()
    best, d = s.fresh(("best", "nearest", "least", "bound")), s.fresh(("apart", "gap", "d2"))
    nearest = s.chance(0.6)
    deltas = [
        f"const {s.real} d{axis} = {points}[{i}].{axis} - {points}[{j}].{axis};" for axis in axes
    ]
    squares = " + ".join(f"d{axis} * d{axis}" for axis in axes)
    manhattan = s.chance(0.25)
    if manhattan:
        squares = " + ".join(f"std::abs(d{axis})" for axis in axes)
    pick = "std::min" if nearest else "std::max"
    inner = [*deltas, f"const {s.real} {d} = {squares};", f"{best} = {pick}({best}, {d});"]
    start = f"std::numeric_limits<{s.real}>::max()" if nearest else "0"
    root = best if manhattan or s.chance(0.3) else f"std::sqrt({best})"
    size = f"{points}.size()"
    s.says = (
        f"The {'nearest' if nearest else 'farthest'} of all others for {points}, from all pairs."
    )
    if each:
        skip = [f"if ({i} != {j}) {{", *(f"    {x}" for x in inner), "}"]
        loop = s.loop(j, "0", size, skip, "std::size_t")
        body = [f"{s.real} {best} = {start};", *loop, f"{out}[{i}] = {root};"]
        return "void", s.loop(i, "0", size, body, "std::size_t")
    loop = s.loop(j, f"{i} + 1", size, inner, "std::size_t")
    return s.real, [
        f"{s.real} {best} = {start};",
        *s.loop(i, "0", size, loop, "std::size_t"),
        f"return {root};",
    ]


def attraction(s: Sketch) -> Body:
    """A sum over all other bodies for each of them."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    struct, axes, fields = _points(s, mass=True)
    s.size("n")
    bodies = s.structs(_PLACES, "n", struct, fields, written=False)
    out = s.array(words.RESULTS, "n", written=True)
    soft = s.literal(0.01, 0.5)
    i, j, _ = s.indices()
    acc, d = s.fresh(words.SUMS), s.fresh(("apart", "gap", "d2"))
    deltas = [
        f"const {s.real} d{axis} = {bodies}[{j}].{axis} - {bodies}[{i}].{axis};" for axis in axes
    ]
    squares = " + ".join(f"d{axis} * d{axis}" for axis in axes)
    value = s.rng.choice((
        f"{bodies}[{j}].mass / std::sqrt({d})", f"{bodies}[{j}].mass * std::exp(-{d})",
        f"{bodies}[{i}].mass * {bodies}[{j}].mass / {d}", f"{bodies}[{j}].mass / ({d} * std::sqrt({d}))",
        f"({d} < {s.literal(4.0, 30.0)} ? {bodies}[{j}].mass : 0)",
    ))  # fmt: skip
    inner = [*deltas, f"const {s.real} {d} = {squares} + {soft};", f"{acc} += {value};"]
    loop = s.loop(j, "0", f"{bodies}.size()", inner, "std::size_t")
    body = [f"{s.real} {acc} = 0;", *loop, f"{out}[{i}] = {acc};"]
    s.says = f"For each of {bodies} a sum over all of them that falls with distance."
    return "void", s.loop(i, "0", f"{bodies}.size()", body, "std::size_t")


def within(s: Sketch) -> Body:
    """How many pairs of points lie close together."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    struct, axes, fields = _points(s)
    s.size("n")
    points = s.structs(_PLACES, "n", struct, fields, written=False)
    radius = s.scalar(0.5, 6.0)
    i, j, _ = s.indices()
    many = s.fresh(("pairs", "contacts", "meetings", "edges"))
    squares = " + ".join(
        f"({points}[{i}].{a} - {points}[{j}].{a}) * ({points}[{i}].{a} - {points}[{j}].{a})"
        for a in axes
    )
    inner = [f"if ({squares} < {radius} * {radius}) {{", f"    ++{many};", "}"]
    loop = s.loop(j, f"{i} + 1", f"{points}.size()", inner, "std::size_t")
    lines = s.loop(i, "0", f"{points}.size()", loop, "std::size_t")
    s.says = f"The number of pairs of {points} that are closer than {radius}."
    return "long", [f"long {many} = 0;", *lines, f"return {many};"]


def _record(s: Sketch) -> tuple[str, list[tuple[str, str]], dict[str, Domain]]:
    pool = ["priority", "amount", "weight", "stamp", "owner", "score", "zone", "age"]
    chosen = s.rng.sample(pool, s.rng.randint(2, 5))
    s.taken |= set(chosen)
    fields: dict[str, Domain] = {}
    typed = []
    for name in chosen:
        real = s.chance(0.4)
        typed.append((s.real if real else "int", name))
        fields[name] = (
            {"kind": "uniform", "low": 0.0, "high": 100.0}
            if real
            else whole(0, s.rng.choice((9, 100, 100000)))
        )
    return _struct(s, _RECORDS, typed), typed, fields


def sorted_records(s: Sketch) -> Body:
    """Records put in order by one member or two."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    struct, typed, fields = _record(s)
    s.size("n")
    data = s.structs(_LISTS, "n", struct, fields, written=True)
    names = [name for _, name in typed]
    keys = s.rng.sample(names, s.rng.randint(1, min(3, len(names))))
    marks = [s.rng.choice("<>") for _ in keys]
    a, b = s.rng.choice((("a", "b"), ("left", "right"), ("one", "other"), ("lhs", "rhs")))
    ref = f"{struct} const&" if s.style.east else f"const {struct}&"
    lines = [f"if ({a}.{key} != {b}.{key}) {{ return {a}.{key} {mark} {b}.{key}; }}"
             for key, mark in zip(keys[:-1], marks[:-1], strict=True)]  # fmt: skip
    lines.append(f"return {a}.{keys[-1]} {marks[-1]} {b}.{keys[-1]};")
    head = f"std::stable_sort({data}.begin(), {data}.end(), []({ref} {a}, {ref} {b}) {{"
    s.notes.append(f"keys {', '.join(keys)}")
    s.says = (
        f"Puts {data} in order by {', then '.join(keys)}; what agrees in them stays in its order."
    )
    return "void", [head, *(f"    {line}" for line in lines), "});"]


def sorted_numbers(s: Sketch) -> Body:
    """Numbers sorted, upwards or downwards, or what stands at a place when they are."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    s.size("n")
    kind = s.rng.choice((s.real, "int", "std::uint32_t", "long"))
    domain = REALS if kind == s.real else whole(0, 1 << 30)
    form = s.rng.choice(("up", "down", "middle", "quantile", "copy"))
    s.notes.append(form)
    written = form in ("up", "down")
    data = s.array(words.ARRAYS, "n", domain, type_=kind, written=written)
    if form == "up":
        s.says = f"Sorts {data}."
        return "void", [f"std::sort({data}.begin(), {data}.end());"]
    if form == "down":
        a, b = s.rng.choice((("a", "b"), ("left", "right"), ("lhs", "rhs")))
        s.says = f"Sorts {data}, the largest first."
        head = f"std::sort({data}.begin(), {data}.end(), []({kind} {a}, {kind} {b}) {{"
        return "void", [head, f"    return {a} > {b};", "});"]
    copy = s.fresh(("ordered", "copy", "ranked", "ascending"))
    lines = [f"std::vector<{kind}> {copy}({data});", f"std::sort({copy}.begin(), {copy}.end());"]
    if form == "copy":
        out = s.array(words.RESULTS, "n", type_=kind, written=True)
        i = s.indices()[0]
        move = s.loop(i, "0", f"{copy}.size()", [f"{out}[{i}] = {copy}[{i}];"], "std::size_t")
        s.says = f"{out} holds {data} in order."
        return "void", [*lines, *move]
    part = "2" if form == "middle" else str(s.rng.randint(3, 20))
    s.says = f"What stands at one {part}th of {data} when they are in order; 0 for none."
    return kind, [
        f"if ({data}.empty()) {{",
        "    return 0;",
        "}",
        *lines,
        f"return {copy}[{copy}.size() / {part}];",
    ]


def ordered_places(s: Sketch) -> Body:
    """The order of elements, as their numbers."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    out = s.array(("order", "places", "permutation", "ranking"), "n", type_="int", written=True)
    a, b = s.rng.choice((("a", "b"), ("left", "right"), ("one", "other")))
    mark = s.rng.choice("<>")
    value = s.rng.choice(("{}", "std::abs({})"))
    first, second = value.format(f"{data}[{a}]"), value.format(f"{data}[{b}]")
    test = f"return {first} != {second} ? {first} {mark} {second} : {a} < {b};"
    s.says = f"{out} holds the numbers of {data} in their order; of equals the lower number first."
    return "void", [
        f"std::iota({out}.begin(), {out}.end(), 0);",
        f"std::sort({out}.begin(), {out}.end(), [&](int {a}, int {b}) {{", f"    {test}", "});",
    ]  # fmt: skip


def joined(s: Sketch) -> Body:
    """Amounts looked up by key in a second list, and added up by group."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    for name in ("lines", "listed", "groups"):
        s.size(name, 1 if name == "groups" else 0)
    key, group, amount, worth = "article", "owner", "quantity", "price"
    if s.chance(0.5):
        key, group, amount, worth = "station", "line_id", "passengers", "fare"
    left = _struct(
        s,
        ("Item", "Line", "Trip", "Move"),
        [("std::size_t", group), ("int", key), (s.real, amount)],
    )
    s.above.append("")
    right = _struct(s, ("Tariff", "Quote", "Listing", "Price"), [("int", key), (s.real, worth)])
    items = s.structs(("items", "trips", "moves", "sales"), "lines", left,
                      {group: whole(0, "groups-1"), key: whole(0, 300), amount: POSITIVE}, written=False)  # fmt: skip
    prices = s.structs(("tariffs", "quotes", "listings"), "listed", right,
                       {key: whole(0, 300), worth: POSITIVE}, written=False)  # fmt: skip
    out = s.array(words.RESULTS, "groups", written=True)
    acc, a, b = (
        s.fresh(words.SUMS),
        s.fresh(("item", "a", "each")),
        s.fresh(("listed_one", "b", "offer")),
    )
    by_group = s.chance(0.6)
    ref = "const&" if s.style.east else ""
    inner = (
        f"for ({right} {ref} {b} : {prices}) {{"
        if ref
        else f"for (const {right}& {b} : {prices}) {{"
    )
    outer = (
        f"for ({left} {ref} {a} : {items}) {{" if ref else f"for (const {left}& {a} : {items}) {{"
    )
    mark = s.rng.choice(("+=", "-="))
    lines = [
        outer, f"    {s.real} {acc} = 0;", f"    {inner}", f"        if ({b}.{key} == {a}.{key}) {{",
        f"            {acc} += {b}.{worth};", "        }", "    }",
        f"    {out}[{a}.{group}] {mark} {a}.{amount} * {acc};" if by_group
        else f"    {out}[{a}.{group}] {mark} {acc};", "}",
    ]  # fmt: skip
    s.says = f"Adds what each of {items} is worth by {prices} to {out}."
    return "void", [f"std::fill({out}.begin(), {out}.end(), {s.number(0.0)});", *lines]


def selected(s: Sketch) -> Body:
    """The records that fulfil a condition, kept in their order."""
    s.style = s.style.__class__(**{**vars(s.style), "pointers": False})
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    kept = s.fresh(("kept", "chosen", "selected", "passing"))
    s.parameters.append(f"std::vector<{s.real}>& {kept}")
    s.given[kept] = {"length": "n"}
    x = s.fresh(words.LOCALS)
    value = s.rng.choice(("std::sin({x}) * std::exp(-{x} * {x})", "std::cos({x}) + std::sqrt(std::abs({x}))",
                          "std::atan({x}) * std::tanh({x} + 1)", "std::log1p(std::abs({x})) - std::sin({x})"))  # fmt: skip
    test = f"{value.format(x=x)} {s.rng.choice('<>')} {s.literal(0.0, 0.4)}"
    s.says = f"{kept} holds those of {data} for which the condition holds, in their order."
    return "void", [
        f"{kept}.clear();", f"for ({s.real} {x} : {data}) {{", f"    if ({test}) {{",
        f"        {kept}.push_back({x});", "    }", "}",
    ]  # fmt: skip


def first_place(s: Sketch) -> Body:
    """The first place where a costly condition holds, seldom or never."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    i = s.indices()[0]
    v = s.fresh(words.LOCALS)
    value = s.rng.choice(("std::sin({x}) * std::cos({x})", "std::tanh({x}) * std::tanh({x})",
                          "std::exp(-{x} * {x}) * std::sin({x})", "std::atan({x}) / 2"))  # fmt: skip
    limit = s.literal(0.9, 1.4)
    body = [f"const {s.real} {v} = {value.format(x=f'{data}[{i}]')};", f"if (std::abs({v}) > {limit}) {{",
            f"    return static_cast<long>({i});", "}"]  # fmt: skip
    s.style = s.style.__class__(**{**vars(s.style), "loop": "for"})
    s.says = (
        f"The first place of {data} with a value that is out of bounds, -1 where there is none."
    )
    return "long", [*s.loop(i, "0", s.length(data, "n"), body, s.count_type()), "return -1;"]
