"""The user's compiler: builds sources within limits and reads what it says about them."""

from __future__ import annotations

import functools
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.installation import needed_paths
from parallel_agent.toolchain.precompiling import give_up, precompiled
from parallel_agent.toolchain.sandbox import Completed, Limits

Mode = Literal["optimized", "sanitized"]
Severity = Literal["fatal error", "error", "warning", "note"]

COMPILE_LIMITS = Limits(
    wall_seconds=120.0, cpu_seconds=120, file_bytes=512 << 20, disk_bytes=1 << 30
)
DEFAULT_FLAGS = ("-std=c++20", "-O3", "-fopenmp")

SANITIZER_FLAGS = (
    "-O1",
    "-g",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-D_GLIBCXX_ASSERTIONS",
    "-D_GLIBCXX_SANITIZE_VECTOR=1",
)
"""Replace -O in the sanitized mode.

_GLIBCXX_ASSERTIONS checks every subscript of a container against its size, and the annotations of
_GLIBCXX_SANITIZE_VECTOR let the address sanitizer see raw accesses between size and capacity.
_GLIBCXX_DEBUG would see invalidated iterators too, but it gives every container and iterator
another type (__gnu_parallel's overloads and code that takes iterators for pointers see it), takes
a lock for every iterator made in a parallel region, and makes logarithmic algorithms linear.
"""

FILL_FLAG = "-ftrivial-auto-var-init=pattern"
"""Local variables that nobody has set hold a pattern, so that reading them gives other results:
in the sanitized mode, where the compiler knows it (g++ 12, clang++ 8)."""

_PREPROCESSED_BYTES = 64 << 20
_SOURCE_SUFFIXES = (".cpp", ".cc", ".cxx", ".c++", ".C")
_DIAGNOSTIC = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? "
    r"(?P<severity>fatal error|error|warning|note): (?P<message>.*)$",
    re.MULTILINE,
)
_LINKER_ERROR = re.compile(
    r"^.*(undefined reference|undefined symbol|multiple definition|cannot find -l).*$", re.MULTILINE
)


class CompilerMissing(LookupError):
    """The compiler is not on PATH."""


@dataclass(frozen=True)
class Diagnostic:
    """One message of the compiler; line and column count from 1, 0 where it names none."""

    file: str
    line: int
    column: int
    severity: Severity
    message: str

    @property
    def is_error(self) -> bool:
        """True for what keeps the source from compiling."""
        return self.severity in ("error", "fatal error")


