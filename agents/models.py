"""The port to a chat model: a question goes in, the raw text of an answer and its cost come out."""

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel

from perun.tools.domain.events import Usage


@dataclass(frozen=True)
class ToolSpec:
    """A tool as a model sees it."""

    name: str
    description: str
    """The tool's docstring, written for the model."""
    arguments: type[BaseModel]
    """The schema that a call's arguments must fit."""


@dataclass(frozen=True)
class ToolCall:
    """A model's wish to use a tool: the arguments are its raw text, JSON we hope."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    speaker: Literal["system", "user", "assistant", "tool"]
    text: str
    calls: tuple[ToolCall, ...] = ()
    """What an assistant's turn asked of tools."""
    answers: str | None = None
    """The id of the call that a tool's turn answers."""


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
    tools: tuple[ToolSpec, ...] = ()
    """What may be called before the answer; a mind that cannot call tools passes over them."""
    patience: float | None = None
    """Seconds that are left for an answer; None is as long as the mind itself waits."""


@dataclass(frozen=True)
class Reply:
    """What came back, unread: the text is JSON, we hope; or calls of tools, and then the text may be empty."""

    text: str
    usage: Usage
    """`calls` counts the requests made to the provider."""
    calls: tuple[ToolCall, ...] = ()
    model: str = ""
    """Who answered, when it was another than the mind that was asked."""
    missed: tuple[str, ...] = ()
    """Why those before it did not answer, a line each; their requests are in the usage."""


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
