"""Keys: taken from the environment, handed to one provider, and kept out of every text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from pydantic import SecretStr

from parallel_agent.chat.errors import UnknownModel

_MASK = "[key]"
_SUFFIXES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SHORTEST = 6


class Scrubber:
    """Takes keys out of texts: what a provider says may repeat what it was sent."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        # The longest first: one key may begin another.
        self._forms = sorted(forms, key=len, reverse=True)

    @classmethod
    def of_environment(cls, environ: Mapping[str, str]) -> Scrubber:
        """One that knows every value that a variable's name calls a key or the like."""
        return cls(
            value.strip()
            for name, value in environ.items()
            if name.upper().endswith(_SUFFIXES) and len(value.strip()) >= _SHORTEST
        )

    def __call__(self, text: str) -> str:
        """The text without keys."""
        for form in self._forms:
            text = text.replace(form, _MASK)
        return text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._forms)} forms)"


def find_key(environ: Mapping[str, str], variables: Iterable[str]) -> SecretStr | None:
    """The first of these variables that is set, None when none is.

    Raises UnknownModel for one that cannot be sent: it holds spaces or what is not ASCII.
    """
    for variable in variables:
        key = environ.get(variable, "").strip()
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise UnknownModel(
                f"{variable} holds characters that no key has",
                f"Set it again, from the provider's page: export {variable}=...",
            )
        if key:
            return SecretStr(key)
    return None