@dataclass(frozen=True)
class Compilation:
    """What came of compiling: the program, or the diagnostics that say why there is none."""

    ok: bool
    binary: Path | None
    diagnostics: tuple[Diagnostic, ...]
    seconds: float
    stderr: str

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are errors; at least one if not ``ok``."""
        return tuple(d for d in self.diagnostics if d.is_error)


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler with the flags that the user builds with (g++ and clang++ alike)."""

    cxx: str = "g++"
    flags: tuple[str, ...] = DEFAULT_FLAGS
    limits: Limits = COMPILE_LIMITS

    def __post_init__(self) -> None:
        # What is built needs them too, when it runs: the compiler's libraries, say.
        sandbox.expose(*needed_paths(self.cxx, self.flags))

    @classmethod
    def find(cls, cxx: str = "g++", flags: tuple[str, ...] = DEFAULT_FLAGS) -> Compiler:
        """The compiler of that name or path; raises CompilerMissing where there is none."""
        path = shutil.which(cxx)
        if path is None:
            raise CompilerMissing(f"compiler '{cxx}' is not on PATH: install it or name another")
        return cls(path, flags)

    def version(self) -> str:
        """The first line of ``--version``; empty if it has none."""
        with tempfile.TemporaryDirectory() as directory:
            done = sandbox.run([self.cxx, "--version"], cwd=Path(directory), limits=self.limits)
        return next(iter(done.stdout.splitlines()), "")

    def library(self, name: str) -> Path:
        """Where the compiler finds a shared library; LookupError where it does not."""
        searched = (flag for flag in self.flags if flag.startswith(("-L", "-B", "-m", "--sysroot")))
        return _library(self.cxx, tuple(searched), name)

    def mode_flags(self, mode: Mode) -> tuple[str, ...]:
        """The flags of one mode: the user's own, or those with sanitizers instead of -O."""
        if mode == "optimized":
            return self.flags
        # A program that is linked statically cannot have the sanitizers' runtime.
        kept = (f for f in self.flags if not f.startswith("-O") and f not in ("-static", "-s"))
        filled = (FILL_FLAG,) if _accepts(self.cxx, FILL_FLAG) else ()
        return (*kept, *SANITIZER_FLAGS, *filled)

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
        """Write the sources into ``directory`` and build its .cpp files into one program there.

        Diagnostics name the files as the keys do. ``prelude`` is what each begins with anyway, in
        headers that may be read twice: it is kept precompiled, and makes no difference but to the
        time. ``objects`` are linked, too. Raises ValueError for a file name that leads out
        of the directory, and OSError where the sources cannot be written.
        """
        for name, text in sources.items():
            _write(directory, name, text)
        units = [name for name in sources if name.endswith(_SOURCE_SUFFIXES)]
        flags = (*self.mode_flags(mode), *extra_flags)
        binary = directory / output
        binary.unlink(missing_ok=True)
        # Libraries must follow the units that use them: those among the flags come once more.
        libraries = [flag for flag in flags if flag.startswith("-l")]
        arguments = [*units, *map(str, objects), "-o", output, *libraries]
        done = self._run(flags, arguments, directory, self.limits, prelude, objects)
        ok = done.ok and binary.is_file()
        if ok:  # not every sandbox lets the linker do it
            binary.chmod(0o755)
        return Compilation(
            ok=ok,
            binary=binary if ok else None,
            diagnostics=self._diagnostics(done),
            seconds=done.seconds,
            stderr=done.stderr,
        )

    def preprocess(
        self,
        sources: Mapping[str, str],
        unit: str,
        *,
        directory: Path,
        mode: Mode = "optimized",
        prelude: str = "",
    ) -> str | Diagnostic:
        """What the compiler reads of one of the sources, all it includes in place; or an error.

        The lines that begin with ``#`` say of which file's which line the following one is. Of a
        ``prelude`` (see `compile`) nothing need be in it.
        """
        for name, text in sources.items():
            _write(directory, name, text)
        output = directory / f"{unit}.ii"
        arguments = ["-E", "-fpch-preprocess", unit, "-o", output.name]
        limits = replace(self.limits, file_bytes=_PREPROCESSED_BYTES)
        done = self._run(self.mode_flags(mode), arguments, directory, limits, prelude)
        error = next((d for d in self._diagnostics(done) if d.is_error), None)
        if error is not None:
            return error
        text = output.read_text(encoding="utf-8", errors="replace")
        output.unlink()
        return text

    def check_syntax(
        self,
        text: str,
        *,
        directory: Path,
        file: str = "kernel.cpp",
        extra_flags: tuple[str, ...] = (),
    ) -> Diagnostic | None:
        """The first error in one source, without generating code; None if there is none."""
        _write(directory, file, text)
        done = sandbox.run(
            [self.cxx, *self.flags, *extra_flags, "-fsyntax-only", "-x", "c++", file],
            cwd=directory,
            limits=self.limits,
        )
        return next((d for d in self._diagnostics(done) if d.is_error), None)

    def _run(
        self,
        flags: Sequence[str],
        arguments: Sequence[str],
        directory: Path,
        limits: Limits,
        prelude: str,
        readable: Sequence[Path] = (),
    ) -> Completed:
        """Run the compiler, with the precompiled prelude if there is one.

        What fails with it is run again without: it has no say in what compiles.
        """
        header = precompiled(self.cxx, flags, prelude, self.limits) if prelude else None
        shown = [path.parent for path in readable]
        if header is not None:
            done = sandbox.run(
                [self.cxx, *flags, "-include", str(header), *arguments],
                cwd=directory,
                limits=limits,
                readable=[*shown, header.parent],
            )
            if done.ok or done.met_limit:
                return done
        done = sandbox.run(
            [self.cxx, *flags, *arguments], cwd=directory, limits=limits, readable=shown
        )
        if header is not None and done.ok:
            give_up(self.cxx, flags, prelude)
        return done

    def _diagnostics(self, done: Completed) -> tuple[Diagnostic, ...]:
        found = parse_diagnostics(done.stderr)
        if done.ok or any(d.is_error for d in found):
            return found
        return (*found, Diagnostic("", 0, 0, "error", self._failure(done)))

    def _failure(self, done: Completed) -> str:
        """Why a compilation failed that named no error of its own."""
        if done.timed_out:
            return f"the compiler took longer than {self.limits.wall_seconds:g} s"
        if done.over_memory:
            return f"the compiler took more than {self.limits.memory_bytes >> 20} MiB of memory"
        if done.over_output:
            return f"the compiler printed more than {self.limits.output_bytes >> 10} KiB"
        if done.over_disk:
            return f"the compiler wrote more than {self.limits.disk_bytes >> 20} MiB"
        linker = _LINKER_ERROR.search(done.stderr)
        if linker:
            return linker[0].strip()
        last = done.stderr.strip().rpartition("\n")[2]
        return last or f"the compiler ended with status {done.returncode}"


@functools.cache
def _accepts(cxx: str, flag: str) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        argv = [cxx, flag, "-fsyntax-only", "-x", "c++", "/dev/null"]
        return sandbox.run(argv, cwd=Path(directory), limits=COMPILE_LIMITS).ok


@functools.cache
def _library(cxx: str, flags: tuple[str, ...], name: str) -> Path:
    with tempfile.TemporaryDirectory() as directory:
        argv = [cxx, *flags, f"-print-file-name={name}"]
        path = Path(sandbox.run(argv, cwd=Path(directory), limits=COMPILE_LIMITS).stdout.strip())
    if not path.is_absolute():
        raise LookupError(f"the compiler does not find {name}")
    return path.resolve()


def parse_diagnostics(text: str) -> tuple[Diagnostic, ...]:
    """The diagnostics in the text of g++ or clang++, in order."""
    return tuple(
        Diagnostic(
            file=match["file"],
            line=int(match["line"]),
            column=int(match["column"] or 0),
            severity=match["severity"],  # type: ignore[arg-type]
            message=match["message"],
        )
        for match in _DIAGNOSTIC.finditer(text)
    )


def _write(directory: Path, name: str, text: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name.startswith("-"):
        raise ValueError(f"not a plain file name: {name!r}")
    target = directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
