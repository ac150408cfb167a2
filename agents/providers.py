"""From settings to minds: who answers for each role, with what key, at what address."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from perun.agents import clients, local_model
from perun.agents.chat import ChatMind, Provider
from perun.agents.models import Mind
from perun.tools.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OPENAI_URL = "https://api.openai.com/v1"
GOOGLE_URL = "https://generativelanguage.googleapis.com"
DEFAULT_MODELS = {"openai": "gpt-5-mini", "google": "gemini-2.5-flash"}


@dataclass(frozen=True)
class ModelSettings:
    """Which model answers for whom, and how it is reached."""

    provider: Literal["openai", "google", "local", "baseline"]
    baseline: Mind
    """Answers for every role when the provider is `baseline`."""
    model: str | None = None
    """For roles without one of their own; None is the provider's default."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Role to model."""
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    google_api_key: SecretStr | None = None
    google_base_url: str | None = None
    local_model: Path | None = None
    timeout_seconds: float = 60
    """For each request: to connect, and to wait for the next byte of the answer. A local model gets longer."""
    max_retries: int = 2
    """Further requests after a 429, a 5xx or a timeout."""


def build_minds(settings: ModelSettings, roles: Iterable[str]) -> dict[str, Mind]:
    """A mind for each role. Roles with the same model share one; nothing is asked or loaded yet.

    Raises:
        ConfigurationError: a key, an address or the local model is missing or unfit.
    """
    mind_of = cache(_MINDS[settings.provider](settings))
    default = settings.model or DEFAULT_MODELS.get(settings.provider, "")
    return {role: mind_of(settings.models.get(role) or default) for role in roles}


def _baseline(settings: ModelSettings) -> Callable[[str], Mind]:
    return lambda _: settings.baseline


def _openai(settings: ModelSettings) -> Callable[[str], Mind]:
    # Compatible servers often take any key, but the client insists on one.
    placeholder = SecretStr("none") if settings.openai_base_url else None
    key = _given(settings.openai_api_key) or placeholder
    if key is None:
        raise ConfigurationError("OPENAI_API_KEY is not set: set it, or OPENAI_BASE_URL, or LLM_PROVIDER=baseline")
    name = _name("openai", settings.openai_base_url, "OPENAI_BASE_URL")
    provider = Provider(name, key, clients.openai_format, failures=clients.openai_failures)
    line = _line(settings, settings.openai_base_url or OPENAI_URL, key, provider)
    return lambda model: ChatMind(f"openai:{model}", lambda: clients.openai_client(line, model), provider)


def _google(settings: ModelSettings) -> Callable[[str], Mind]:
    key = _given(settings.google_api_key)
    if key is None:
        raise ConfigurationError("GOOGLE_API_KEY is not set: set it, or LLM_PROVIDER=baseline")
    name = _name("google", settings.google_base_url, "GOOGLE_BASE_URL")
    provider = Provider(name, key, clients.gemini_format, failures=clients.google_failures)
    line = _line(settings, settings.google_base_url or GOOGLE_URL, key, provider)
    return lambda model: ChatMind(f"google:{model}", lambda: clients.google_client(line, model), provider)


def _local(settings: ModelSettings) -> Callable[[str], Mind]:
    path = settings.local_model
    if path is None:
        raise ConfigurationError("LOCAL_MODEL is not set: name the GGUF file that LLM_PROVIDER=local shall serve")
    local_model.check(path)
    name = f"local:{path.stem}"
    # One lane: a question waits here, where no timeout runs, rather than in the server's own queue.
    lanes = threading.Semaphore(1)
    provider = Provider(name, constrain=clients.local_format, failures=clients.openai_failures, lanes=lanes)

    def client() -> "BaseChatModel":
        server = local_model.serve(path)
        patience = max(settings.timeout_seconds, local_model.LEAST_PATIENCE_SECONDS)
        line = clients.Line(server.base_url, server.key, patience, 0, provider.meter.note)
        return clients.local_client(line, path.stem)

    mind = ChatMind(name, client, provider)
    return lambda _: mind


_MINDS = {"baseline": _baseline, "openai": _openai, "google": _google, "local": _local}


def _line(settings: ModelSettings, url: str, key: SecretStr, provider: Provider) -> clients.Line:
    return clients.Line(url, key, settings.timeout_seconds, settings.max_retries, provider.meter.note)


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
