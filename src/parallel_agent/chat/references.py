"""References to models and to their prices, as users write them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from parallel_agent.chat.errors import UnknownModel

Role = Literal["planner", "coder", "critic", "contract"]
ROLES: tuple[Role, ...] = get_args(Role)

RULES = "rules"
"""The reference to the proposer that is built in and free, which is no chat model."""

LOCAL = "local"
"""The prefix of models whose server is found or started on this machine."""

FORMS = (
    "rules, openai:NAME, PROVIDER:NAME, http(s)://HOST:PORT/v1#NAME, local:PATH_OR_NAME or "
    "replay:FILE"
)

_ROLE = re.compile(r"([A-Za-z_-]+)=(.*)", re.DOTALL)
_PREFIXED = re.compile(r"([A-Za-z0-9_-]+):(.+)", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """``[ROLE=]REF``, taken apart.

    ``kind`` is ``rules``, ``http``, ``local``, ``replay`` or the prefix of a provider; ``name`` the
    model, its path, or the file of a replay; ``base_url`` is given for ``http`` alone.
    """

    role: Role | None
    ref: str
    kind: str
    name: str
    base_url: str = ""


def read_reference(text: str) -> Reference:
    """Take a reference apart.

    Raises UnknownModel for what has none of the forms.
    """
    role, ref = _split_role(text.strip())
    if ref == RULES:
        return Reference(role, ref, RULES, RULES)
    if ref.startswith(("http://", "https://")):
        return _read_url(role, ref)
    prefixed = _PREFIXED.fullmatch(ref)
    if prefixed is None:
        raise UnknownModel(f"'{text}' is no reference to a model", f"Give {FORMS}")
    return Reference(role, ref, prefixed[1], prefixed[2])


def _split_role(text: str) -> tuple[Role | None, str]:
    found = _ROLE.fullmatch(text)
    if found is None:
        return None, text
    if found[1] not in ROLES:
        roles = ", ".join(ROLES)
        raise UnknownModel(f"'{found[1]}' is no role", f"Give ROLE=REF with one of {roles}")
    return cast(Role, found[1]), found[2]


def _read_url(role: Role | None, ref: str) -> Reference:
    base_url, _, name = ref.partition("#")
    form = "Give http(s)://HOST:PORT/v1#NAME"
    try:
        parts = urlsplit(base_url)
        _ = parts.port
    except ValueError as error:
        raise UnknownModel(f"'{base_url}' is no address: {error}", form) from None
    if parts.username is not None or parts.password is not None or parts.query:
        # Not shown again: it may hold a key.
        raise UnknownModel(
            f"the address of {parts.hostname} holds a user or a query, and is kept in files",
            "Give the address alone; a key belongs into PARALLEL_AGENT_API_KEY",
        )
    if not parts.hostname or not name:
        raise UnknownModel(f"'{ref}' names no {'model' if parts.hostname else 'host'}", form)
    return Reference(role, ref, "http", name, base_url)


@dataclass(frozen=True)
class PriceTerms:
    """The ``--price`` arguments: terms for certain references, and those for the rest."""

    by_ref: dict[str, str]
    general: str | None

    @classmethod
    def read(cls, prices: Sequence[str], refs: Collection[str]) -> PriceTerms:
        """Take ``[REF=]IN,OUT`` or ``[REF=]free`` apart.

        Raises UnknownModel for a reference that is not in ``refs``, and for terms given twice.
        """
        terms = cls({}, None)
        for text in prices:
            ref, _, price = text.strip().rpartition("=")
            if ref and ref not in refs:
                raise UnknownModel(
                    f"--price names '{ref}', which no --model does",
                    "Give the reference as in --model, without a role",
                )
            if ref in terms.by_ref or (not ref and terms.general is not None):
                raise UnknownModel(
                    f"--price is given twice for {ref or 'every model'}",
                    "With several models: --price REF=IN,OUT",
                )
            terms = (
                cls({**terms.by_ref, ref: price}, terms.general)
                if ref
                else cls(terms.by_ref, price)
            )
        return terms
