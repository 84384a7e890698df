"""Families over ordered series: running sums, windows, recurrences, stretches."""

from __future__ import annotations

from parallel_agent.training.data.grammar import words
from parallel_agent.training.data.grammar.maps import Body
from parallel_agent.training.data.grammar.sketch import REALS, Sketch, whole
from parallel_agent.training.data.grammar.terms import costly, term


def running(s: Sketch) -> Body:
    """Running sums of a function of the elements."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    i, acc = s.indices()[0], s.fresh(words.SUMS)
    value = costly(s, [f"{data}[{i}]"], s.rng.randint(1, 3))
    step = [f"{acc} += {value};", f"{out}[{i}] = {acc};"]
    if s.chance(0.3):  # exclusive
        step.reverse()
    if s.chance(0.3):
        step = [*step[:1], *step[1:]]
        scale = s.literal(0.5, 1.5)
        step = [line.replace(f"= {acc};", f"= {scale} * {acc};") for line in step]
    loop = s.loop(i, "0", s.length(data, "n"), step, s.count_type())
    s.says = f"Running sums over {data}."
    return "void", [f"{s.real} {acc} = 0;", *loop]


def window(s: Sketch) -> Body:
    """Sums or means over all elements within a radius, or of the last few."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    radius = s.integer(("radius", "width", "reach", "span_length"), 60, s.rng.randint(90, 200))
    out = s.array(words.RESULTS, "n", written=True)
    i, j, _ = s.indices()
    n, acc = s.fresh(words.COUNTS), s.fresh(words.SUMS)
    first, last = s.fresh(("first", "low", "begin")), s.fresh(("last", "high", "end"))
    kind = s.rng.choice(("both", "before", "after"))
    before = f"std::max({i} - {radius}, 0)" if kind != "after" else i
    after = f"std::min({i} + {radius}, {n} - 1)" if kind != "before" else i
    at = f"{data}[{j}]"
    value = s.rng.choice((at, f"{at} * {at}", term(s, [at], 2), term(s, [at], 1)))
    mean = s.chance(0.5)
    result = f"{acc} / static_cast<{s.real}>({last} - {first} + 1)" if mean else acc
    if s.chance(0.3):
        result = f"{s.literal(0.3, 2.0)} * {result}"
    body = [
        f"const int {first} = {before};",
        f"const int {last} = {after};",
        f"{s.real} {acc} = 0;",
        f"for (int {j} = {first}; {j} <= {last}; ++{j}) {{",
        f"    {acc} += {value};",
        "}",
        f"{out}[{i}] = {result};",
    ]
    loop = s.loop(i, "0", n, body, "int")
    s.says = f"{'Mean' if mean else 'Sum'} of the values within {radius} of each place of {data}."
    length = s.length(data, "n")
    return "void", [f"const int {n} = static_cast<int>({length});", *loop]


def recurrence(s: Sketch) -> Body:
    """A linear recurrence of the first order with a costly term, or without."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    i, now = s.indices()[0], s.fresh(("now", "state", "smoothed", "previous", "memory"))
    weight = s.scalar(0.05, 0.6)
    value = costly(s, [f"{data}[{i}]"], s.rng.randint(1, 3))
    form = s.rng.choice(
        ("{w} * {v} + (1 - {w}) * {a}", "{a} + {w} * ({v} - {a})", "{w} * {a} + {v}")
    )
    body = [f"{now} = {form.format(w=weight, v=value, a=now)};", f"{out}[{i}] = {now};"]
    loop = s.loop(i, "0", s.length(data, "n"), body, s.count_type())
    s.says = f"A recurrence over {data} in which each value needs the one before."
    return "void", [f"{s.real} {now} = {s.literal(0.0, 1.0)};", *loop]


def stretch(s: Sketch) -> Body:
    """The largest sum of an unbroken stretch, straight from its definition."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    i, j, _ = s.indices()
    best, acc = s.fresh(("best", "largest", "record", "most")), s.fresh(words.SUMS)
    length, kind = s.length(data, "n"), s.count_type()
    cost = f" - {s.scalar(0.0, 0.5)}" if s.chance(0.5) else ""
    pick = f"{best} = std::max({best}, {acc});"
    if s.chance(0.5):
        pick = f"if ({acc} > {best}) {{ {best} = {acc}; }}"
    inner = s.loop(j, i, length, [f"{acc} += {data}[{j}]{cost};", pick], kind)
    outer = s.loop(i, "0", length, [f"{s.real} {acc} = 0;", *inner], kind)
    empty = f"{length} == 0" if s.style.pointers else f"{data}.empty()"
    s.says = f"The largest sum of any unbroken stretch of {data}; 0 for none."
    start = f"{s.real} {best} = {data}[0]{cost};"
    return s.real, [f"if ({empty}) {{", "    return 0;", "}", start, *outer, f"return {best};"]


