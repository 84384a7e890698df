"""Functions that no program of ours can call: found, told by their declaration, and compared."""

from __future__ import annotations

import pytest

from parallel_agent.agent.project.isolation import in_words
from parallel_agent.kernel.declared import (
    declaration_of,
    face_of,
    find_declared,
    parsed_or_declared,
)
from parallel_agent.kernel.source import ParsedSource, SourceError

SOURCE = """#include <map>
#include <vector>
namespace reef {
template <class T> struct Bank {
    T sum(const std::vector<T>& x) const {
        T all{};
        for (const T& each : x) all += each;
        return all;
    }
};
struct Coral {
    virtual void grow(double by);
    static int age(int n) { return n; }
    double height;
};
void Coral::grow(double by) {
    for (int i = 0; i < 9; ++i) height += by;
}
template <typename T, int N> T most(const T* x) { return x[N]; }
int count(const std::map<int, int>& seen) {
    int n = 0;
    for (const auto& each : seen) n += each.second;
    return n;
}
int plain(const std::vector<int>& x) { return x.empty() ? 0 : x[0]; }
int twice(int x) { return x; }
int twice(long x) { return int(x); }
}
"""


def declared(name: str, source: str = SOURCE) -> ParsedSource:
    found = find_declared(source, name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "whole", "why", "shown"),
    [
        (
            "sum",
            "reef::Bank::sum",
            "it is a method",
            "T sum(const std::vector<T>& x) const (of Bank)",
        ),
        ("grow", "reef::Coral::grow", "it is a method", "void Coral::grow(double by) (of Coral)"),
        ("most", "reef::most", "'most<T, N>'", "template <typename T, int N> T most(const T* x)"),
        (
            "reef::count",
            "reef::count",
            "not supported",
            "int count(const std::map<int, int>& seen)",
        ),
    ],
)
def test_what_cannot_be_called_is_known_by_its_declaration(
    name: str, whole: str, why: str, shown: str
) -> None:
    parsed = parsed_or_declared(SOURCE, name)
    assert parsed.kernel.name == whole
    assert why in parsed.kernel.unsupported
    assert declaration_of(parsed) == shown
    assert f"`{shown}`" in in_words(parsed, parsed.kernel.unsupported)


def test_what_can_be_called_and_what_is_not_there_are_for_the_parser() -> None:
    assert find_declared(SOURCE, "plain") is None
    assert parsed_or_declared(SOURCE, "plain").kernel.unsupported == ""
    with pytest.raises(SourceError, match="no function is named 'nothing'"):
        parsed_or_declared(SOURCE, "nothing")
    with pytest.raises(SourceError, match="several functions are named 'twice'"):
        find_declared(SOURCE, "twice")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("sum", "x) const {", "x) {"),
        ("grow", "virtual void grow", "void grow"),
        ("age", "static int age(int n)", "int age(int n)"),
        ("age", "int age(int n)", "int age(long n)"),
        ("count", "int count", "static int count"),
    ],
)
def test_another_declaration_has_another_face(name: str, old: str, new: str) -> None:
    assert face_of(declared(name)) != face_of(declared(name, SOURCE.replace(old, new)))
    assert face_of(declared(name)) == face_of(declared(name, SOURCE.replace("all += each", "")))
