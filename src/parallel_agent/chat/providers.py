"""Providers by LangChain's own prefixes: the package that speaks to each, and where its key is."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from parallel_agent.chat.errors import UnknownModel
from parallel_agent.chat.messages import ChatRequest
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
        Provider("xai", "langchain-xai", "ChatXAI", ("XAI_API_KEY",)),
        Provider("openrouter", "langchain-openrouter", "ChatOpenRouter", ("OPENROUTER_API_KEY",)),
    )
}


def provider_build(prefix: str, name: str) -> Build:
    """Clients of a provider other than OpenAI, through its own package of LangChain.

    Raises UnknownModel where that is not installed, refuses its parameters, or would retry by
    itself.
    """
    make = _maker(prefix, name)
    build = partial(_client, make)
    _check(prefix, name, build)
    return build


def _client(make: Callable[..., Any], request: ChatRequest, timeout: float) -> BaseChatModel:
    """A client with the parameters that all chat models of LangChain share."""
    temperature = {} if request.temperature is None else {"temperature": request.temperature}
    client: BaseChatModel = make(
        max_tokens=request.max_output_tokens,
        timeout=timeout,
        max_retries=0,
        cache=False,
        disable_streaming=True,
        **temperature,
    )
    return client


def _maker(prefix: str, name: str) -> Callable[..., Any]:
    provider = PROVIDERS.get(prefix)
    if provider is None:
        return _general_maker(prefix, name)
    if not provider.installed:
        raise UnknownModel(
            f"'{prefix}:{name}' needs the package {provider.package}",
            f"Install it: pip install {provider.package}",
        )
    chat_class = getattr(importlib.import_module(provider.module), provider.chat_class)
    return partial(chat_class, model=name)


def _general_maker(prefix: str, name: str) -> Callable[..., Any]:
    """What the package ``langchain`` makes of a prefix that is not in our table."""
    if find_spec("langchain") is None:
        raise UnknownModel(
            f"'{prefix}' is no provider known here",
            f"Give one of {', '.join(PROVIDERS)}; for others: pip install langchain; a server "
            "with OpenAI's protocol: http(s)://HOST:PORT/v1#NAME",
        )
    init_chat_model = importlib.import_module("langchain.chat_models").init_chat_model
    return partial(init_chat_model, name, model_provider=prefix)


def _check(prefix: str, name: str, build: Build) -> None:
    """Make one client before the run starts: what is wrong with it is said now."""
    probe = ChatRequest.model_validate(
        {"messages": [{"role": "user", "content": ""}], "max_output_tokens": 1}
    )
    try:
        client = build(probe, 1.0)
    except Exception as error:
        # Without the error's own words: they may show parameters, the key among them.
        raise UnknownModel(
            f"'{prefix}:{name}' cannot be used: LangChain says {type(error).__name__}",
            f"See LangChain's page on the provider '{prefix}': what to install and to set",
        ) from None
    if getattr(client, "max_retries", None) != 0:
        raise UnknownModel(
            f"'{prefix}:{name}' repeats requests by itself, each billed anew",
            "Use a server with OpenAI's protocol: http(s)://HOST:PORT/v1#NAME",
        )
