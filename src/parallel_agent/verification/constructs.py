"""Constructs that no kernel needs and that would let it reach out of its own file.

Found in the tokens of a source: of the text as it is, before anything that it includes is read, and
of what the compiler makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parallel_agent.kernel.parsing import translation_unit

MAX_SOURCE_BYTES = 1 << 20


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STANDARD_HEADERS = _words(
    "algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat "
    "charconv chrono cinttypes climits clocale cmath compare complex concepts condition_variable "
    "coroutine cstdalign cstdarg cstdbool cstddef cstdint cstdio cstdlib cstring ctgmath ctime "
    "cuchar cwchar cwctype deque exception execution expected flat_map flat_set format "
    "forward_list functional future generator initializer_list iomanip ios iosfwd iostream "
    "istream iterator latch limits list locale map mdspan memory memory_resource mutex new numbers "
    "numeric optional ostream print queue random ranges ratio regex scoped_allocator semaphore "
    "set shared_mutex span sstream stack stdexcept stdfloat stop_token streambuf string "
    "string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo "
    "unordered_map unordered_set utility valarray variant vector version "
    "assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h math.h "
    "stdalign.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h tgmath.h time.h "
    "uchar.h wchar.h wctype.h malloc.h alloca.h strings.h bits/stdc++.h omp.h "
    "immintrin.h x86intrin.h xmmintrin.h emmintrin.h pmmintrin.h tmmintrin.h smmintrin.h "
    "nmmintrin.h avxintrin.h avx2intrin.h fmaintrin.h arm_neon.h arm_sve.h mm_malloc.h"
)
_HEADER_FOLDERS = re.compile(r"(parallel|ext|experimental|pstl)/[\w.]+")

_PRAGMAS = re.compile(
    r"once\b|omp\b(?! (?:target|requires))|STDC\b|simd\b|ivdep\b|unroll\b|vector\b|novector\b"
    r"|clang (?:loop|diagnostic|fp)\b|GCC (?:ivdep|unroll|diagnostic|push_options|pop_options|target)\b"
)
_ATTRIBUTES = _words(
    "always_inline noinline inline hot cold flatten pure const unused maybe_unused nodiscard used "
    "aligned vector_size ext_vector_type may_alias packed malloc alloc_size alloc_align "
    "assume_aligned returns_nonnull nonnull noreturn nothrow leaf likely unlikely fallthrough "
    "assume no_unique_address carries_dependency deprecated noipa artificial gnu_inline simd "
    "target target_clones access warn_unused_result "
    "musttail mode visibility"
)
_CONDITIONS = frozenset(("if", "ifdef", "ifndef", "elif", "elifdef", "elifndef"))
_ASSEMBLER = frozenset(("asm", "__asm", "__asm__"))
_BUILTINS = re.compile(
    r"__builtin_(?:return_address|frame_address|extract_return_addr|eh_return|setjmp|longjmp|apply\w*"
    r"|trap|debugtrap|ia32_(?:ldmxcsr|rdtscp?|rdpmc|wrfsbase\w*|wrgsbase\w*|wrpkru)|init_trampoline"
    r"|readcyclecounter)|_?_rdtscp?|_mm_setcsr|__\w*san_\w+"
)
_COMPILER_NAMES = re.compile(
    r"__GNUC\w*__|__GNUG__|__VERSION__|__clang\w*|__SANITIZE_\w+|__OPTIMIZE\w*__|__has_feature"
    r"|__has_extension|__has_builtin|__has_attribute|_OPENMP|__cplusplus|__DATE__|__TIME__"
    r"|__TIMESTAMP__|__FILE__|__BASE_FILE__|__INCLUDE_LEVEL__|_GLIBCXX_\w+|__NO_INLINE__"
)
_KEYWORDS = _words(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t "
    "char32_t class compl concept const consteval constexpr constinit const_cast continue co_await "
    "co_return co_yield decltype default delete do double dynamic_cast else enum explicit export "
    "extern false float for friend goto if inline int long mutable namespace new noexcept not "
    "not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires "
    "return short signed sizeof static static_assert static_cast struct switch template this "
    "thread_local throw true try typedef typeid typename union unsigned using virtual void "
    "volatile wchar_t while xor xor_eq override final std main"
)


def in_text(source: str) -> Iterator[str]:
    """What is forbidden in a source as it is written; nothing that it includes is read."""
    if len(source.encode()) > MAX_SOURCE_BYTES:
        yield f"more than {MAX_SOURCE_BYTES >> 10} KiB of source"
        return
    if re.search(r"\?\?[=/'()!<>-]", source):
        yield "a trigraph"
    for row in _rows(source):
        conditional = row[:1] == ["@"] and row[1:2] and row[1] in _CONDITIONS
        for word in row:
            if _COMPILER_NAMES.fullmatch(word) and not conditional:
                yield f"{word} outside of a condition of the preprocessor"
    yield from _directives([word for row in _rows(source) for word in row])


def included(source: str) -> list[str]:
    """The names of the files that a source includes, in any branch of its conditions."""
    words = [word for row in _rows(source) for word in row]
    starts = (
        i + 2 for i, word in enumerate(words[:-2]) if word == "@" and words[i + 1] == "include"
    )
    return [name for start in starts if (name := _included_name(words[start : start + 40]))]


def _rows(source: str) -> list[list[str]]:
    """The tokens of each line without comments, with @ for #.

    libclang's tokens, because raw strings, digit separators and spliced lines defeat simpler means.
    Without directives, so that nothing is included.
    """
    unit = translation_unit(source.replace("%:", "#").replace("#", "@"))
    rows: dict[int, list[str]] = {}
    for token in unit.get_tokens(extent=unit.cursor.extent):
        if token.kind.name != "COMMENT":
            rows.setdefault(token.location.line, []).append(token.spelling)
    return list(rows.values())


def _directives(words: Sequence[str]) -> Iterator[str]:
    for position, word in enumerate(words):
        if word != "@":
            continue
        rest = [*words[position + 2 : position + 40], "", ""]
        kind = words[position + 1] if position + 1 < len(words) else ""
        if kind == "include":
            yield from _include(rest)
        elif kind in ("define", "undef"):
            if rest[0] in _KEYWORDS:
                yield f"#{kind} {rest[0]}"
        elif kind == "pragma":
            text = " ".join(rest[:3])
            if not _PRAGMAS.match(text):
                yield f"#pragma {' '.join(rest[:2])}"
        elif kind.isdigit() or kind in ("line", "include_next", "embed", "import"):
            yield f"#{kind}"


def _include(rest: Sequence[str]) -> Iterator[str]:
    name = _included_name(rest)
    if name is None:
        yield f"#include of a macro ({rest[0]})"
    elif name not in _STANDARD_HEADERS and not _HEADER_FOLDERS.fullmatch(name):
        yield f"#include of {name}, which is no header of the language or of OpenMP"


def _included_name(rest: Sequence[str]) -> str | None:
    if rest[0] == "<" and ">" in rest:
        return "".join(rest[1 : rest.index(">")])
    return rest[0].strip('"') if rest[0].startswith('"') else None


def in_tokens(words: Sequence[str]) -> Iterator[str]:
    """What is forbidden among the tokens that the compiler reads after preprocessing."""
    for position, word in enumerate(words):
        following = words[position + 1 : position + 400]
        if word in _ASSEMBLER:
            yield "inline assembler"
        elif _BUILTINS.fullmatch(word):
            yield word
        elif word.startswith("parallel_agent_") and word != "parallel_agent_program_main":
            yield f"the harness's name {word}"
        elif word in ("__attribute__", "__attribute"):
            yield from _attributes(_bracketed(following)[1:-1])
        elif word == "[" and following[:1] == ["["]:
            yield from _attributes(_bracketed(words[position : position + 400])[1:-1])
        elif word == "__declspec":
            yield word
        elif word == "mutable" and position and words[position - 1] not in (")", "]"):
            yield "a mutable member"
        elif word == "#" and following[:1] == ["pragma"]:
            text = " ".join(following[1:5])
            if not _PRAGMAS.match(text):
                yield f"#pragma {' '.join(following[1:3])}"
    yield from _undispatched(words)


def _bracketed(words: Sequence[str]) -> list[str]:
    """The tokens from an opening bracket to the one that closes it."""
    depth, found = 0, []
    for word in words:
        depth += (word in "([") - (word in ")]")
        found.append(word)
        if depth <= 0:
            break
    return found


def _attributes(words: Sequence[str]) -> Iterator[str]:
    """Names of attributes: between the inner brackets, outside of their arguments and scopes."""
    depth = 0
    for position, word in enumerate(words):
        depth += (word in "([") - (word in ")]")
        scope = words[position + 1 : position + 2] == ["::"]
        name = depth == 1 and word[0].isidentifier() and word != "using" and not scope
        if name and word.strip("_") not in _ATTRIBUTES:
            yield f"the attribute {word}"


def _undispatched(words: Sequence[str]) -> Iterator[str]:
    """Instruction sets that a function is compiled for, and that nobody asks the processor for.

    With a version for ``target("default")`` the compiler asks.
    """
    named: dict[str, set[str]] = {"target": set(), "__builtin_cpu_supports": set()}
    for position, word in enumerate(words[:-2]):
        if word.strip("_") == "target":
            word = "target"
        if word in named and words[position + 1] == "(":
            named[word] |= set(words[position + 2].strip('"').split(","))
    if "default" not in named["target"]:
        for missing in sorted(named["target"] - named["__builtin_cpu_supports"]):
            yield f"instructions of {missing} without __builtin_cpu_supports"
