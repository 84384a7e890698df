"""Reading sources: which function is the kernel, what its types are, and what is refused by name."""

from __future__ import annotations

import pytest

from parallel_agent.kernel.source import Kernel, SourceError, parse, with_standard_headers
from parallel_agent.kernel.types import (
    Array,
    Pair,
    Pointer,
    Scalar,
    String,
    Struct,
    Type,
    Vector,
    dtype,
)

LOOP = "{ for (int i = 0; i < 9; ++i) {} }\n"


def kernel(source: str, name: str | None = None) -> Kernel:
    return parse(source, name=name).kernel


def refused(source: str, name: str | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        parse(source, name=name)
    return caught.value


# ---- which function ------------------------------------------------------------------------------


def test_the_one_function_that_loops() -> None:
    found = kernel(f"int one() {{ return 1; }}\nvoid f(int n) {LOOP}int two() {{ return one(); }}")
    assert found.name == "f"
    assert [p.name for p in found.signature.parameters] == ["n"]
    assert found.signature.returns is None


def test_helpers_are_not_kernels_whatever_they_do() -> None:
    assert kernel(f"void g(int n) {LOOP}void f(int n) {LOOP[:-3]} g(n); }}").name == "f"
    assert (
        kernel(f"void h(int n) {LOOP}void g(int n) {{ h(n); }}\nvoid f(int n) {{ g(n); }}").name
        == "f"
    )
    assert kernel("void f(int n) { if (n > 0) f(n - 1); while (n) --n; }").name == "f"


def test_main_is_no_kernel_and_may_call_it() -> None:
    assert kernel(f"void f(int n) {LOOP}int main() {{ for (;;) f(3); }}").name == "f"


def test_a_function_that_calls_an_algorithm() -> None:
    source = "#include <algorithm>\n#include <vector>\n"
    by_iterator = "void f(std::vector<int>& v) { std::sort(v.begin(), v.end()); }"
    by_pointer = "void f(int* v, int n) { std::sort(v, v + n); }"
    no_range = "\nint g(int a, int b) { return std::max(a, b); }"
    assert kernel(source + by_iterator + no_range).name == "f"
    assert kernel(source + by_pointer + no_range).name == "f"
    assert "sort" in kernel(source + by_iterator).calls


def test_a_function_named_like_what_another_calls() -> None:
    source = "#include <algorithm>\nvoid reverse(int* v, int n) { std::reverse(v, v + n); }"
    assert kernel(source).name == "reverse"


def test_several_functions_are_listed() -> None:
    source = f"void f(int n) {LOOP}namespace a {{ void g(int n) {LOOP}}}\nvoid idle() {{}}"
    error = refused(source)
    assert "2 functions" in str(error)
    assert "--kernel" in error.hint
    assert "f, a::g" in error.hint
    assert "idle" not in error.hint
    assert kernel(source, "f").name == "f"
    assert kernel(source, "g").name == "a::g"
    assert kernel(source, "a::g").name == "a::g"
    assert kernel(source, "idle").name == "idle"
    assert "no function is named 'h'" in str(refused(source, "h"))
    assert "f, a::g, idle" in refused(source, "h").hint


def test_overloads_cannot_be_told_apart() -> None:
    source = f"void f(int n) {LOOP}void f(double x) {LOOP}"
    assert "several functions are named 'f'" in str(refused(source, "f"))


@pytest.mark.parametrize(
    "source", ["", "\n\n", "int x = 3;", "void f(int n);", "struct S { void f() { for (;;); } };"]
)
def test_no_function_at_all(source: str) -> None:
    error = refused(source)
    assert "no function with a loop" in str(error)
    assert "Give a file" in error.hint


def test_functions_without_work_are_listed() -> None:
    assert refused("int f() { return 1; }").hint == "It defines f"


def test_namespaces_and_linkage() -> None:
    assert (
        kernel(f"namespace a {{ namespace b {{ static void f(int n) {LOOP}}} }}").name == "a::b::f"
    )
    assert kernel(f"namespace a::b {{ inline void f(int n) {LOOP}}}").name == "a::b::f"
    assert kernel(f"namespace {{ void f(int n) {LOOP}}}").name == "f"
    assert kernel(f'extern "C" {{ void f(int n) {LOOP}}}').name == "f"
    assert kernel(f'extern "C" void f(int n) {LOOP}').name == "f"


# ---- what it looks like --------------------------------------------------------------------------


def test_loops_structs_and_includes() -> None:
    source = """#include <vector>
struct P { int x; };
void f(std::vector<P>& v, int n) {
    for (int i = 0; i < n; ++i) {
        for (auto& p : v) p.x = i;
    }
    #pragma omp parallel for
    for (int i = 0; i < n; ++i) {
        do { --n; } while (n > 0);
    }
    while (n > 0) --n;
}
"""
    found = kernel(source)
    assert [(loop.kind, loop.line, loop.end_line, loop.depth) for loop in found.loops] == [
        ("for", 4, 6, 0),
        ("range for", 5, 5, 1),
        ("for", 8, 10, 0),
        ("do", 9, 9, 1),
        ("while", 11, 11, 0),
    ]
    assert found.structs == ("P",)
    assert found.includes == ("#include <vector>",)
    assert found.source == source


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("void f(double* a, int n) { for (int i = 0; i < n; ++i) a[i] = 0; }", ("n",)),
        ("void f(double* a, int n, int m) { for (int i = 0; i < n * 8; ++i) a[i] = m; }", ("n",)),
        ("void f(double* a, int n, int m) { int i = 0; while (i < n) a[i++] = a[m]; }", ("n",)),
        ("void f(double* a, int n, long m) { for (int i = 9; i--;) a[i * m] = n; }", ("m",)),
        ("void f(double* a, int n, unsigned m) { for (int i = 9; i--;) a[i] = m; }", ("n",)),
        ("void f(double* a, const int& n) { for (int i = 0; i < n; ++i) a[i] = 0; }", ()),
        ("void f(double* a, double n) { for (int i = 0; i < n; ++i) a[i] = 0; }", ()),
        ("void f(int* a, int n, int k) { for (int i = a[k]; i < a[n]; ++i) a[i] = 0; }", ()),
        (
            "void f(double* a, int m, int k, int n)"
            "{ for (int i = 0; i != m; ++i) for (int j = n; j > 0; --j) a[i * k + j] = 0; }",
            ("m", "k", "n"),
        ),
    ],
)
def test_which_integers_are_sizes(function: str, expected: tuple[str, ...]) -> None:
    assert kernel(function).dimension_names == expected


