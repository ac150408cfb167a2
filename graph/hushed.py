"""Minds that neither hear nor tell a secret: what goes to a provider and what comes back is blotted first."""

from collections.abc import Mapping
from dataclasses import replace

from perun.agents.models import Mind, Question, Reply, ToolCall
from perun.graph.redaction import Redaction
from perun.tools.domain.errors import ModelUnavailable


def hushed(minds: Mapping[str, Mind], redaction: Redaction) -> dict[str, Mind]:
    """The minds, so held that no secret reaches a prompt, and none from an answer reaches state, memory or a file."""
    return {role: _Hushed(mind, redaction) for role, mind in minds.items()}


class _Hushed:
    """A Mind that asks another without secrets, and hears it without them."""

    def __init__(self, mind: Mind, redaction: Redaction) -> None:
        self._mind = mind
        self._blot = redaction.text

    @property
    def name(self) -> str:
        return self._mind.name

    def reply(self, question: Question) -> Reply:
        messages = tuple(replace(message, text=self._blot(message.text)) for message in question.messages)
        try:
            reply = self._mind.reply(replace(question, messages=messages))
        except ModelUnavailable as error:
            error.args = (self._blot(str(error)),)
            raise
        calls = (ToolCall(call.id, self._blot(call.name), self._blot(call.arguments)) for call in reply.calls)
        missed = tuple(map(self._blot, reply.missed))
        return replace(reply, text=self._blot(reply.text), calls=tuple(calls), missed=missed)
