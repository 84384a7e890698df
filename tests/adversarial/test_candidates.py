"""Candidates that try to cheat: each is rejected by the gate that is there for it, or harmless.

What is expected of a candidate stands in its own first lines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.source import ParsedSource, parse
from parallel_agent.toolchain import runner
from parallel_agent.toolchain.compiler import Compiler
from parallel_agent.toolchain.sandbox import Limits
from parallel_agent.verification import build
from parallel_agent.verification.gate import Examination, Verdict
from parallel_agent.verification.pipeline import all_gates, examine
from parallel_agent.verification.reference import Reference

FOLDER = Path(__file__).with_name("candidates")
HARMLESS = "harmless"
SURROUNDINGS, REST = "surroundings", "rest"
"""Defences that are no gates: what the harness and its parent look at after every call."""
ECONOMY = ("sanitizers", "races")
"""Gates left out, to save time, where a defence is switched off: they are there for other things."""
_COMPILER = Compiler.find(flags=("-std=c++20", "-O2", "-fopenmp"))
# A compile bomb is to go off early here, and an endless loop is not to be waited for.
_COMPILER = replace(_COMPILER, limits=replace(_COMPILER.limits, cpu_seconds=30))
_LIMITS = Limits(wall_seconds=5.0)
_HEAD = re.compile(
    r"// original: (?P<original>\w+)\n// expected: (?P<gate>[\w ]+?)(?:: (?P<detail>.*))?\n"
    r"(?:// without: (?P<without>.*)\n)?"
)


@dataclass(frozen=True)
class Attack:
    """A candidate with what its first lines say: who is to reject it and with what words.

    ``without`` are the defences without which it is accepted.
    """

    name: str
    source: str
    original: str
    gate: str
    detail: str
    without: tuple[str, ...]


@dataclass(frozen=True)
class Original:
    """A kernel that candidates pretend to speed up."""

    parsed: ParsedSource
    reference: Reference


def attacks() -> list[Attack]:
    return [_attack(path) for path in sorted(FOLDER.glob("*.cpp"))]


def original(name: str, directory: Path) -> Original:
    source = (FOLDER / "originals" / f"{name}.cpp").read_text(encoding="utf-8")
    contract = Contract.from_toml(
        (FOLDER / "originals" / f"{name}.toml").read_text(encoding="utf-8")
    )
    parsed = parse(source)
    built = build.build(_COMPILER, parsed.kernel.signature, source, directory, "optimized")
    assert built.binary is not None, built.stderr
    reference = Reference(
        signature=parsed.kernel.signature,
        contract=contract,
        binary=built.binary,
        limits=_LIMITS,
        seed=1,
        timing_sizes=({"n": 1000}, {"n": 50_000}, {"n": 200_000}),
    )
    return Original(parsed, reference)


def verdict(
    attack: Attack,
    against: Original,
    directory: Path,
    *,
    last: str = "",
    without: Collection[str] = (),
) -> Verdict:
    """What the gates say, up to the one named ``last`` and without some."""
    gates = [gate for gate in all_gates() if gate.name not in without]
    names = [gate.name for gate in gates]
    if last in names:
        gates = gates[: names.index(last) + 1]
    examination = Examination(
        kernel=against.parsed.kernel,
        source=attack.source,
        reference=against.reference,
        compiler=_COMPILER,
        directory=directory,
        threads=2,
    )
    return examine(examination, gates)


def _attack(path: Path) -> Attack:
    text = path.read_text(encoding="utf-8")
    head = _HEAD.match(text)
    assert head, f"{path.name} does not say what is expected"
    return Attack(
        name=path.stem,
        source=text[head.end() :],
        original=head["original"],
        gate=head["gate"],
        detail=head["detail"] or "",
        without=tuple((head["without"] or "").split()),
    )


ATTACKS = {attack.name: attack for attack in attacks()}
ESSENTIAL = {name: attack for name, attack in ATTACKS.items() if attack.without}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Original]:
    names = {attack.original for attack in ATTACKS.values()}
    return {name: original(name, tmp_path_factory.mktemp(name)) for name in sorted(names)}


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as workers:
        yield workers
        workers.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def verdicts(
    originals: dict[str, Original],
    pool: ThreadPoolExecutor,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Future[Verdict]]:
    """All candidates before the gates, two at a time, each up to the gate that should see it."""
    directory = tmp_path_factory.mktemp("candidates")
    return {
        name: pool.submit(
            verdict,
            attack,
            originals[attack.original],
            directory / name,
            last=attack.gate,
            without=ECONOMY if attack.gate == HARMLESS else (),
        )
        for name, attack in ATTACKS.items()
    }


def test_the_corpus_is_large_enough() -> None:
    assert len(ATTACKS) >= 40
    assert len(ESSENTIAL) >= 10


@pytest.mark.parametrize("name", ATTACKS)
def test_no_candidate_escapes(name: str, verdicts: dict[str, Future[Verdict]]) -> None:
    attack, found = ATTACKS[name], verdicts[name].result()
    if attack.gate == HARMLESS:
        assert found.accepted, found.failed
        return
    assert found.failed is not None, "accepted"
    assert (found.failed.name, attack.detail in found.failed.detail) == (attack.gate, True), (
        found.failed
    )


@pytest.fixture(scope="module")
def defenceless(
    verdicts: dict[str, Future[Verdict]],
    originals: dict[str, Original],
    pool: ThreadPoolExecutor,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Future[Verdict]]:
    """Candidates before all gates but those that see them; two at a time, after the others."""
    directory = tmp_path_factory.mktemp("defenceless")
    return {
        name: pool.submit(
            verdict,
            attack,
            originals[attack.original],
            directory / name,
            without=(*attack.without, *ECONOMY),
        )
        for name, attack in ESSENTIAL.items()
        if not {SURROUNDINGS, REST} & {*attack.without}
    }


@pytest.mark.parametrize("name", ESSENTIAL)
def test_it_is_accepted_where_its_defence_is_switched_off(
    name: str,
    defenceless: dict[str, Future[Verdict]],
    originals: dict[str, Original],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So the test above fails without the defence, and it is this defence that holds."""
    attack = ESSENTIAL[name]
    if name in defenceless:
        found = defenceless[name].result()
    else:
        if REST in attack.without:
            monkeypatch.setattr(runner, "_REST_SECONDS", 1e9)
        if SURROUNDINGS in attack.without:
            _trust_the_surroundings(monkeypatch)
        without = (*attack.without, *ECONOMY)
        found = verdict(attack, originals[attack.original], tmp_path, without=without)
    assert found.accepted, found.failed


def _trust_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build with a harness that does not look at what the kernel left changed."""
    genuine = build.adapter_sources

    def trusting(*arguments: object, **options: object) -> dict[str, str]:
        sources = genuine(*arguments, **options)  # type: ignore[arg-type]
        harness = sources["harness.hpp"].replace("before != Surroundings()", "false")
        assert harness != sources["harness.hpp"]
        return {**sources, "harness.hpp": harness}

    monkeypatch.setattr(build, "adapter_sources", trusting)
    monkeypatch.setattr(build, "prelude", lambda source: "")  # it holds the genuine harness
