"""What other agents may ask for, and nothing else: an argument that is not here is refused."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

MAX_SOURCE_BYTES = 1 << 20
"""Of a source that comes as text."""
_Source = Annotated[str, Field(max_length=MAX_SOURCE_BYTES)]


class BadRequest(ValueError):
    """Arguments that cannot be; ``hint`` says what can."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Request(BaseModel):
    """The arguments of one call."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoArguments(Request):
    """A call without any."""


class KernelRequest(Request):
    """Which kernel, and what is known of it. Either ``file`` or ``source`` is given."""

    file: str | None = Field(None, description="C++ file with the kernel, below the root.")
    source: _Source | None = Field(None, description="C++ text with the kernel, instead of a file.")
    kernel: str | None = Field(
        None, description="The function to look at; needed where the file has several."
    )
    contract: str | None = Field(
        None,
        description="TOML file, below the root, with the inputs that the kernel accepts. Default: "
        "the one beside the file, else it is inferred.",
    )
    seed: Annotated[int, Field(ge=0)] | None = Field(None, description="Of all random inputs.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.source is None):
            raise ValueError("give either 'file' or 'source'")
        return self


class ThreadedRequest(KernelRequest):
    """A kernel that candidates are run or timed against."""

    threads: Annotated[int, Field(ge=1)] | None = Field(
        None, description="OpenMP threads of candidates; no more than the owner of the tool allows."
    )
    size: tuple[str, ...] = Field(
        (),
        max_length=8,
        description="Sizes to time at, '4096' for every dimension or 'M=100,N=200'. Default: a "
        "small, a cache-sized and a large one.",
    )


class TimedRequest(ThreadedRequest):
    """A kernel that is timed."""

    effort: Literal["quick", "normal", "thorough"] | None = Field(
        None, description="How long to search and to time: about one, two or twenty minutes."
    )


class OptimizeRequest(TimedRequest):
    """Write, check and time parallel versions of a sequential C++ function."""

    free_only: bool = Field(
        False, description="Ask no chat model: only what is built in, which costs nothing."
    )


class VerifyRequest(ThreadedRequest):
    """Hold a candidate against an original. Either ``candidate_file`` or ``candidate`` is given."""

    candidate_file: str | None = Field(None, description="C++ file with it, below the root.")
    candidate: _Source | None = Field(None, description="C++ text of it, instead of a file.")

    @model_validator(mode="after")
    def _one_candidate(self) -> Self:
        if (self.candidate_file is None) == (self.candidate is None):
            raise ValueError("give either 'candidate_file' or 'candidate'")
        return self


class ProfileRequest(TimedRequest):
    """Time an original, and a candidate against it where one is given."""

    candidate_file: str | None = Field(None, description="C++ file with it, below the root.")
    candidate: _Source | None = Field(None, description="C++ text of it, instead of a file.")

    @model_validator(mode="after")
    def _at_most_one_candidate(self) -> Self:
        if self.candidate_file is not None and self.candidate is not None:
            raise ValueError("give either 'candidate_file' or 'candidate'")
        return self


class TaskRequest(TimedRequest):
    """Begin to write candidates for a kernel oneself."""


class SubmitRequest(Request):
    """A version of the whole file. Either ``file`` or ``source`` is given."""

    session: str = Field(description="What 'task' named its session.")
    file: str | None = Field(None, description="C++ file with the version, below the root.")
    source: _Source | None = Field(None, description="C++ text of it, instead of a file.")
    strategy: Annotated[str, Field(max_length=80)] = Field(
        "", description="In a word or two what it does, such as one of the task's strategies."
    )
    parent: str = Field("", description="The id of the candidate that it was made from, if any.")
    why: Annotated[str, Field(max_length=1000)] = Field(
        "", description="Why it is right, and faster; kept with the candidate."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.source is None):
            raise ValueError("give either 'file' or 'source'")
        return self


class SessionRequest(Request):
    """A session that 'task' began."""

    session: str = Field(description="What 'task' named it.")


class RunRequest(Request):
    """One of the runs of this account."""

    run: str = Field(description="Its name, as optimize, verify and budget give it.")


def bad_request(error: ValidationError) -> BadRequest:
    """What is wrong with the first bad argument."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return BadRequest(
            f"there is no argument '{name}'",
            "Leave it out: model, money and compiler are chosen by the owner of this tool",
        )
    message = f"{name}: {problem}" if name else problem
    return BadRequest(message, "Correct the argument; the tool's schema says what it may be")
