"""Which functions of libraries a kernel may use."""

from __future__ import annotations

import pytest

from parallel_agent.verification.linkage import refused


@pytest.mark.parametrize(
    ("library", "names"),
    [
        ("libc.so.6", "memcpy memmove strlen malloc posix_memalign qsort strtod snprintf"),
        ("libc.so.6", "__cxa_atexit __assert_fail __memcpy_chk pthread_mutex_lock sched_yield"),
        ("libc.so.6", "__libc_single_threaded toupper __ctype_b_loc pthread_create ldexp"),
        ("libm.so.6", "sin cosf sincos pow fegetround lgamma_r"),
        ("libgomp.so.1", "GOMP_parallel omp_get_thread_num omp_get_max_threads omp_set_lock"),
        ("libomp.so.5", "__kmpc_fork_call omp_get_num_threads"),
        ("libstdc++.so.6", "_Znwm _ZSt20__throw_length_errorPKc _ZSt9terminatev"),
        ("libstdc++.so.6", "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateE"),
        ("libblas.so.3", "cblas_dgemm"),
    ],
)
def test_what_computing_needs_is_allowed(library: str, names: str) -> None:
    symbols = frozenset(names.split())
    assert list(refused(symbols, {library: symbols})) == []


@pytest.mark.parametrize(
    ("library", "names"),
    [
        ("libc.so.6", "fork execve open fopen socket connect read write mmap syscall dlopen"),
        ("libc.so.6", "exit _exit abort raise signal sigaction setjmp longjmp atexit alarm"),
        ("libc.so.6", "getenv setenv setlocale chdir nice mlock clock_gettime time nanosleep"),
        ("libc.so.6", "printf puts putchar stdout rand pthread_detach pthread_kill ptrace"),
        ("libpthread.so.0", "pthread_setaffinity_np"),
        ("libm.so.6", "fesetround fesetenv feenableexcept feupdateenv"),
        ("libgomp.so.1", "omp_set_num_threads omp_set_dynamic omp_get_wtime"),
        ("libstdc++.so.6", "_ZSt4cout _ZNSt6thread6detachEv _ZNSt13random_device7_M_finiEv"),
        ("libstdc++.so.6", "_ZNSt6chrono3_V212system_clock3nowEv"),
        ("libstdc++.so.6", "_ZNSt14basic_ofstreamIcSt11char_traitsIcEEC1Ev"),
    ],
)
def test_what_leads_outside_is_refused(library: str, names: str) -> None:
    symbols = frozenset(names.split())
    assert set(refused(symbols, {library: symbols})) == symbols


def test_a_name_of_no_library_is_refused() -> None:
    assert list(refused(["__asan_init"], {"libc.so.6": frozenset(("memcpy",))})) == ["__asan_init"]
