"""The options that more than one command has: name, type and help of each, in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Out: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder of the run or suite; default a fresh one under .parallel-agent/runs/.",
    ),
]
KernelName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--kernel",
        metavar="NAME",
        help="The function to speed up; needed where the file has several.",
    ),
]
ContractFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--contract",
        metavar="FILE",
        help="TOML file with the inputs that the kernel accepts; default NAME.toml beside the "
        "source, else it is inferred.",
    ),
]
Threads: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="OpenMP threads of the candidates; default all cores this process may use.",
    ),
]
Size: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--size",
        metavar="SIZE",
        help="Size to time at: 4096 for every dimension, or M=100,N=200; repeatable. Default: "
        "a small, a cache-sized and a large one.",
    ),
]
Seed: TypeAlias = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Seed of all random inputs; default 0."),
]
Effort: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--effort",
        metavar="LEVEL",
        help="How long the free search may take and how long each is timed: quick, normal (default) "
        "or thorough.",
    ),
]
Model: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="REF",
        help="Who writes the candidates: rules (default; built in and free), openai:NAME, "
        "PROVIDER:NAME, http://HOST:PORT/v1#NAME, local:PATH_OR_NAME (served on this machine) or "
        "replay:FILE; repeatable. ROLE= before it (planner, coder, critic, contract) gives it one "
        "role.",
    ),
]
Price: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="[REF=]IN,OUT",
        help="What a model costs in US dollars per million tokens, or [REF=]free; repeatable. "
        "Needed for models that genai-prices does not list.",
    ),
]
Budget: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="USD",
        help="The most that may be spent, in US dollars; default 0. Never exceeded.",
    ),
]
Policy: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="NAME",
        help="Who decides what the money is spent on; default 'default'.",
    ),
]
Branches: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--branches",
        metavar="N",
        help="Branches of chat models at work at once; default 4.",
    ),
]
Answers: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--answers",
        metavar="N",
        help="Answers of chat models asked for at most; default by effort: 6, 24 or 200.",
    ),
]
MaxOutputTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--max-output-tokens",
        metavar="N",
        help="The longest answer of a model, its reasoning included; each request reserves the "
        "price of so many. Default 8192.",
    ),
]
Memory: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="The most memory that the server of a local: model may hold, such as 24GB; default no "
        "cap. Never exceeded for long: what passes it is stopped.",
    ),
]
Server: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="NAME",
        help="What serves local: models: llama.cpp, vllm, ollama or transformers; default auto, the "
        "first that can.",
    ),
]
Cxx: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--cxx",
        metavar="COMPILER",
        help="The C++ compiler, for original and candidates alike; default g++.",
    ),
]
CxxFlags: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--cxxflags",
        metavar="FLAGS",
        help="Its flags, for original and candidates alike; default '-std=c++20 -O3 -fopenmp'.",
    ),
]
RaceCheck: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--require-race-check/--no-require-race-check",
        help="Reject every candidate where no race detector is installed; default no.",
    ),
]
NoSandbox: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--no-sandbox/--sandbox",
        help="Compile and run everything with limits only, able to do whatever you can; "
        "default in the sandbox.",
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout, everything else on stderr.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="No progress, only the result.")]
