"""What a report says in sentences: the verdict, what holds it up, and what is not known."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from parallel_agent.chat.references import RULES
from parallel_agent.measurement.scaling import Scaling, predictions, serial_fraction
from parallel_agent.report.closing import headline
from parallel_agent.report.html.evidence import Evidence
from parallel_agent.report.html.money import Money

GATES = {
    "forbidden": "no files, processes, clocks, state between calls or tricks with the program",
    "signature": "same function, same parameters, same result",
    "compile": "builds with these flags, alone",
    "duplicate": "machine code that was not examined before",
    "linkage": "imports nothing that leads outside, replaces nothing",
    "differential": "small and edge-case inputs: results as the original's, inputs untouched",
    "history": "the same calls in another order and in batches: results do not depend on the past",
    "sanitizers": "no address error and no undefined behaviour on the way",
    "races": "no data race under ThreadSanitizer, with more threads than were asked for",
    "timing size": "results as the original's at the sizes that are timed",
    "repetition": "the same answer again and again, however threads are scheduled",
    "timing": "every result of every timed run was compared as well",
}
"""What each gate looks for."""
ALWAYS = (
    "Inputs that the contract does not describe: read contract.toml, and give one of your own where it "
    "is too narrow.",
    "Other machines, compilers and flags than those below: what was measured holds for these.",
    "Proof: tests find what is wrong, and the gates above are the tests that were made.",
)
"""What no run checks."""


def verdict(evidence: Evidence) -> str:
    """The result in a sentence."""
    outcome = evidence.outcome
    if outcome is not None:
        return headline(outcome)
    chosen = evidence.chosen
    if chosen is None:
        return f"{evidence.kernel}: this run has not ended, and nothing better was proved yet"
    speedup = float(chosen.record.get("speedup", 1.0))
    return (
        f"{evidence.kernel}: this run has not ended; the best so far was {speedup:.2f} times as fast at "
        "first sight, and is not confirmed"
    )


def unchecked(evidence: Evidence) -> list[str]:
    """What nobody looked at, and why."""
    found = list(evidence.outcome.notes) if evidence.outcome is not None else []
    if evidence.outcome is None:
        found += [event.message for event in evidence.of_kind("note")]
    chosen = evidence.chosen
    if chosen is not None and chosen.verdict is not None:
        found += chosen.verdict.notes
        names = {gate.name for gate in chosen.verdict.gates}
        if not chosen.proved:
            found.append("It has had a first look only: the dearer gates were not asked yet.")
        elif "races" not in names:
            found.append("Data races were not looked for.")
    return [*dict.fromkeys(found), *ALWAYS]


def more_threads(scaling: Scaling | None, bound: float | None, cores: int) -> list[str]:
    """What more threads would bring, as far as the measured scaling says."""
    if scaling is None:
        return ["Not measured: the result was timed with one number of threads only."]
    fraction = serial_fraction(scaling)
    if fraction is None:
        return ["Not measured: the result was timed with one number of threads only."]
    said = [
        f"{fraction.threads} threads make it {fraction.gain:.2f} times as fast as itself with one: a "
        f"serial fraction of {fraction.value:.1%}, between {fraction.low:.1%} and {fraction.high:.1%} "
        "by the intervals of both timings (Karp and Flatt 1990)."
    ]
    expected = predictions(scaling)
    if fraction.high >= 1.0:
        said.append("Whether threads help it at all at this size is not told by what was measured.")
    elif not expected:
        said.append(
            "That is not told from zero by what was measured, so no limit can be derived from it; "
            f"beyond {fraction.threads} threads nothing is known."
        )
    said += [
        f"Predicted, not measured: {p.threads} threads, {p.speedup:.1f} times as fast as the original, between {p.low:.1f} and "
        f"{p.high:.1f}, if this fraction stayed as it is (Amdahl 1967)."
        for p in expected
    ]
    if bound is not None:
        said.append(
            f"Reading the inputs once allows {bound:.0f} times at this size and no more on this machine, "
            "as far as each must be read."
        )
    if fraction.threads >= cores:
        said.append(f"This machine has {cores} physical cores: more threads need another one.")
    return said


def more_money(evidence: Evidence, money: Money) -> list[str]:
    """What more money would bring, as far as the events say."""
    if not money.requests:
        return ["Not measured: no money was spent in this run."]
    said = []
    if money.idle_requests:
        said.append(
            f"What was bought after the best, {_number(money.idle_requests, 'request')} for "
            f"{money.idle_usd.normalize():f} US dollars, brought nothing better."
        )
    else:
        said.append("The last request that was paid for was the best so far: it was still rising.")
    if money.pruned:
        said.append(f"{_number(money.pruned, 'option')} pruned for want of money or promise.")
    said.append("What the next answer would be is not known: no more than that is measured.")
    return said


def commands(evidence: Evidence) -> list[tuple[str, str]]:
    """What to type to see it all again: what it does, and the command."""
    run = shlex.quote(str(evidence.root.absolute()))
    found = []
    if evidence.outcome is not None:
        found += [
            ("Build and time both again, without parallel-agent", f"make -C {run}/reproduce"),
            (
                "Ask every gate again",
                f"parallel-agent verify {run}/original.cpp {run}/best.cpp --contract "
                f"{run}/contract.toml{_flags(evidence, ('threads', 'seed', 'cxx', 'cxxflags'))}",
            ),
        ]
    else:
        found.append(("Go on with this run", f"parallel-agent resume {run}"))
    given = ("threads", "seed", "effort", "model", "price", "budget", "size", "cxx", "cxxflags")
    contract = f" --contract {run}/contract.toml" if evidence.contract_toml else ""
    found.append(
        (
            "Do the whole run again",
            f"parallel-agent optimize {run}/original.cpp{contract}{_flags(evidence, given)}",
        )
    )
    found.append(("The account, entry by entry", f"parallel-agent ledger {run}"))
    return found


def _flags(evidence: Evidence, names: Iterable[str]) -> str:
    """The settings of the run as options, those that are not the default of every run."""
    settings = evidence.settings
    kernel = evidence.kernel if evidence.study or evidence.outcome else ""
    said = f" --kernel {shlex.quote(kernel)}" if kernel else ""
    for name in names:
        value = settings.get(name)
        if name == "cxxflags" and value:
            said += f" --cxxflags={shlex.quote(' '.join(map(str, value)))}"
        elif isinstance(value, list):
            said += "".join(
                f" --{name} {shlex.quote(str(item))}" for item in value if item != RULES
            )
        elif value is not None:
            said += f" --{name} {shlex.quote(str(value))}"
    return said


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
