"""Sources that attack the compiler: secrets included, and bombs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adversarial.escapes.scene import works
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compilation, Compiler
from parallel_agent.toolchain.launchers.bubblewrap import Bubblewrap
from parallel_agent.toolchain.launchers.landlock import Landlock
from parallel_agent.toolchain.launchers.unguarded import Unguarded

LAUNCHERS = {"bubblewrap": Bubblewrap.find, "landlock": Landlock.find}
SECRET = "nobody_but_the_user_may_read_this"
MIB = 1 << 20

INCLUDED = '#include "{path}"\nint main() {{}}\n'
SYSTEM_INCLUDED = "#include <{path}>\nint main() {{}}\n"
ASSEMBLED = """__asm__(".section .rodata\\nsecret: .incbin \\"{path}\\"\\n.byte 0\\n.text");
int main() {{}}
"""
PROBED = '#if __has_include("{path}")\n#error "it is there"\n#endif\nint main() {{}}\n'

BOMBS = {
    "templates": """template <int N, int M> struct Tree {
    static constexpr long value = Tree<N - 1, 2 * M>::value + Tree<N - 1, 2 * M + 1>::value;
};
template <int M> struct Tree<0, M> { static constexpr long value = M; };
int main() { return static_cast<int>(Tree<26, 0>::value); }
""",
    "macros": "".join(
        ["#define X0 x,x,x,x,x,x,x,x,x,x\n"]
        + [f"#define X{n} {','.join([f'X{n - 1}'] * 10)}\n" for n in range(1, 9)]
        + ["int x = 1;\nint all[] = {X8};\nint main() {}\n"]
    ),
    "data": "char data[1ull << 34] = {1};\nint main() { return data[5]; }\n",
    "includes": '#include "kernel.cpp"\n#include "kernel.cpp"\nint main() {}\n',
    "constants": """constexpr long f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }
static_assert(f(60) > 0);
int main() {}
""",
    "device": '#include "/dev/zero"\nint main() {}\n',
    "devices": '__asm__(".incbin \\"/dev/zero\\"");\nint main() {}\n',
}


@pytest.fixture(params=LAUNCHERS)
def launched(request: pytest.FixtureRequest) -> Iterator[None]:
    find = LAUNCHERS[request.param]
    if not works(find):
        pytest.skip(f"{request.param} does not work here")
    with sandbox.launched_by(find()):
        yield


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "secret.txt"
    path.parent.mkdir()
    path.write_text(f"{SECRET}\n")
    return path


def compiled(source: str, tmp_path: Path) -> Compilation:
    directory = tmp_path / "candidate"
    directory.mkdir()
    return Compiler.find(flags=("-std=c++20", "-O1")).compile(
        {"kernel.cpp": source}, directory=directory, output="program"
    )


def shows_secret(done: Compilation) -> bool:
    return SECRET in done.stderr or (
        done.binary is not None and SECRET.encode() in done.binary.read_bytes()
    )


@pytest.mark.usefixtures("launched")
@pytest.mark.parametrize("source", [INCLUDED, SYSTEM_INCLUDED, ASSEMBLED])
def test_a_secret_cannot_be_included(tmp_path: Path, secret: Path, source: str) -> None:
    done = compiled(source.format(path=secret), tmp_path)
    assert not done.ok
    assert not shows_secret(done)


@pytest.mark.parametrize("source", [INCLUDED, SYSTEM_INCLUDED, ASSEMBLED])
def test_a_secret_can_be_included_without_sandbox(
    tmp_path: Path, secret: Path, source: str
) -> None:
    with sandbox.launched_by(Unguarded.find()):
        assert shows_secret(compiled(source.format(path=secret), tmp_path))


@pytest.mark.usefixtures("launched")
@pytest.mark.parametrize(
    "path", ["/etc/shadow", "/etc/passwd", "/proc/1/environ", "/root/.bashrc", "../home/secret.txt"]
)
def test_files_of_the_system_cannot_be_included(tmp_path: Path, secret: Path, path: str) -> None:
    done = compiled(INCLUDED.format(path=path), tmp_path)
    assert not done.ok
    assert "fatal error" in done.stderr
    assert not shows_secret(done)


def test_whether_a_file_is_there_is_hidden_too(tmp_path: Path, secret: Path) -> None:
    if not works(Bubblewrap.find):
        pytest.skip("bubblewrap does not work here")
    with sandbox.launched_by(Bubblewrap.find()):
        assert compiled(PROBED.format(path=secret), tmp_path).ok


@pytest.mark.usefixtures("launched")
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends(tmp_path: Path, bomb: str) -> None:
    directory = tmp_path / "candidate"
    directory.mkdir()
    compiler = Compiler.find(flags=("-std=c++20", "-O1"))
    limits = replace(
        compiler.limits,
        wall_seconds=2.0,
        cpu_seconds=2,
        memory_bytes=400 * MIB,
        file_bytes=16 * MIB,
        disk_bytes=64 * MIB,
    )
    done = replace(compiler, limits=limits).compile(
        {"kernel.cpp": BOMBS[bomb]}, directory=directory, output="program"
    )
    assert not done.ok
    assert done.errors
    assert len(done.stderr) <= limits.output_bytes
    left = sum(path.stat().st_blocks * 512 for path in directory.rglob("*"))
    assert left <= limits.disk_bytes
