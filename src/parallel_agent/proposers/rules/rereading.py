"""Sources that strategies look at again and again, parsed once."""

from __future__ import annotations

import functools
import threading

from parallel_agent.kernel.source import ParsedSource, parse

_KEPT = 8
"""What one strategy wrote, with the forms that others bring it into before they look at it."""


def reparsed(source: str, name: str) -> ParsedSource:
    """The kernel ``name`` of a source; raises SourceError like `parse`.

    The last few are kept, for each thread its own: libclang's trees are not made to be read by two
    threads at once.
    """
    return _reparsed(threading.get_ident(), source, name)


@functools.lru_cache(maxsize=_KEPT)
def _reparsed(thread: int, source: str, name: str) -> ParsedSource:
    return parse(source, name=name)
