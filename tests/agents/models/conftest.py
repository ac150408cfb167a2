"""A question with a small answer, and minds whose provider is the scripted server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, SecretStr

from perun.agents.models import Message, Mind, Question, Reply
from perun.agents.providers import ModelSettings, build_minds
from perun.tools.domain.events import Usage
from perun.tools.domain.frozen import Frozen
from support.model_server import ModelServer, Script

CANARY = "sk-canary-0123456789abcdef"


class NoFacts(Frozen):
    """Nothing was computed."""


class Opinion(Frozen):
    """Small enough for the smallest model."""

    action: Literal["BUY", "SELL", "HOLD"]
    confidence: Annotated[int, Field(ge=0, le=100)]
    why: Annotated[str, Field(max_length=80)]


class FixedMind:
    """Always says the same, as the baseline's place-holder."""

    name = "baseline (no LLM)"

    def reply(self, question: Question) -> Reply:
        return Reply("{}", Usage())


@pytest.fixture
def question() -> Question:
    messages = (Message("system", "You are a trader."), Message("user", "IBM fell for a year. What now?"))
    return Question("trader", "IBM", messages, NoFacts(), Opinion)


@pytest.fixture
def serving() -> Iterator[Callable[[Script], ModelServer]]:
    """Starts scripted servers, and stops them after the test."""
    servers: list[ModelServer] = []

    def start(script: Script) -> ModelServer:
        servers.append(ModelServer(script).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def settings() -> Callable[..., ModelSettings]:
    """Settings of a provider, the keys being canaries."""

    def of(provider: Any = "openai", **more: Any) -> ModelSettings:
        keys = {"openai_api_key": SecretStr(CANARY), "google_api_key": SecretStr(CANARY)}
        return ModelSettings(**{"provider": provider, "baseline": FixedMind(), **keys, **more})

    return of


@pytest.fixture
def mind(settings: Callable[..., ModelSettings]) -> Callable[..., Mind]:
    """One real ChatOpenAI mind that asks `server`."""

    def of(server: ModelServer, **more: Any) -> Mind:
        return build_minds(settings(openai_base_url=server.base_url, **more), ["trader"])["trader"]

    return of


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    """A file that looks like a model from outside."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF and nothing more")
    return path
