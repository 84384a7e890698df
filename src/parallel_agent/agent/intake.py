"""From a source text to a parsed kernel that the user's compiler accepts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from parallel_agent.kernel.parsing import look_in
from parallel_agent.kernel.source import ParsedSource, SourceError, parse, with_standard_headers
from parallel_agent.settings import Settings
from parallel_agent.toolchain.compiler import Compiler

HEADERS_NOTE = "the source lacks includes that it needs: <bits/stdc++.h> was added"


def read_source(path: Path) -> str:
    """The text of a source file; SourceError if it is missing, unreadable, empty or not text."""
    hint = "Give a C++ source file"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SourceError(f"there is no file {path}", hint) from None
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8 text", hint) from None
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", hint) from None
    if not text.strip():
        raise SourceError(f"{path} is empty", hint)
    return text


def with_contract_beside(given: Settings, source: Path) -> Settings:
    """The settings with the contract that lies beside a source, where they name none."""
    beside = source.with_suffix(".toml")
    if given.contract is None and beside.is_file():
        return given.model_copy(update={"contract": beside})
    return given


def take_in(source: str, name: str | None, compiler: Compiler) -> ParsedSource:
    """Parse the source and find the kernel, adding ``<bits/stdc++.h>`` where includes are missing.

    Raises SourceError if it does not compile even so (with the compiler's first error and its
    line), and for all that `parse` refuses.
    """
    if not source.strip():
        raise SourceError("the source is empty", "Give a C++ source file")
    look_in(compiler.flags)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        directory = Path(scratch)
        first = compiler.check_syntax(source, directory=directory)
        if first is None:
            return parse(source, name=name)
        helped = with_standard_headers(source)
        if compiler.check_syntax(helped, directory=directory) is None:
            return parse(helped, name=name, notes=(HEADERS_NOTE,))
    raise SourceError(
        f"the source does not compile: line {first.line}: {first.message}",
        f"Correct it until '{Path(compiler.cxx).name} -fsyntax-only' accepts it",
    )
