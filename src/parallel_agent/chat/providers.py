"""Providers by LangChain's own prefixes: the package that speaks to each, and where its key is."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from math import ceil
from typing import TYPE_CHECKING, Any

from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.messages import ChatRequest, Message
from parallel_agent.chat.secrets import find_key

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from parallel_agent.chat.langchain_model import Build


@dataclass(frozen=True)
class Provider:
    """A provider: its package on PyPI, the class in it, and the variables that may hold its key."""

    prefix: str
    package: str
    chat_class: str
    keys: tuple[str, ...]

    @property
    def module(self) -> str:
        """The module of the package."""
        return self.package.replace("-", "_")

    @property
    def installed(self) -> bool:
        """Whether the package is there."""
        return find_spec(self.module) is not None

    def key_set(self, environ: Mapping[str, str]) -> bool:
        """Whether its key is set."""
        return find_key(environ, self.keys) is not None


# Each package was watched on the wire: one request a call, whatever the server does, and the output
# cap in it. That of OpenRouter repeats requests on its own, although it is told not to; that of xAI
# sends the older of two caps, and nobody says that it holds for reasoning.
OPENAI = Provider("openai", "langchain-openai", "ChatOpenAI", ("OPENAI_API_KEY",))

PROVIDERS: Mapping[str, Provider] = {
    provider.prefix: provider
    for provider in (
        OPENAI,
        Provider("anthropic", "langchain-anthropic", "ChatAnthropic", ("ANTHROPIC_API_KEY",)),
        Provider(
            "google_genai",
            "langchain-google-genai",
            "ChatGoogleGenerativeAI",
            ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        ),
        Provider("mistralai", "langchain-mistralai", "ChatMistralAI", ("MISTRAL_API_KEY",)),
        Provider("deepseek", "langchain-deepseek", "ChatDeepSeek", ("DEEPSEEK_API_KEY",)),
        Provider("groq", "langchain-groq", "ChatGroq", ("GROQ_API_KEY",)),
    )
}


def provider_build(prefix: str, name: str) -> Build:
    """Clients of a provider other than OpenAI, through its own package of LangChain.

    Raises UnknownModel where the provider is not known, or its package not installed or not to be
    used.
    """
    provider = PROVIDERS.get(prefix)
    if provider is None:
        raise UnknownModel(
            f"'{prefix}' is no provider known here",
            f"Give one of {', '.join(PROVIDERS)}; any server with OpenAI's protocol is "
            "http(s)://HOST:PORT/v1#NAME",
        )
    if not provider.installed:
        raise UnknownModel(
            f"'{prefix}:{name}' needs the package {provider.package}",
            f"Install it: pip install {provider.package}",
        )
    chat_class = getattr(importlib.import_module(provider.module), provider.chat_class)
    build = partial(_client, partial(chat_class, model=name))
    _check(f"{prefix}:{name}", build)
    return build


def _client(make: Callable[..., Any], request: ChatRequest, timeout: float) -> BaseChatModel:
    """A client with the parameters that all chat models of LangChain share."""
    temperature = {} if request.temperature is None else {"temperature": request.temperature}
    client: BaseChatModel = make(
        max_tokens=request.max_output_tokens,
        timeout=ceil(timeout),  # some take whole seconds only
        max_retries=0,
        cache=False,
        disable_streaming=True,
        **temperature,
    )
    return client


def _check(ref: str, build: Build) -> None:
    """Make one client before the run starts: what is wrong with it is said now."""
    probe = ChatRequest(messages=(Message(role="user", content=""),), max_output_tokens=1)
    try:
        client = build(probe, 1.0)
    except Exception as error:
        # Without the error's own words: they may show parameters, the key among them.
        raise UnknownModel(
            f"'{ref}' cannot be used: LangChain says {type(error).__name__}",
            "See LangChain's page on the provider: what to install and to set",
        ) from None
    if getattr(client, "max_retries", None) != 0:
        raise UnknownModel(
            f"'{ref}' repeats requests by itself, each billed anew",
            "Install another version of its package of LangChain",
        )
