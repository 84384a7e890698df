"""What a run about a project may cost, before the first cent: one build of a copy, and no timing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from parallel_agent.agent.contracting import find_contract
from parallel_agent.agent.estimating import Estimate, estimate_of, first_request
from parallel_agent.agent.events import Event
from parallel_agent.agent.intake import take_in, with_contract_beside
from parallel_agent.agent.models import Models
from parallel_agent.agent.project.cutting import Cut, cut_out
from parallel_agent.agent.project.isolation import NOT_ISOLATED, in_words, not_isolated
from parallel_agent.agent.project.opening import Tell, build_copy, project_files
from parallel_agent.agent.project.spec import ProjectError, ProjectSpec
from parallel_agent.agent.project.tree import remove
from parallel_agent.agent.project.workshop import ORIGINAL, Workshop
from parallel_agent.agent.run import Listener, check_choices, ignore
from parallel_agent.chat.catalog import find_models
from parallel_agent.chat.messages import ChatRequest
from parallel_agent.kernel.contract import Contract
from parallel_agent.kernel.declared import parsed_or_declared
from parallel_agent.settings import Settings
from parallel_agent.toolchain import sandbox
from parallel_agent.toolchain.compiler import Compiler


def estimate_project(spec: ProjectSpec, given: Settings, listener: Listener = ignore) -> Estimate:
    """Estimate a run of `optimize_project` without sending anything.

    A copy of the tree is built once, because its flags say how the kernel is read; neither test nor
    benchmark is run. Raises what `optimize_project` raises before it times anything.
    """

    def tell(stage: str) -> None:
        listener(Event(kind="stage", message=stage))

    chosen = with_contract_beside(given, spec.root / spec.file)
    check_choices(chosen)
    sandbox.choose(no_sandbox=chosen.no_sandbox)
    models = Models(tuple(find_models(chosen.model, chosen.price)))
    cut = _cut(spec, chosen, tell)
    request = _request(spec, cut, tell)
    return estimate_of(models, request, cut.source, cut.given)


def _cut(spec: ProjectSpec, given: Settings, tell: Tell) -> Cut:
    names = project_files(spec)
    with tempfile.TemporaryDirectory(prefix="parallel-agent-") as scratch:
        workshop = Workshop(Path(scratch).resolve(), spec, given.thread_count)
        try:
            build_copy(workshop, names, ORIGINAL, tell)
            return cut_out(spec, names, workshop.tree(ORIGINAL), given)
        finally:
            remove(workshop.tree(ORIGINAL))


def _request(spec: ProjectSpec, cut: Cut, tell: Tell) -> ChatRequest:
    given, why = cut.given, cut.why
    compiler = Compiler.find(given.cxx, given.cxxflags)
    if not why:
        tell("finding the contract")
        try:
            parsed = take_in(cut.source, cut.kernel, compiler)
            contract = find_contract(parsed, compiler, given, tell).contract
            return first_request(parsed, contract, given, compiler.version())
        except ProjectError:
            raise
        except NOT_ISOLATED as error:
            if not spec.trust_test:
                raise not_isolated(cut.kernel, str(error), error) from error
            why = " ".join(str(error).split())
    if not spec.trust_test:
        raise not_isolated(cut.kernel, why)
    parsed = parsed_or_declared(cut.source, cut.kernel)
    nothing = Contract(kernel=parsed.kernel.name)
    return first_request(parsed, nothing, given, compiler.version(), in_words(parsed, why))