def test_an_integer_that_sizes_a_container() -> None:
    source = "#include <vector>\nvoid f(std::vector<int>& v, int n, int x)"
    assert kernel(source + "{ v.resize(n); for (int& e : v) e = x; }").dimension_names == ("n",)
    body = "{ std::vector<int> w(n); for (int& e : w) e = x; v = w; }"
    assert kernel(source + body).dimension_names == ("n",)


# ---- headers -------------------------------------------------------------------------------------


def test_missing_headers_are_an_error_with_a_line() -> None:
    without = f"int unused;\nvoid f(std::vector<double>& v) {LOOP}"
    assert "line 2: use of undeclared identifier 'std'" in str(refused(without))
    assert kernel(with_standard_headers(without)).signature.parameter("v").passing == "reference"


def test_a_type_is_never_guessed() -> None:
    source = f"#include <vector>\nvoid f(std::vector<int>& v, Index n) {LOOP}"
    assert "line 2: unknown type name 'Index'" in str(refused(source))
    assert "line 2:" in str(refused(source, "f"))


def test_errors_in_bodies_are_the_compilers_business() -> None:
    assert kernel("void f(int n) { while (n) n = __builtin_of_some_compiler(n); }").name == "f"


def test_where_the_standard_headers_go() -> None:
    assert with_standard_headers("int x;") == "#include <bits/stdc++.h>\nint x;"
    once = "\n#pragma once\nint x;"
    assert with_standard_headers(once) == "\n#pragma once\n#include <bits/stdc++.h>\nint x;"
    late = "int y;\n#pragma once\n"
    assert with_standard_headers(late).startswith("#include")


# ---- types ---------------------------------------------------------------------------------------

HEADERS = "#include <array>\n#include <complex>\n#include <string>\n#include <utility>\n#include <vector>\n"
STRUCTS = """
struct Point { char tag; double x = 0; int k[2][3]; };
struct Line { Point from, to; float width; };
namespace geo { struct Box { std::array<double, 2> low; bool full; }; }
namespace { struct Hidden { int a; }; }
typedef struct { short s; long l; } Old;
using Row = std::vector<double>;
"""
INT = Scalar(kind="int", size=4, spelling="int")
DOUBLE = Scalar(kind="float", size=8, spelling="double")
TYPES: list[tuple[str, Type]] = [
    ("bool", Scalar(kind="bool", size=1, spelling="bool")),
    ("char", Scalar(kind="char", size=1, spelling="char")),
    ("signed char", Scalar(kind="int", size=1, spelling="signed char")),
    ("std::uint8_t", Scalar(kind="uint", size=1, spelling="unsigned char")),
    ("short", Scalar(kind="int", size=2, spelling="short")),
    ("std::size_t", Scalar(kind="uint", size=8, spelling="unsigned long")),
    ("long long", Scalar(kind="int", size=8, spelling="long long")),
    ("float", Scalar(kind="float", size=4, spelling="float")),
    ("volatile double", DOUBLE),
    (
        "std::complex<double>",
        Scalar(kind="complex", size=16, spelling="std::complex<double>"),
    ),
    ("std::complex<float>", Scalar(kind="complex", size=8, spelling="std::complex<float>")),
    ("std::string", String()),
    ("Row", Vector(spelling="std::vector<double>", element=DOUBLE)),
    (
        "std::vector<Row>",
        Vector(
            spelling="std::vector<std::vector<double>>",
            element=Vector(spelling="std::vector<double>", element=DOUBLE),
        ),
    ),
    (
        "std::array<std::array<int, 3>, 2>",
        Array(
            spelling="std::array<std::array<int, 3>, 2>",
            element=Array(spelling="std::array<int, 3>", element=INT, length=3),
            length=2,
        ),
    ),
    (
        "std::pair<int, double>",
        Pair(
            spelling="std::pair<int, double>",
            size=16,
            first=INT,
            second=DOUBLE,
            second_offset=8,
        ),
    ),
]


