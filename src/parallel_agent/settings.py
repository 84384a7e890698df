"""Every knob, once: its default, its environment variable, its place in the config file, its flag.

Values come, the first that is given wins, from arguments (the flags of the command line), from
environment variables ``PARALLEL_AGENT_NAME``, and from ``parallel-agent.toml`` in the working
directory. Defaults are those below.
"""

from __future__ import annotations

import os
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from parallel_agent.budget.memory.units import parse_memory

CONFIG_FILE = "parallel-agent.toml"
ENVIRONMENT = "PARALLEL_AGENT_"
"""What the names of environment variables begin with."""
MAX_BUDGET_USD = Decimal(1_000_000)
"""A cap above this is taken for a slip of the keyboard."""

Effort = Literal["quick", "normal", "thorough"]
Server = Literal["auto", "llama.cpp", "vllm", "ollama", "transformers"]


class SettingsError(ValueError):
    """A setting that cannot be: the message names the setting and what is wrong with it.

    ``hint`` says what to do about it, where that is not to correct the setting.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Settings(BaseSettings):
    """What a run is told. Immutable; raises SettingsError through `load_settings` for bad values."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT,
        toml_file=CONFIG_FILE,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    out: Path | None = None
    """``--out``: the run or suite folder; default a fresh one under ``.parallel-agent/runs/``."""
    kernel: str | None = None
    """``--kernel``: the function to speed up; default the only one that can be it."""
    contract: Path | None = None
    """``--contract``: a TOML file; default ``NAME.toml`` beside the source, else inferred."""
    threads: Annotated[int | None, Field(ge=1, le=1024)] = None
    """``--threads``: OpenMP threads of the candidates; default all cores this process may use."""
    size: Annotated[tuple[str, ...], NoDecode] = ()
    """``--size``: sizes to time at, ``4096`` for every dimension or ``M=100,N=200``; repeatable."""
    seed: Annotated[int, Field(ge=0)] = 0
    """``--seed``: of all random inputs."""
    effort: Effort = "normal"
    """``--effort``: how long the free search may take and how long each candidate is timed."""
    model: Annotated[tuple[str, ...], NoDecode] = ("rules",)
    """``--model``: who writes candidates, ``[ROLE=]REF``: ``rules`` (built in, free),
    ``openai:NAME``, another provider's ``PROVIDER:NAME``, ``http://HOST:PORT/v1#NAME`` of a server,
    ``local:PATH_OR_NAME`` of one that is started here, or ``replay:FILE``; repeatable."""
    price: Annotated[tuple[str, ...], NoDecode] = ()
    """``--price``: what a model costs, ``[REF=]IN,OUT`` in US dollars per million tokens, or
    ``[REF=]free``; repeatable. Default: the list of genai-prices; a model that is in neither is
    refused."""
    budget: Annotated[Decimal, Field(ge=0, le=MAX_BUDGET_USD)] = Decimal(0)
    """``--budget``: the most that may be spent, in US dollars."""
    branches: Annotated[int, Field(ge=1, le=64)] = 4
    """``--branches``: branches of chat models at work at once; compilers and tests run beside one
    another only as far as there are cores, and timings one at a time."""
    answers: Annotated[int | None, Field(ge=1, le=100_000)] = None
    """``--answers``: answers of chat models asked for at most; default 6, 24 or 200 by effort.
    Money ends it sooner."""
    policy: str = "default"
    """``--policy``: who decides what the money is spent on."""
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 8192
    """``--max-output-tokens``: the longest answer of a model, its reasoning included. Each request
    reserves the price of so many; an answer that is cut off is paid for and worth nothing."""
    request_seconds: Annotated[float, Field(gt=0, le=86_400)] = 300
    """Seconds that a model has for one answer. What it is doing after that may be billed, and is
    counted in full."""
    memory: str | None = None
    """``--memory``: the most that the server of a ``local:`` model may hold, such as ``24GB`` or
    ``22.5GiB``: of GPU memory where it uses any, else resident. What would not fit is not started;
    default no cap."""
    server: Server = "auto"
    """``--server``: the program that serves ``local:`` models: ``llama.cpp``, ``vllm``, ``ollama``,
    ``transformers``, or the first of them that can."""
    server_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600
    """Seconds that a server has to load its model."""
    cxx: str = "g++"
    """``--cxx``: the compiler, for original and candidates alike."""
    cxxflags: Annotated[tuple[str, ...], NoDecode] = ("-std=c++20", "-O3", "-fopenmp")
    """``--cxxflags``: its flags, for original and candidates alike."""
    require_race_check: bool = False
    """``--require-race-check``: reject candidates where no race detector is installed."""
    no_sandbox: bool = False
    """``--no-sandbox``: compile and run everything with limits only; every report says so."""
    max_steps: Annotated[int, Field(ge=1, le=20)] = 3
    """Steps of one branch at most: the first candidate and its refinements."""

    @field_validator("cxxflags", mode="before")
    @classmethod
    def _split_flags(cls, value: Any) -> Any:
        return tuple(shlex.split(value)) if isinstance(value, str) else value

    @field_validator("size", "model", "price", mode="before")
    @classmethod
    def _split_list(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("memory")
    @classmethod
    def _amount_of_memory(cls, value: str | None) -> str | None:
        if value is not None:
            parse_memory(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment before the config file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @property
    def memory_bytes(self) -> int | None:
        """The cap on a server's memory in bytes, None without one."""
        return None if self.memory is None else parse_memory(self.memory)

    @property
    def thread_count(self) -> int:
        """Threads of the candidates: as set, or the cores that this process may use."""
        return self.threads or len(os.sched_getaffinity(0))


def load_settings(**given: Any) -> Settings:
    """Settings from arguments (None means not given), environment and config file.

    Raises SettingsError with the name of the first bad setting.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}: {message}") from None
    except ValueError as error:  # a config file that is not TOML
        raise SettingsError(f"{CONFIG_FILE}: {error}") from None
