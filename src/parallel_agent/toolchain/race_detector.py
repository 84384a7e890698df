"""The race detector: clang's ThreadSanitizer taught OpenMP by Archer, the only set-up that decides.

A thread sanitizer alone does not see the synchronization inside an OpenMP runtime and accuses
correct programs; Archer (S. Atzeni et al., IPDPS 2016) tells it through OMPT.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.runner import SANITIZER_EXIT

INSTALL = "apt-get install clang-19 libomp-19-dev libclang-rt-19-dev llvm-19"
"""What installs it on Debian 12 and later."""
_SUPPRESSIONS = "race_top:__gnu_parallel::parallel_sort_mwms\n"
"""All threads of libstdc++'s parallel sort store the same number of threads in one variable. It
alone is left out, by the function of the access itself: a comparator's own races still count."""
_LLVM = Path("/usr/lib")
_FLAGS = ("-g", "-O1", "-fopenmp", "-fsanitize=thread")


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
        kept = tuple(flag for flag in users.flags if flag.startswith(("-std=", "-D", "-I", "-U")))
        return replace(users, cxx=self.clang, flags=(*kept, *_FLAGS))

    def environment(self, directory: Path) -> dict[str, str]:
        """What a worker needs so that the first race ends it; writes a file to ``directory``."""
        suppressions = directory / "suppressions.txt"
        suppressions.write_text(_SUPPRESSIONS, encoding="utf-8")
        options = (
            "ignore_noninstrumented_modules=1",
            "atexit_sleep_ms=0",
            "halt_on_error=1",
            f"exitcode={SANITIZER_EXIT}",
            f"suppressions={suppressions.absolute()}",
            f"external_symbolizer_path={self.archer.parent.parent / 'bin' / 'llvm-symbolizer'}",
        )
        return {"OMP_TOOL_LIBRARIES": str(self.archer), "TSAN_OPTIONS": ":".join(options)}


def _version(archer: Path) -> int:
    found = re.search(r"llvm-(\d+)", str(archer))
    return int(found.group(1)) if found else 0
