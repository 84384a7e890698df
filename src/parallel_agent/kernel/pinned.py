"""The parts of a contract that a person has given, kept through all that is inferred."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agent.kernel.contract import Contract, ParameterContract
from parallel_agent.kernel.expressions import names_in
from parallel_agent.kernel.leaves import depth_of
from parallel_agent.kernel.source import Kernel


@dataclass(frozen=True)
class Pinned:
    """A contract of which only what was written in it counts."""

    given: Contract

    def applied(self, contract: Contract) -> Contract:
        """The contract with all that was given in the place of what was found."""
        parameters = dict(contract.parameters)
        for name, given in self.given.parameters.items():
            parameters[name] = _merged(parameters.get(name, ParameterContract()), given)
        update: dict[str, object] = {
            "dimensions": {**contract.dimensions, **self.given.dimensions},
            "parameters": parameters,
            "comparison": contract.comparison.model_copy(
                update=self.given.comparison.model_dump(exclude_unset=True)
            ),
            "timing": self.given.timing,
        }
        if self.given.variants:
            update["variants"] = self.given.variants
        return contract.model_copy(update=update)


def _merged(found: ParameterContract, given: ParameterContract) -> ParameterContract:
    if given.equals is not None:
        return given
    written = {name: getattr(given, name) for name in given.model_fields_set}
    if "fields" in written:
        written["fields"] = {**found.fields, **given.fields}
    if written.get("values") is not None:  # a domain, so it is no size
        written["equals"] = None
    return found.model_copy(update=written)


def is_partial(given: Contract, kernel: Kernel) -> bool:
    """True if something must be inferred: a parameter is missing, or a length."""
    for parameter in kernel.signature.parameters:
        part = given.parameters.get(parameter.name)
        if part is None or (not part.lengths() and depth_of(parameter.type)):
            return True
    return False


def without_unused(contract: Contract) -> Contract:
    """The contract without the sizes that nothing refers to, as long as one is left."""
    used: set[str] = set()
    for kind in contract.every_kind():
        for given in kind.parameters.values():
            values = [*given.fields.values(), *([given.values] if given.values else [])]
            ends = [end for domain in values for end in (domain.low, domain.high)]
            parts = [given.equals, *given.lengths(), *ends]
            used.update(*(names_in(part) for part in parts if isinstance(part, str)))
    kept = {name: size for name, size in contract.dimensions.items() if name in used}
    return contract.model_copy(update={"dimensions": kept or contract.dimensions})
