"""The run that condemned a candidate, kept so that a person can run it again, and nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agent.kernel.contract import Contract
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.memory import Payload
from parallel_agent.toolchain.race_detector import RaceDetector
from parallel_agent.toolchain.runner import WorkerError
from parallel_agent.verification.build import Purpose
from parallel_agent.verification.gate import Submission
from parallel_agent.verification.races import race_finding
from parallel_agent.verification.reference import Case, Failure, Reference
from parallel_agent.verification.sanitizers import sanitizer_finding

REPLAY_FILE = "replay.json"
MAX_STORED_BYTES = 4 << 20
"""Of compressed inputs: larger ones are drawn again from the contract and the seed."""
ATTEMPTS = 20
"""Runs of the one input in a process, for what shows by chance only."""

_FINDINGS: dict[Purpose, Callable[[WorkerError], str]] = {
    "optimized": str,
    "sanitized": sanitizer_finding,
    "races": race_finding,
}


class ReplayError(ValueError):
    """A file that cannot be replayed; the message says why."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReplayFile(_Model):
    """What stands in a replay file: of which gate, what it saw, in which build, how many threads.

    ``flags`` are the compiler's name and flags, for information only.
    """

    kernel: str
    gate: str
    difference: str
    purpose: Purpose
    threads: int
    flags: str = ""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read such a file; ReplayError if it is none."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ReplayError(f"cannot read {path}: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ReplayError(f"{path} is no replay file: {where}: {first['msg']}") from None

    def write(self, directory: Path) -> Path:
        """Write it, and return where."""
        path = directory / REPLAY_FILE
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return path


class Draw(_Model):
    """An input as a `Case` is, and the SHA-256 of its encoded form.

    ``inputs`` is that form, compressed by zlib, in base 64; empty where it must be drawn again.
    """

    sizes: dict[str, int]
    seed: tuple[int, ...]
    sha256: str
    variant: int = 0
    calls: int = 1
    inputs: str = ""


class Replay(ReplayFile):
    """One run of a candidate kernel, with its input.

    ``before`` are the inputs that the same process had run on already; ``contract`` is TOML.
    """

    contract: str
    case: Draw
    before: tuple[Draw, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """What came of it: the failure if it showed again, and in which of the ways it was tried."""

    case: Case
    failure: Failure | None
    how: str


def write_replay(submission: Submission, gate: str, failure: Failure) -> Path:
    """Leave the run that condemned a candidate in its directory."""
    replay = Replay(
        kernel=submission.kernel.name,
        gate=gate,
        difference=failure.difference,
        purpose=failure.purpose,
        threads=failure.threads,
        contract=failure.contract.to_toml(),
        case=_kept(failure.case),
        before=tuple(_named(case) for case in failure.before),
        flags=shown_flags(submission.compiler),
    )
    return replay.write(submission.directory)


def shown_flags(compiler: Compiler) -> str:
    """The compiler's name and flags."""
    return " ".join((Path(compiler.cxx).name, *compiler.flags))


def run_again(replay: Replay, reference: Reference, binary: Path) -> Replayed:
    """Run a candidate, built for the replay's purpose, on the replay's input as it was run then.

    First alone in a process, then after the inputs that came before, then up to `ATTEMPTS` times,
    until it fails. Raises ReplayError where the inputs cannot be had again.
    """
    case = _case(replay.case, reference)
    before = [_case(draw, reference) for draw in replay.before]
    ways = [("alone in a process", [case])]
    if before:
        ways.append((f"after the {len(before)} inputs before it", [*before, case]))
    ways.append((f"{ATTEMPTS} times in a process", [case] * ATTEMPTS))
    for how, cases in ways:
        failure = reference.run_cases(
            binary,
            replay.threads,
            cases,
            env=_environment(replay.purpose, binary),
            describe=_FINDINGS[replay.purpose],
            purpose=replay.purpose,
        )
        if failure is not None:
            return Replayed(failure.case, failure, how)
    return Replayed(case, None, ", ".join(how for how, _ in ways))


def stored_inputs(replay: Replay) -> bytes:
    """The encoded inputs of the run; empty where they must be drawn again.

    Raises ReplayError if they are damaged.
    """
    return unpacked(replay.case.inputs) if replay.case.inputs else b""


def contract_of(replay: Replay) -> Contract:
    """The contract that the inputs were drawn from; ContractError if it is none."""
    return Contract.from_toml(replay.contract)


def _environment(purpose: Purpose, binary: Path) -> dict[str, str]:
    detector = RaceDetector.find() if purpose == "races" else None
    return {} if detector is None else detector.environment(binary.parent)


def _named(case: Case) -> Draw:
    """An input by how it is drawn."""
    digest = hashlib.sha256(case.payload).hexdigest()
    return Draw(
        sizes=dict(case.sizes),
        seed=case.seed,
        sha256=digest,
        variant=case.variant,
        calls=case.calls,
    )


def _kept(case: Case) -> Draw:
    """An input itself, unless it is too large."""
    return _named(case).model_copy(update={"inputs": packed(case.payload)})


def _case(draw: Draw, reference: Reference) -> Case:
    if draw.inputs:
        case = Case(draw.sizes, draw.seed, unpacked(draw.inputs), draw.variant, draw.calls)
    else:
        case = reference.case(draw.sizes, draw.seed, draw.variant, draw.calls)
    if hashlib.sha256(case.payload).hexdigest() != draw.sha256:
        raise ReplayError("the inputs cannot be drawn again as they were: they differ")
    return case


def packed(data: Payload) -> str:
    """Compressed by zlib, in base 64; empty where it is still too large to be stored."""
    compressed = zlib.compress(data)
    return base64.b64encode(compressed).decode() if len(compressed) <= MAX_STORED_BYTES else ""


def unpacked(text: str) -> bytes:
    """What was `packed`; raises ReplayError if it is damaged."""
    try:
        return zlib.decompress(base64.b64decode(text, validate=True))
    except (binascii.Error, zlib.error) as error:
        raise ReplayError(f"the inputs are damaged: {error}") from None