@pytest.fixture(scope="module")
def typed() -> Kernel:
    """One parse for all types: libclang takes a while for the headers."""
    parameters = ", ".join(f"{spelling} p{i}" for i, (spelling, _) in enumerate(TYPES))
    structs = "Point point, Line line, geo::Box box, Hidden hidden, Old old"
    return kernel(f"{HEADERS}{STRUCTS}std::vector<bool> f({parameters}, {structs}) {LOOP}")


@pytest.mark.parametrize("position", range(len(TYPES)), ids=[spelling for spelling, _ in TYPES])
def test_supported_types(typed: Kernel, position: int) -> None:
    parameter = typed.signature.parameters[position]
    assert parameter.type == TYPES[position][1]
    assert parameter.passing == "value"


def test_what_is_never_touched_has_its_layout_too() -> None:
    """The compiler lays templates out only where something is done with them."""
    parameters = "std::array<std::array<int, 2>, 3>& a, std::vector<std::pair<short, double>>& b"
    more = "std::pair<char, std::array<short, 3>>& c, std::array<std::pair<int, std::complex<float>>, 4>* d"
    aligned = "struct alignas(32) Lane { char c; int n; };"
    last = "const std::pair<Lane, char>& e"
    signature = kernel(f"{HEADERS}{aligned}void f({parameters}, {more}, {last}) {LOOP}").signature
    a, b, c, d, e = (signature.parameter(name).type for name in "abcde")
    assert isinstance(a, Array) and isinstance(a.element, Array)
    assert (a.length, a.element.length) == (3, 2)
    assert isinstance(b, Vector) and isinstance(d, Pointer) and isinstance(d.element, Array)
    assert d.element.length == 4
    pairs = [of for of in (b.element, c, d.element.element, e) if isinstance(of, Pair)]
    # As static_assert(sizeof(...)) says with g++ and clang.
    assert [(of.second_offset, of.size) for of in pairs] == [(8, 16), (2, 8), (4, 12), (32, 64)]


def test_structs_have_the_compilers_layout(typed: Kernel) -> None:
    point, line, box, hidden, old = (
        typed.signature.parameter(n).type for n in ("point", "line", "box", "hidden", "old")
    )
    assert isinstance(point, Struct)
    assert [(f.name, f.offset) for f in point.fields] == [("tag", 0), ("x", 8), ("k", 16)]
    assert dtype(point).itemsize == point.size == 40
    assert dtype(point)["k"].shape == (2, 3)
    assert point.fields[2].type.spelling == "int[2][3]"
    assert isinstance(line, Struct)
    assert line.fields[1].type == point
    assert line.size == 88
    spellings = [t.spelling for t in (point, line, box, hidden, old)]
    assert spellings == ["Point", "Line", "geo::Box", "Hidden", "Old"]


def test_the_result(typed: Kernel) -> None:
    bits = Scalar(kind="bool", size=1, spelling="bool")
    assert typed.signature.returns == Vector(spelling="std::vector<bool>", element=bits)


def test_how_parameters_are_passed() -> None:
    source = """#include <vector>
    struct P { double x; };
    void f(const std::vector<P>& a, std::vector<P> const& b, std::vector<P>& c, const P& d, P& e,
           const P* g, P* h, P const* i, int j[], const int k, const double (&l)[3], double m[][4],
           const std::vector<P> n, int* const o) { for (;;); }"""
    found = kernel(source).signature
    assert {p.name: (p.passing, p.type.spelling) for p in found.parameters} == {
        "a": ("const reference", "std::vector<P>"),
        "b": ("const reference", "std::vector<P>"),
        "c": ("reference", "std::vector<P>"),
        "d": ("const reference", "P"),
        "e": ("reference", "P"),
        "g": ("const pointer", "P*"),
        "h": ("pointer", "P*"),
        "i": ("const pointer", "P*"),
        "j": ("pointer", "int*"),
        "k": ("value", "int"),
        "l": ("const reference", "double[3]"),
        "m": ("pointer", "double[4]*"),
        "n": ("value", "std::vector<P>"),
        "o": ("pointer", "int*"),
    }
    pointed = found.parameter("g").type
    assert isinstance(pointed, Pointer)
    assert pointed.element.spelling == "P"


