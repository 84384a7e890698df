"""From references to models: which there are, what they cost, and what is missing to use them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parallel_agent.budget.prices import Price, PriceUnknown, find_price, given_price
from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.model import ChatModel
from parallel_agent.chat.providers import OPENAI, PROVIDERS, provider_build
from parallel_agent.chat.references import LOCAL, RULES, PriceTerms, Reference, Role, read_reference
from parallel_agent.chat.secrets import Scrubber, find_key

if TYPE_CHECKING:
    from pydantic import SecretStr

    from parallel_agent.chat.langchain_model import Build
    from parallel_agent.chat.servers.local_model import Endpoint

__all__ = ["ChatModel", "Chosen", "UnknownModel", "find_models"]

SERVER_KEY = "PARALLEL_AGENT_API_KEY"
"""The variable with the key for ``http(s)://`` references; other keys are never sent there."""


@dataclass(frozen=True)
class Chosen:
    """A model that the user chose, for a role or (None) for whatever the policy wants it.

    ``model`` is None for ``rules`` alone.
    """

    ref: str
    role: Role | None
    model: ChatModel | None


def find_models(
    refs: Sequence[str],
    prices: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    *,
    snapshot: Mapping[str, Price] | None = None,
    served: Callable[[str], Endpoint] | None = None,
) -> list[Chosen]:
    """Make the models of ``[ROLE=]REF`` references, ready to be asked; nothing is sent.

    ``prices`` are ``[REF=]IN,OUT`` in US dollars for a million tokens, or ``[REF=]free``. One
    without a REF is for the only model, or for those of several whose price is not known. What is
    in ``snapshot``, by reference, is the price that a run began with, and is kept. ``served`` gives the
    server of a ``local:`` reference by its name; without it such a model cannot be asked.

    Raises:
        UnknownModel: a reference or a price is wrong; a package, a key or a file is missing.
        PriceUnknown: a price is not known and not given.
    """
    chosen = [read_reference(text) for text in refs]
    by_ref = {reference.ref: reference for reference in chosen if reference.kind != RULES}
    terms = PriceTerms.read(prices, by_ref)
    models = {
        ref: _make(
            reference,
            (snapshot or {}).get(ref) or _price(reference, terms, only=len(by_ref) == 1),
            environ,
            served,
        )
        for ref, reference in by_ref.items()
    }
    # Without repetitions, in their order.
    return [
        Chosen(ref, role, models.get(ref))
        for role, ref in dict.fromkeys((reference.role, reference.ref) for reference in chosen)
    ]


def _price(reference: Reference, terms: PriceTerms, *, only: bool) -> Price:
    given = terms.by_ref.get(reference.ref)
    if given is None and only:
        given = terms.general
    if given is not None:
        return _given(reference.ref, given)
    if reference.kind == "replay":
        return given_price(reference.ref, "free")
    if reference.kind == LOCAL:
        return Price(model=reference.ref, source="on this machine", free=True, rates=())
    try:
        return _known(reference)
    except PriceUnknown:
        if terms.general is None:
            raise
        return _given(reference.ref, terms.general)


def _given(ref: str, text: str) -> Price:
    try:
        return given_price(ref, text)
    except ValueError as error:
        raise UnknownModel(
            f"--price {text}: {error}",
            "Give --price IN,OUT in US dollars for a million tokens, or --price free",
        ) from None


def _known(reference: Reference) -> Price:
    if reference.kind == "http":
        raise PriceUnknown(reference.ref, "nobody knows what a server of one's own costs")
    return find_price(reference.kind, reference.name)


def _make(
    reference: Reference,
    price: Price,
    environ: Mapping[str, str],
    served: Callable[[str], Endpoint] | None,
) -> ChatModel:
    if reference.kind == "replay":
        from parallel_agent.chat.replay import ReplayModel

        return ReplayModel.read(reference.ref, Path(reference.name), price)
    if reference.kind == LOCAL:
        from parallel_agent.chat.servers.local_model import LocalModel

        endpoint = None if served is None else served(reference.name)
        local = Scrubber.of_environment(environ)
        return LocalModel(reference.ref, reference.name, price, endpoint, local)
    build = _build(reference, environ)
    from parallel_agent.chat.langchain_model import LangChainModel

    scrub = Scrubber.of_environment(environ)
    return LangChainModel(reference.ref, reference.name, price, build, scrub)


def _build(reference: Reference, environ: Mapping[str, str]) -> Build:
    if reference.kind == "http":
        from parallel_agent.chat.openai_protocol import server_build

        key = find_key(environ, (SERVER_KEY,))
        return server_build(reference.name, key, reference.base_url)
    key = _key(reference, environ)
    if reference.kind != OPENAI.prefix or key is None:
        return provider_build(reference.kind, reference.name)
    from parallel_agent.chat.openai_protocol import openai_build

    return openai_build(reference.name, key, environ)


def _key(reference: Reference, environ: Mapping[str, str]) -> SecretStr | None:
    provider = PROVIDERS.get(reference.kind)
    if provider is None:
        return None
    key = find_key(environ, provider.keys)
    if key is None and provider.installed:
        variable = " or ".join(provider.keys)
        raise UnknownModel(
            f"'{reference.ref}' needs a key, and {variable} is not set",
            f"Set it: export {provider.keys[0]}=...",
        )
    return key
