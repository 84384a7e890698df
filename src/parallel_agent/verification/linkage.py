"""Gate: the program calls nothing outside, and replaces nothing of the libraries.

What the linker says cannot be hidden by macros, pointers or conditional compilation: a program
without inline assembler reaches the operating system through functions that it imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from parallel_agent.toolchain.symbols import Symbols, dynamic_symbols, library_symbols
from parallel_agent.verification.build import build
from parallel_agent.verification.gate import Examination, Rejection

SYSTEM = re.compile(r"(libc|libpthread|libdl|librt|libutil|libanl|ld-linux.*|libmvec)\.so")
"""Libraries of which a kernel may use only what is listed in ALLOWED."""
_RUNTIMES = re.compile(r"(libgomp|libomp|libiomp5)\.so")
_CXX = re.compile(r"(libstdc\+\+|libc\+\+|libc\+\+abi)\.so")
_MATH = re.compile(r"libm\.so")


def _alternatives(words: str) -> re.Pattern[str]:
    return re.compile("|".join(words.split()))


ALLOWED = _alternatives(
    # memory and strings
    r"mem\w+ bcmp str(n?len|n?c(at|mp|py)|r?chr|c?spn|pbrk|str|coll|xfrm|n?casecmp|n?dup|tok_r) "
    r"stp\w+ wmem\w+ malloc calloc realloc reallocarray free posix_memalign aligned_alloc "
    r"malloc_usable_size "
    # numbers and text
    r"(__isoc\w+_)?(strto\w+|v?sscanf) ato[ifl]+ v?snprintf v?sprintf (is|to)[a-z]+ __ctype_\w+ "
    r"abs labs llabs l?l?div qsort(_r)? bsearch rand_r [delmn]rand48_r isnan\w* isinf\w* finite\w* "
    r"(__)?(frexp|ldexp|modf|scalbn|copysign|signbit)[fl]? "
    # what the compiler calls, and the checked forms of the above
    r"__cxa_\w+ __libc_start_main __errno_location __tls_get_addr __libc_single_threaded __assert_fail __stack_chk_fail "
    r"__(mem|str|stp)\w+_chk __v?sn?printf_chk __fdelt_chk "
    # threads that are waited for; nothing that outlives a call
    r"pthread_(create|join|self|equal|once|mutex_\w+|spin_\w+|rwlock_\w+|cond_\w+|barrier_\w+) "
    r"sched_yield sched_getcpu sysconf get_nprocs(_conf)? __sched_cpu\w+ "
)
_FORBIDDEN_MATH = _alternatives(
    r"fe(set|clear|raise|hold|update|enable|disable)\w* signgam matherr"
)
_FORBIDDEN_RUNTIME = _alternatives(
    r"omp_set_(num_threads|dynamic|nested|max_active_levels|schedule|num_teams|teams_thread_limit)_?\w* "
    r"omp_get_w(time|tick)_?\w* omp_control_tool omp_display_\w+ omp_pause_\w+ kmp_\w+ acc_\w+"
)
_FORBIDDEN_CXX = re.compile(
    r"_Z\w*(filebuf|fstream|filesystem|__basic_file|6thread6detach|thread16_M_release"
    r"|chrono\w*clock3now|this_thread|13random_device|set_terminate|set_unexpected|set_new_handler"
    r"|6locale6global|sync_with_stdio|quick_exit)"
    r"|_ZSt(4cout|4cerr|4clog|3cin|5wcout|5wcerr|5wclog|4wcin)"
)
_OF_STD = re.compile(
    r"_Z(T[ISVT]|GV|Z)?N?K?(St|S[abdios]|9__gnu_cxx|10__cxxabiv1|14__gnu_parallel)"
)


class LinkageGate:
    """Compares what the candidate's program imports and defines with the original's program."""

    name = "linkage"

    def check(self, examination: Examination) -> str:
        """Read the symbols; whatever the original's own program uses is not held against it."""
        if examination.optimized is None:
            raise Rejection("could not be checked: there is no binary")
        candidate = _symbols(examination, examination.source, examination.optimized)
        own = _symbols(examination, examination.kernel.source, examination.reference.binary)
        libraries = {name: _defined(examination, name) for name in candidate.libraries}
        for name in sorted(candidate.defined - own.defined):
            if any(name in symbols for symbols in libraries.values()) and not _OF_STD.match(name):
                raise Rejection(f"replaces a function of a library: {name}")
        fresh = candidate.imported - own.imported
        outside = sorted(refused(fresh, libraries))
        if outside:
            raise Rejection(f"calls what the original does not: {', '.join(outside)}")
        return f"{len(candidate.imported)} functions of libraries, {len(fresh)} not the original's"


def _defined(examination: Examination, library: str) -> frozenset[str]:
    """What a library defines; nothing if it is not found, so that what it is used for is refused."""
    try:
        return library_symbols(examination.compiler.library(library))
    except LookupError:
        return frozenset()


def _symbols(examination: Examination, source: str, binary: Path) -> Symbols:
    """Of a program, or of what it would be if it were not linked statically."""
    compiler = examination.compiler
    shared = tuple(flag for flag in compiler.flags if not flag.startswith("-static"))
    if shared == compiler.flags:
        return dynamic_symbols(binary)
    signature, directory = examination.kernel.signature, examination.directory / "linkage"
    built = build(replace(compiler, flags=shared), signature, source, directory, "optimized")
    if built.binary is None:
        raise Rejection("could not be checked: it builds only when linked statically")
    return dynamic_symbols(built.binary)


def refused(imported: Iterable[str], libraries: dict[str, frozenset[str]]) -> Iterator[str]:
    """Those of the imported names that a kernel has no business with."""
    for name in imported:
        homes = [library for library, symbols in libraries.items() if name in symbols]
        if not homes or any(_refuses(library, name) for library in homes):
            yield name


def _refuses(library: str, name: str) -> bool:
    if _RUNTIMES.match(library):
        return bool(_FORBIDDEN_RUNTIME.fullmatch(name))
    if _CXX.match(library):
        return bool(_FORBIDDEN_CXX.match(name))
    if _MATH.match(library):
        return bool(_FORBIDDEN_MATH.fullmatch(name))
    return bool(SYSTEM.match(library)) and not ALLOWED.fullmatch(name)
