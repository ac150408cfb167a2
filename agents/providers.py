"""From settings to minds: who answers for each role, with what key, at what address."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from perun.agents import clients, local_model
from perun.agents.chat import ChatMind, Provider
from perun.agents.fallback import Chain, ProviderName
from perun.agents.models import Mind
from perun.agents.prices import Prices
from perun.agents.speech import Dialect
from perun.tools.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Failures = tuple[type[Exception], ...]

OPENAI_URL = "https://api.openai.com/v1"
GOOGLE_URL = "https://generativelanguage.googleapis.com"
DEFAULT_MODELS = {"openai": "gpt-5-mini", "google": "gemini-2.5-flash"}


@dataclass(frozen=True)
class ModelSettings:
    """Which model answers for whom, and how it is reached."""

    provider: ProviderName
    baseline: Mind
    """Answers for every role when the provider is `baseline`."""
    model: str | None = None
    """For roles without one of their own; None is the provider's default."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Role to model."""
    fallback: Sequence[tuple[ProviderName, str | None]] = ()
    """Who is asked for every role when the first does not answer, in order; after the last nobody is."""
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    google_api_key: SecretStr | None = None
    google_base_url: str | None = None
    local_model: Path | None = None
    timeout_seconds: float = 60
    """For one answer, retries included. A local model gets longer."""
    max_retries: int = 2
    """Further requests after a 429, a 5xx or a timeout."""
    max_output_tokens: int = 16_000
    concurrency: int = 8
    """Questions under way at one provider at once."""
    prices: Prices = field(default_factory=Prices)


def build_minds(settings: ModelSettings, roles: Iterable[str]) -> dict[str, Mind]:
    """A mind for each role. Roles with the same model share one; nothing is asked or loaded yet.

    Raises:
        ConfigurationError: a key, an address or the local model is missing or unfit.
    """
    house = cache(lambda provider: cache(_MINDS[provider](settings)))
    spare = tuple(house(provider)(_model(provider, model)) for provider, model in settings.fallback)

    @cache
    def mind_of(model: str) -> Mind:
        first: Mind = house(settings.provider)(model)
        rest = [mind for mind in dict.fromkeys(spare) if mind is not first]
        return Chain((first, *rest)) if rest else first

    default = _model(settings.provider, settings.model)
    return {role: mind_of(settings.models.get(role) or default) for role in roles}


def _model(provider: str, model: str | None) -> str:
    return model or DEFAULT_MODELS.get(provider, "")


def _baseline(settings: ModelSettings) -> Callable[[str], Mind]:
    return lambda _: settings.baseline


def _openai(settings: ModelSettings) -> Callable[[str], Mind]:
    # Compatible servers often take any key, but the client insists on one.
    placeholder = SecretStr("none") if settings.openai_base_url else None
    key = _given(settings.openai_api_key) or placeholder
    if key is None:
        raise ConfigurationError("OPENAI_API_KEY is not set: set it, or OPENAI_BASE_URL, or LLM_PROVIDER=baseline")
    name = _name("openai", settings.openai_base_url, "OPENAI_BASE_URL")
    provider = _provider(settings, name, key, clients.OPENAI, clients.openai_failures)
    line = _line(settings, settings.openai_base_url or OPENAI_URL, provider)
    return lambda model: _mind(settings, f"openai:{model}", lambda: clients.openai_client(line, model), provider)


def _google(settings: ModelSettings) -> Callable[[str], Mind]:
    key = _given(settings.google_api_key)
    if key is None:
        raise ConfigurationError("GOOGLE_API_KEY is not set: set it, or LLM_PROVIDER=baseline")
    name = _name("google", settings.google_base_url, "GOOGLE_BASE_URL")
    provider = _provider(settings, name, key, clients.GEMINI, clients.google_failures)
    line = _line(settings, settings.google_base_url or GOOGLE_URL, provider)
    return lambda model: _mind(settings, f"google:{model}", lambda: clients.google_client(line, model), provider)


def _local(settings: ModelSettings) -> Callable[[str], Mind]:
    path = settings.local_model
    if path is None:
        raise ConfigurationError("LOCAL_MODEL is not set: name the GGUF file that LLM_PROVIDER=local shall serve")
    local_model.check(path)
    name = f"local:{path.stem}"
    # One lane: a question waits here, where its own time does not run, rather than in the server's own queue.
    lanes = threading.Semaphore(1)
    patience = max(settings.timeout_seconds, local_model.LEAST_PATIENCE_SECONDS)
    provider = Provider(name, clients.LOCAL, patience, failures=clients.openai_failures, lanes=lanes)

    def client() -> "BaseChatModel":
        server = local_model.serve(path)
        longest = min(settings.max_output_tokens, local_model.LONGEST_ANSWER_TOKENS)
        line = clients.Line(server.base_url, server.key, patience, 0, provider.meter, longest)
        return clients.local_client(line, path.stem)

    mind = _mind(settings, name, client, provider)
    return lambda _: mind


_MINDS = {"baseline": _baseline, "openai": _openai, "google": _google, "local": _local}


def _provider(
    settings: ModelSettings, name: str, key: SecretStr, dialect: Dialect, failures: Callable[[], Failures]
) -> Provider:
    lanes = threading.Semaphore(settings.concurrency)
    return Provider(name, dialect, settings.timeout_seconds, key, failures, lanes)


def _line(settings: ModelSettings, url: str, provider: Provider) -> clients.Line:
    return clients.Line(
        url, provider.key, settings.timeout_seconds, settings.max_retries, provider.meter, settings.max_output_tokens
    )


def _mind(settings: ModelSettings, name: str, build: "Callable[[], BaseChatModel]", provider: Provider) -> ChatMind:
    return ChatMind(name, build, provider, settings.prices.of(name))


def _given(key: SecretStr | None) -> SecretStr | None:
    return key if key and key.get_secret_value() else None


def _name(provider: str, url: str | None, setting: str) -> str:
    """The provider's name, with the host when it is not the provider's own; never with what else a URL may hold."""
    if not url:
        return provider
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"{setting} is no http address: write it like https://host:8080/v1")
    return f"{provider} at {host}"
