"""A contract from a chat model, where none could be inferred. The same check decides."""

from __future__ import annotations

from dataclasses import replace

from parallel_agent.agent.context import Context
from parallel_agent.agent.contracting import FoundContract, find_contract
from parallel_agent.agent.models import fitting_output
from parallel_agent.budget.errors import CapExceeded
from parallel_agent.chat.errors import ChatError
from parallel_agent.kernel.contract import ContractError
from parallel_agent.kernel.inference import ContractNeeded
from parallel_agent.kernel.source import ParsedSource
from parallel_agent.proposers.answers import FormatError
from parallel_agent.proposers.chat import SourceTooLong, contract_request, correction_request
from parallel_agent.proposers.structured import read_contract
from parallel_agent.proposers.tasks import ContractTask

ATTEMPTS = 2
PROPOSED = "contract.proposed.toml"
"""In the run folder: the contract that a model proposed last."""
_TOKENS = 4000
_LEAST_TOKENS = 500


def ask_for_contract(
    context: Context, parsed: ParsedSource, needed: ContractNeeded
) -> FoundContract | None:
    """A model's contract under which the original runs clean; None if there is none.

    A second answer is asked for, with what was wrong, where the first does not hold.
    """
    model = context.models.adviser("contract")
    if model is None:
        return None
    kernel = parsed.kernel
    task = ContractTask(
        name=kernel.name, source=kernel.source, template=needed.template, problem=str(needed)
    )
    context.emit("note", f"no contract can be inferred ({needed}): {model.ref} is asked for one")
    try:
        request = contract_request(task, min(_TOKENS, context.settings.max_output_tokens))
        available = context.ledger.available(context.scope)
        tokens = fitting_output(model.price, request, available, _LEAST_TOKENS)
        request = request.model_copy(update={"max_output_tokens": tokens or _LEAST_TOKENS})
        for attempt in range(1, ATTEMPTS + 1):
            reply = context.door.ask(
                model, request, scope=context.scope, node="contract", step=1, attempt=attempt
            )
            try:
                contract = read_contract(reply, kernel)
                path = context.folder.write(contract.to_toml(), PROPOSED)
                given = context.settings.model_copy(update={"contract": path})
                with context.lane.work():
                    found = find_contract(parsed, context.compiler, given)
                origin = f"Proposed by {model.ref}; the original runs clean under it."
                return replace(found, origin=origin)
            except (FormatError, ContractError) as error:
                request = correction_request(request, reply.text, FormatError(str(error)))
                context.emit("note", f"the contract does not hold: {error}")
    except (CapExceeded, ChatError, SourceTooLong) as error:
        context.emit("note", f"no contract by a model: {error}")
    return None