OTHERS = """
template <class T> struct Template { T x; };
enum Colour { red, green };
union Union { int a; float b; };
struct HasUnion { Union u; };
struct HasPointer { int* p; };
struct HasReference { int& p; };
struct Base { int a; };
struct Derived : Base { int b; };
struct Virtual { virtual void f(); int a; };
struct Copied { Copied() = default; Copied(const Copied&); int a; };
struct Assigned { void operator=(const Assigned&); int a; };
struct Destroyed { ~Destroyed(); int a; };
struct NoDefault { NoDefault(int); int a; };
struct Bits { int a : 3; };
struct Empty {};
struct Nameless { struct { int a; }; };
"""
OWN = """
#include <vector>
template <class T> struct Own : std::allocator<T> {
    template <class U> struct rebind { using other = Own<U>; };
};
"""


@pytest.mark.parametrize(
    ("before", "declared", "named"),
    [
        ("#include <map>", "std::map<int, int> x", "std::map"),
        ("#include <functional>", "std::function<int(int)> x", "std::function"),
        ("#include <memory>", "std::unique_ptr<int> x", "std::unique_ptr"),
        ("#include <map>\n#include <vector>", "std::vector<std::map<int, int>> x", "std::map"),
        (OWN, "std::vector<int, Own<int>>& x", "own allocator"),
        ("#include <vector>", "std::vector<int*> x", "int *"),
        ("#include <array>\n#include <string>", "std::array<std::string, 2> x", "fixed size"),
        ("#include <array>", "std::array<int, 0> x", "empty array"),
        ("#include <utility>\n#include <string>", "std::pair<std::string, int> x", "fixed size"),
        ("#include <string>", "std::wstring x", "wchar_t"),
        ("#include <string>", "std::string_view x", "string_view"),
        ("#include <complex>", "std::complex<long double> x", "long double"),
        ("#include <complex>", "std::complex<int>& x", "complex<int>"),
        ("", "long double x", "long double"),
        ("", "__int128 x", "__int128"),
        ("", "wchar_t x", "wchar_t"),
        ("", "Template<int> x", "Template<int>"),
        ("#include <vector>", "std::vector<int>&& x", "&&"),
        ("", "int** x", "int **"),
        ("#include <vector>", "std::vector<int>* x", "std::vector<int> *"),
        ("", "void* x", "void *"),
        ("", "int (*x)(int)", "int (*)(int)"),
        ("", "int*& x", "int *&"),
        ("", "Colour x", "Colour"),
        ("", "Union x", "Union"),
        ("", "HasUnion x", "HasUnion"),
        ("", "HasPointer& x", "HasPointer"),
        ("", "HasReference x", "HasReference"),
        ("", "Derived x", "Derived"),
        ("", "Virtual& x", "Virtual"),
        ("", "Copied x", "Copied"),
        ("", "Assigned x", "Assigned"),
        ("", "Destroyed& x", "Destroyed"),
        ("", "NoDefault x", "NoDefault"),
        ("", "Bits x", "bit field"),
        ("", "Empty x", "Empty"),
        ("", "Nameless x", "Nameless"),
        ("#include <string>\nstruct WithText { std::string s; };", "WithText x", "WithText"),
        (
            "#include <utility>\nstruct WithPair { std::pair<int, int> p; };",
            "WithPair x",
            "WithPair",
        ),
    ],
)
def test_what_is_not_supported_is_named(before: str, declared: str, named: str) -> None:
    error = refused(f"{before}\n{OTHERS}void f(int n, {declared}) {LOOP}", "f")
    assert "parameter 'x'" in str(error)
    assert named in str(error)
    assert "std::vector" in error.hint


def test_parameters_need_names_and_results_are_named_too() -> None:
    assert "without a name" in str(refused(f"void f(int, int n) {LOOP}"))
    for result in ("int*", "int&", "long double"):
        error = refused(f"{result} f(int n) {{ for (;;); }}")
        assert "the result has the type" in str(error)


def test_function_templates_are_no_kernels() -> None:
    assert "no function" in str(refused(f"template <class T> void f(T n) {LOOP}"))
    assert "no function" in str(refused(f"void f(auto n) {LOOP}"))


def test_a_function_that_calls_itself_does_work() -> None:
    source = "int ways(int n) { return n < 2 ? 1 : ways(n - 1) + ways(n - 2); }\n"
    assert parse(source).kernel.name == "ways"
    assert parse(source + "int twice(int n) { return 2 * ways(n); }\n").kernel.name == "twice"
