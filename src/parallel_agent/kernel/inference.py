"""Finding a contract by oneself: the most general one of those tried under which the original runs.

The original runs under sanitizers on inputs drawn from a contract; a contract *holds* when every
run is clean. Lengths and sizes come first (`shapes`), then domains, as general as they can be with
results that are sound; then sizes that need not agree are told apart (`free_sizes`), and inputs are
added that reach what the ordinary ones miss (`variants`). What a person has said already is kept
as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parallel_agent.kernel.contract import Contract, Values
from parallel_agent.kernel.domains import domains
from parallel_agent.kernel.evidence import Evidence
from parallel_agent.kernel.free_sizes import free_sizes
from parallel_agent.kernel.hints import Hints
from parallel_agent.kernel.leaves import Leaf, leaves_of, with_parameter
from parallel_agent.kernel.pinned import Pinned, without_unused
from parallel_agent.kernel.shapes import coupled, dimensions, lengths, start
from parallel_agent.kernel.source import Kernel
from parallel_agent.kernel.trials import REPETITIONS, WIDE_BASES, Observer, Trial, Trials
from parallel_agent.kernel.types import String
from parallel_agent.kernel.variants import vary


class ContractNeeded(ValueError):
    """No contract could be found: ``template`` is TOML for the user to complete."""

    def __init__(self, message: str, template: str) -> None:
        super().__init__(message)
        self.template = template


@dataclass(frozen=True)
class Inferred:
    """A contract and what speaks for it."""

    contract: Contract
    evidence: Evidence


def infer(
    kernel: Kernel,
    trial: Trial,
    observer: Observer | None = None,
    *,
    hints: Hints | None = None,
    given: Pinned | None = None,
    seed: int = 0,
    before: int = 0,
    tell: Callable[[str], None] = lambda stage: None,
) -> Inferred:
    """The most general contract of those tried under which the original runs clean.

    ``observer`` measures what is reached and how sound the results are; without it the first
    contract that holds is taken. ``given`` is what must stay as it is. ``before`` counts the lines
    that were put before the user's own, ``tell`` hears what is being done.

    Raises ContractNeeded, naming the parameters in question, when not even the most cautious
    contract holds.
    """
    trials = Trials(kernel, trial, observer, hints or Hints(), seed, given)
    tell("looking for lengths with which it runs at all")
    contract, problem = start(trials)
    if problem is not None:
        raise _needed(trials, contract, problem)
    choices: list[str] = []
    # Sizes first, because only free ones tell lengths apart; but not 0 and 1 yet, because indices
    # into so little must be known for what they are before.
    tell("trying sizes and lengths")
    contract = lengths(trials, dimensions(trials, contract, least=2))
    tell("trying domains of values")
    contract = coupled(trials, _values(trials, contract, choices))
    contract = _empty_outputs(trials, _short_texts(trials, contract))
    tell("trying which lengths need not agree")
    contract = free_sizes(trials, dimensions(trials, contract))
    tell("looking for inputs that reach every branch")
    found = vary(trials, trials.pinned(contract))
    contract = without_unused(trials.pinned(found.contract))
    choices.extend(found.choices)
    contract = _wide(trials, contract)
    if (problem := trials.problem(contract, WIDE_BASES)) is not None:
        raise _needed(trials, contract, problem)
    reach = trials.reach(contract)
    sizes = trials.tried_sizes(contract)
    evidence = Evidence(
        sizes=sizes,
        runs=len(sizes) * REPETITIONS * (1 + len(contract.variants)),
        trials=trials.count,
        coverage=None if reach is None else reach.coverage(before),
        choices=tuple(choices),
    )
    return Inferred(contract, evidence)


def check(kernel: Kernel, contract: Contract, trial: Trial, *, seed: int = 0) -> str | None:
    """What goes wrong when the original runs on inputs of a given contract; None: it holds."""
    return Trials(kernel, trial, None, Hints(), seed).problem(contract, WIDE_BASES)


def template(contract: Contract, problem: str) -> str:
    """A contract to complete by hand, with the reason why it is not good enough."""
    notes = [
        f"A contract for {contract.kernel}: correct it, then pass it with --contract.",
        f"With the values below the original fails: {problem}",
        "length: an expression of dimensions, such as N*N. values: kind = uniform (reals),",
        "integers or text, with low and high; an index below N is { low = 0, high = 'N-1' }.",
        "What you leave out is inferred.",
    ]
    return contract.to_toml(notes)


def _needed(trials: Trials, contract: Contract, problem: str) -> ContractNeeded:
    contract = trials.pinned(contract)
    parameters = list(contract.parameters)
    names = [name for name in parameters if contract.parameters[name].equals is None] or parameters
    message = f"no contract found for parameter{'s' * (len(names) > 1)} "
    message += f"{', '.join(repr(name) for name in names)}: {problem}"
    return ContractNeeded(message, template(contract, problem))


def _values(trials: Trials, contract: Contract, choices: list[str]) -> Contract:
    """Every kind of number as general as it can be, with results that are sound.

    No domain may hide what a more cautious one reaches: keys that never match, say.
    """
    reach = trials.reach(contract)
    for leaf in leaves_of(trials.kernel, contract):
        as_index = _as_index(trials, contract, leaf)
        if as_index is not None:
            contract, reach = as_index, trials.reach(as_index)
            choices.append(f"{leaf}: compared with an index, and taken for one.")
            continue
        general: Contract | None = None
        reason = ""
        for domain in domains(leaf, contract, trials.kernel, trials.hints):
            attempt = leaf.replaced(contract, domain)
            if not trials.firmly(attempt):
                continue
            now = None if reach is None else trials.reach(attempt)
            lost = reach is not None and now is not None and bool(reach.taken - now.taken)
            problem = "reaches less" if lost else trials.unsound(attempt)
            if problem is None:
                reach = now
                if general is not None:
                    choices.append(f"{leaf}: {_shown(leaf, general)} {reason}.")
                general = attempt
                break
            if general is None:
                general, reason = attempt, problem
        contract = general or contract
    return contract


def _as_index(trials: Trials, contract: Contract, leaf: Leaf) -> Contract | None:
    """The contract with a number below the only size, where the kernel compares it with an index.

    Any other number would run as clean, and answer what nobody asks: where a node is that is none.
    """
    if str(leaf) not in trials.hints.indices or len(contract.dimensions) != 1:
        return None
    [size] = contract.dimensions
    attempt = leaf.replaced(contract, Values(kind="integers", low=0, high=f"{size}-1"))
    return attempt if trials.firmly(attempt) else None


def _shown(leaf: Leaf, contract: Contract) -> str:
    values = leaf.of(contract) or Values(kind="uniform")
    return f"{values.kind} from {values.low} to {values.high}"


def _short_texts(trials: Trials, contract: Contract) -> Contract:
    """Of several texts, those short with which the kernel has more to do: what it looks for."""
    texts = [
        leaf
        for leaf in leaves_of(trials.kernel, contract)
        if isinstance(leaf.type, String) and leaf.depth == 0
    ]
    for leaf in texts if len(texts) > 1 else []:
        attempt = leaf.replaced(contract, Values(kind="text", low=0, high=4))
        before = trials.reach(contract)
        after = trials.reach(attempt) if trials.firmly(attempt) else None
        if before is not None and after is not None and after.work > before.work:
            contract = attempt
    return contract


def _empty_outputs(trials: Trials, contract: Contract) -> Contract:
    """Outputs that the kernel appends to are empty before, as their callers mean them to be."""
    for name in sorted(trials.hints.appended):
        given = contract.parameters[name]
        if len(given.lengths()) != 1:
            continue
        attempt = with_parameter(contract, name, given.model_copy(update={"length": "0"}))
        if trials.holds(attempt):
            contract = attempt
    return contract


def _wide(trials: Trials, contract: Contract) -> Contract:
    """The contract without the variants that fail at sizes that were not tried with them before."""
    while contract.variants and not (
        trials.firmly(contract) and trials.problem(contract, WIDE_BASES) is None
    ):
        contract = contract.model_copy(update={"variants": contract.variants[:-1]})
    return contract
