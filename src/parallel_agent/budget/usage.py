"""What a provider says that a request took, in tokens."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Tokens = Annotated[int, Field(ge=0)]


class Usage(BaseModel):
    """The tokens of one request and its reply.

    ``input_tokens`` includes those read from and written to the provider's cache,
    ``output_tokens`` includes the reasoning that is billed but not shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: Tokens
    output_tokens: Tokens
    cache_read_tokens: Tokens = 0
    cache_write_tokens: Tokens = 0
    reasoning_tokens: Tokens = 0

    @property
    def tokens(self) -> int:
        """Those of input and output together."""
        return self.input_tokens + self.output_tokens

    @model_validator(mode="after")
    def _parts_within_whole(self) -> Self:
        if self.cache_read_tokens + self.cache_write_tokens > self.input_tokens:
            raise ValueError("more cached tokens than tokens of input")
        if self.reasoning_tokens > self.output_tokens:
            raise ValueError("more reasoning tokens than tokens of output")
        return self
