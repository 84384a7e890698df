"""What a strategy is: a named way to parallelize that knows where it applies and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from parallel_agent.kernel.source import ParsedSource


class NotApplicable(Exception):
    """A strategy has nothing (more) to offer for a source; the message says why."""


class Options(BaseModel):
    """The tunables of one rewrite.

    ``variant`` is one of the strategy's own variants, ``tuning`` holds values for its tunables (see
    `Tunable`; what is missing keeps its default). ``guard`` is a C++ condition, valid at the
    kernel's entry and inside it, that tells when parallel execution pays (for example
    ``x.size() >= 20000``): where it does not hold the original code runs (see `dispatch`). ``isa``
    is an instruction set beyond what the compiler's flags allow, used where the processor has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant: str = ""
    tuning: Mapping[str, int] = Field(default_factory=dict)
    guard: str = ""
    isa: str = ""


class Proposal(BaseModel):
    """A rewritten source with the static reasons for and against it.

    ``speculative`` means that independence could not be proved from the source alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    reasons_for: tuple[str, ...]
    reasons_against: tuple[str, ...] = ()
    speculative: bool = False


class Strategy(Protocol):
    """One way to parallelize."""

    name: str
    """The field's standard term, in snake case: ``parallel_loop``, ``reduction`` …"""

    def variants(self, parsed: ParsedSource) -> list[str]:
        """Names of the variants worth trying on this source, best first; empty: not applicable."""
        ...

    def rewrite(self, parsed: ParsedSource, options: Options) -> Proposal:
        """The rewritten source; NotApplicable if there is nothing to rewrite."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A strategy with numbers to search: tile sizes, chunks, cut-offs."""

    tunables: Mapping[str, tuple[int, ...]]
    """By name, the values worth trying; the first is what a rewrite takes that is told nothing."""