def pairs_before(s: Sketch) -> Body:
    """For every element, something over all elements before it or after it."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    i, j, _ = s.indices()
    acc, kind = s.fresh(words.SUMS), s.count_type()
    value = costly(s, [f"{data}[{i}]", f"{data}[{j}]"])
    start, stop = ("0", i) if s.chance(0.5) else (f"{i} + 1", s.length(data, "n"))
    inner = s.loop(j, start, stop, [f"{acc} += {value};"], kind)
    body = [f"{s.real} {acc} = 0;", *inner, f"{out}[{i}] = {acc};"]
    s.says = f"For each element of {data} a sum over the pairs that it makes."
    return "void", s.loop(i, "0", s.length(data, "n"), body, kind)


def lagged(s: Sketch) -> Body:
    """Autocorrelation-like sums for a range of lags."""
    s.size("n", 1)
    s.size("lags", 1)
    data = s.array(words.ARRAYS, "n+lags", REALS)
    out = s.array(words.RESULTS, "lags", written=True)
    i, j, _ = s.indices()
    n, lags = s.extent("n"), s.extent("lags", ("shifts", "orders"))
    acc = s.fresh(words.SUMS)
    value = s.rng.choice(("{a} * {b}", "({a} - {b}) * ({a} - {b})", "std::abs({a} - {b})"))
    value = value.format(a=f"{data}[{i}]", b=f"{data}[{i} + {j}]")
    inner = s.loop(i, "0", n, [f"{acc} += {value};"])
    body = [f"{s.real} {acc} = 0;", *inner, f"{out}[{j}] = {acc} / static_cast<{s.real}>({n});"]
    s.says = f"How {data} agrees with itself, for each shift; {data} has n + lags elements."
    return "void", s.loop(j, "0", lags, body)


def taps(s: Sketch) -> Body:
    """A finite impulse response filter with as many taps as the caller gives."""
    s.size("n")
    s.size("taps", 1)
    data = s.array(words.ARRAYS, "n+taps", REALS)
    weights = s.array(("kernel", "taps_of", "impulse", "response_of", "window"), "taps", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    n, many = s.extent("n"), s.extent("taps", ("order", "width"))
    i, j, _ = s.indices()
    acc = s.fresh(words.SUMS)
    at = f"{data}[{i} + {j}]" if s.chance(0.6) else f"{data}[{i} + {many} - 1 - {j}]"
    inner = s.loop(j, "0", many, [f"{acc} += {weights}[{j}] * {at};"])
    body = [f"{s.real} {acc} = 0;", *inner, f"{out}[{i}] = {acc};"]
    s.says = f"Filters {data}, which has n + taps elements, with {weights}."
    return "void", s.loop(i, "0", n, body)


def thresholds(s: Sketch) -> Body:
    """For every element, how many of another series lie above or below it."""
    s.size("n")
    s.size("m")
    left = s.array(words.ARRAYS, "n", REALS)
    right = s.array(words.ARRAYS, "m", REALS)
    out = s.array(
        ("ranks", "places", "positions", "orders", "standing"), "n", type_="int", written=True
    )
    i, j, _ = s.indices()
    many, test = (
        s.fresh(("higher", "lower", "others", "beaten")),
        s.rng.choice((">", "<", ">=", "<=")),
    )
    n, m = s.length(left, "n"), s.length(right, "m")
    kind = s.count_type()
    inner = s.loop(
        j, "0", m, [f"if ({right}[{j}] {test} {left}[{i}]) {{", f"    ++{many};", "}"], kind
    )
    body = [f"int {many} = 0;", *inner, f"{out}[{i}] = {many};"]
    s.says = f"For each of {left} the number of {right} that are {test} it."
    return "void", s.loop(i, "0", n, body, kind)


def bands(s: Sketch) -> Body:
    """For every element, a sum over a band of others around it, with weights by distance."""
    s.size("n")
    data = s.array(words.ARRAYS, "n", REALS)
    out = s.array(words.RESULTS, "n", written=True)
    reach = s.rng.randint(3, 24)
    i, j, _ = s.indices()
    acc, n = s.fresh(words.SUMS), s.fresh(words.COUNTS)
    weight = s.rng.choice(("{r} + 1 - std::abs({j})", "1", "std::abs({j}) + 1"))
    body = [
        f"{s.real} {acc} = 0;",
        f"for (long {j} = -{reach}; {j} <= {reach}; ++{j}) {{",
        f"    {acc} += static_cast<{s.real}>({weight.format(r=reach, j=j)}) * {data}[{i} + {j}];",
        "}",
        f"{out}[{i}] = {s.literal(0.01, 0.3)} * {acc};",
    ]
    length = s.length(data, "n")
    loop = s.loop(i, str(reach), f"{n} - {reach}", body, "long")
    s.says = f"A weighted sum of the {2 * reach + 1} neighbours; the ends of {out} are left alone."
    return "void", [f"const long {n} = static_cast<long>({length});", *loop]


def ladder(s: Sketch) -> Body:
    """Counts by class, the classes given by limits in the code."""
    s.size("n")
    classes = s.rng.randint(4, 9)
    data = s.array(words.ARRAYS, "n", {"kind": "uniform", "low": -1.0, "high": float(classes)})
    out = s.array(("bins", "classes", "tally", "frequency_of", "grades"), str(classes), whole(0, 100),
                  type_=s.rng.choice(("int", "long")), written=True)  # fmt: skip
    i, v = s.indices()[0], s.fresh(words.LOCALS)
    limits = [s.number(round(k + s.rng.uniform(0.1, 0.9), 2)) for k in range(classes - 1)]
    lines = [f"const {s.real} {v} = {data}[{i}];"]
    for k, limit in enumerate(limits):
        lead = "if" if k == 0 else "} else if"
        lines += [f"{lead} ({v} < {limit}) {{", f"    ++{out}[{k}];"]
    lines += ["} else {", f"    ++{out}[{classes - 1}];", "}"]
    s.says = f"Counts {data} by class and adds the counts to {out}."
    return "void", s.loop(i, "0", s.length(data, "n"), lines, s.count_type())


def histogram(s: Sketch) -> Body:
    """Counts or sums by a bin that is computed from the element."""
    s.size("n")
    bins = s.rng.choice((16, 24, 32, 48, 64, 100, 128))
    data = s.array(words.ARRAYS, "n", REALS)
    weighted = s.chance(0.35)
    amount = s.array(words.ARRAYS, "n", REALS) if weighted else ""
    kind = s.real if weighted else s.rng.choice(("int", "long", "std::size_t"))
    out = s.array(("bins", "histogram", "tally", "frequency_of", "buckets"), str(bins), whole(0, 100),
                  type_=kind, written=True)  # fmt: skip
    i, b = s.indices()[0], s.fresh(("bin", "slot", "bucket", "cell"))
    value = s.rng.choice(
        ("std::abs(std::sin({x}))", "std::exp(-std::abs({x}))", "std::abs(std::tanh({x}))",
         "std::sqrt(std::abs({x})) / 2")
    ).format(x=term(s, [f"{data}[{i}]"], 1))  # fmt: skip
    scaled = f"static_cast<int>({value} * {bins - 1})"
    lines = [f"const int {b} = std::clamp({scaled}, 0, {bins - 1});"]
    lines.append(f"{out}[{b}] += {f'{amount}[{i}]' if weighted else '1'};")
    s.says = f"Adds every element of {data} to one of {bins} bins."
    return "void", s.loop(i, "0", s.length(data, "n"), lines, s.count_type())
