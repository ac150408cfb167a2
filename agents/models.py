"""The port to a chat model: a question goes in, the raw text of an answer and its cost come out."""

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel

from perun.tools.domain.events import Usage


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    speaker: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Question:
    """All that one request to a model needs, and all that a policy without a model needs."""

    role: str
    """Who asks: `analyst`, `trader`, …"""
    symbol: str | None
    messages: tuple[Message, ...]
    facts: BaseModel
    """The typed facts that filled the prompt's holes: what the baseline policy reads instead of text."""
    answer: type[BaseModel]
    """The schema that the answer must fit."""


@dataclass(frozen=True)
class Reply:
    """What came back, unread: the text is JSON, we hope."""

    text: str
    usage: Usage
    """`calls` counts the requests made to the provider."""


class Mind(Protocol):
    """Something that answers questions."""

    @property
    def name(self) -> str:
        """Shown to people and recorded, e.g. `openai:gpt-5-mini` or `baseline (no LLM)`."""
        ...

    def reply(self, question: Question) -> Reply:
        """Answer once; whether the text fits the schema is the caller's to judge.

        Raises:
            ModelUnavailable: no answer came.
            ModelRefusedKey: the provider does not accept the key; asking again is pointless.
        """
        ...
