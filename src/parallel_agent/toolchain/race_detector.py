"""The race detector: clang's ThreadSanitizer taught OpenMP by Archer, the only set-up that decides.

A thread sanitizer alone does not see the synchronization inside an OpenMP runtime and accuses
correct programs; Archer (S. Atzeni et al., IPDPS 2016) tells it through OMPT. What Archer leaves
out (memory of tasks that is used again, reductions of tasks, doacross loops) is in
``harness/openmp_annotations.cpp``, which is linked into every program that is watched.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from parallel_agent.toolchain.compiler import Compilation, Compiler, Mode
from parallel_agent.toolchain.precompiling import compiled
from parallel_agent.toolchain.runner import SANITIZER_EXIT

INSTALL = "apt-get install clang-19 libomp-19-dev libclang-rt-19-dev llvm-19"
"""What installs it on Debian 12 and later."""
_SAID = re.compile(r"ThreadSanitizer: ([^\n(]+)")
_SUPPRESSIONS_FILE = "suppressions.txt"
_SUPPRESSIONS = """\
called_from_lib:libomp.so
called_from_lib:libarcher.so
race:.red_comb.
race:.red_fini.
race_top:__gnu_parallel::parallel_sort_mwms
"""
"""What is left out.

What the OpenMP runtime itself does. Not with ignore_noninstrumented_modules=1, as Archer's
documentation has it: that leaves out also what memcpy, memset and the standard library do for the
program. The combining of task reductions, which is done by one thread when all tasks have ended.
All threads of libstdc++'s parallel sort store the same number of threads in one variable: it alone
is left out, by the function of the access itself, and a comparator's own races still count.
"""
_ANNOTATIONS = "openmp_annotations.cpp"
_WRAPPED = (
    "__kmpc_omp_task_alloc",
    "__kmpc_omp_task",
    "__kmpc_omp_task_with_deps",
    "__kmpc_taskloop",
    "__kmpc_taskloop_5",
    "__kmpc_taskred_init",
    "__kmpc_taskred_modifier_init",
    "__kmpc_task_reduction_get_th_data",
    "__kmpc_dispatch_next_4",
    "__kmpc_dispatch_next_4u",
    "__kmpc_dispatch_next_8",
    "__kmpc_dispatch_next_8u",
    "__kmpc_doacross_init",
    "__kmpc_doacross_fini",
    "__kmpc_doacross_post",
    "__kmpc_doacross_wait",
)
_LLVM = Path("/usr/lib")
_SAYING_WHAT = (
    "-std=", "-D", "-I", "-U", "-funsigned-char", "-fsigned-char",
    "-march=", "-mavx", "-msse", "-mfma", "-mbmi", "-mf16c", "-mpopcnt", "-mlzcnt",
)  # fmt: skip
"""Flags that decide what is compiled: language, macros, headers, and which intrinsics there are."""
_FLAGS = (
    "-g",
    "-O1",
    "-fopenmp",
    "-fsanitize=thread",
    # Otherwise a load may be moved to where the source has none, and race there.
    "-mllvm",
    "-disable-licm-promotion",
    # That in turn leaves the sum of a simd loop in memory, where the vectorizer, told that no two
    # iterations meet, loses all but one of its lanes. Vectorization must be off by width:
    # -fno-vectorize spares loops that a pragma asks it for.
    "-mllvm",
    "-force-vector-width=1",
    "-mllvm",
    "-force-vector-interleave=1",
    "-Wno-pass-failed",
    "-Wl," + ",".join(f"--wrap={name}" for name in _WRAPPED),
)


class RaceCompiler(Compiler):
    """Builds programs that are watched for data races."""

    def compile(
        self,
        sources: Mapping[str, str],
        *,
        directory: Path,
        output: str,
        mode: Mode = "optimized",
        extra_flags: tuple[str, ...] = (),
        prelude: str = "",
        objects: tuple[Path, ...] = (),
    ) -> Compilation:
        """As `Compiler.compile`, together with what tells the sanitizer of OpenMP."""
        folder = resources.files("parallel_agent.toolchain") / "harness"
        annotations = (folder / _ANNOTATIONS).read_text(encoding="utf-8")
        kept = compiled(self.cxx, self.flags, annotations, self.limits, _ANNOTATIONS)
        return super().compile(
            sources if kept else {**sources, _ANNOTATIONS: annotations},
            directory=directory,
            output=output,
            mode=mode,
            extra_flags=extra_flags,
            prelude=prelude if kept else "",
            objects=(*objects, kept) if kept else objects,
        )


class RaceDetectorMissing(LookupError):
    """Something cannot be done without a race detector, and none is installed."""


@dataclass(frozen=True)
class RaceDetector:
    """A clang++ with its Archer library, of the same version."""

    clang: str
    archer: Path

    @classmethod
    def find(cls) -> RaceDetector | None:
        """The newest one installed, version 16 or later; None if there is none."""
        for archer in sorted(_LLVM.glob("llvm-*/lib/libarcher.so"), key=_version, reverse=True):
            clang = shutil.which(f"clang++-{_version(archer)}")
            runtime = archer.parent.glob("clang/*/lib/*/libclang_rt.tsan*")
            if clang and _version(archer) >= 16 and next(runtime, None):
                return cls(clang, archer)
        return None

    def compiler(self, users: Compiler) -> Compiler:
        """The compiler that instruments, with those of the user's flags that say what is compiled."""
        kept = tuple(flag for flag in users.flags if flag.startswith(_SAYING_WHAT))
        return RaceCompiler(self.clang, (*kept, *_FLAGS), users.limits)

    def environment(self, directory: Path) -> dict[str, str]:
        """What a worker needs so that the first race ends it.

        Writes a file to ``directory``, where the program must lie: the file is looked for beside it,
        because no path with a space or a colon can be given.
        """
        (directory / _SUPPRESSIONS_FILE).write_text(_SUPPRESSIONS, encoding="utf-8")
        options = (
            "atexit_sleep_ms=0",
            "halt_on_error=1",
            f"exitcode={SANITIZER_EXIT}",
            f"suppressions={_SUPPRESSIONS_FILE}",
            f"external_symbolizer_path={self.archer.parent.parent / 'bin' / 'llvm-symbolizer'}",
        )
        return {"OMP_TOOL_LIBRARIES": str(self.archer), "TSAN_OPTIONS": ":".join(options)}


def finding(printed: str, file: str) -> str:
    """What the detector printed, in short: a data race, or else its own words; lines of ``file``."""
    said = _SAID.search(printed)
    kind = said[1].strip() if said else "the race detector ended it"
    places = re.findall(rf"#\d+ .*{re.escape(file)}:(\d+)", printed)
    lines = sorted({int(line) for line in places})
    shown = f" at line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}" if lines else ""
    return f"{'a data race' if kind == 'data race' else kind}{shown}"


def thread_counts(threads: int) -> tuple[int, ...]:
    """The numbers of threads that a program with ``threads`` of its own is watched at.

    More than it will have, and two that are neighbours: with any one number the pieces of work
    of a static schedule may fall so that two that meet belong to the same thread.
    """
    return (2 * threads, 2 * threads + 1)


def _version(archer: Path) -> int:
    found = re.search(r"llvm-(\d+)", str(archer))
    return int(found.group(1)) if found else 0
