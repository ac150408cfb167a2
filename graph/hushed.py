"""Minds that neither hear nor tell a secret, and memory files that keep none: what passes is blotted first."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from perun.agents.models import Mind, Question, Reply, ToolCall
from perun.graph.redaction import Redaction
from perun.memory.entries import MemoryEntry
from perun.memory.memdir import Memdir
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


class HushedMemdir(Memdir):
    """Memory files without secrets, whoever's words are remembered: an agent's, a broker's or an error's."""

    def __init__(self, root: Path, redaction: Redaction, *, durable: bool = True) -> None:
        super().__init__(root, durable=durable)
        self._redaction = redaction

    def write_all(self, entries: Iterable[MemoryEntry]) -> list[Path]:
        """Put the entries on disk as `Memdir` does, blotted."""
        return super().write_all(map(self._hushed, entries))

    def _hushed(self, entry: MemoryEntry) -> MemoryEntry:
        body = entry.model_dump(mode="json")
        clean = self._redaction.body(body)
        return entry if clean is body else MemoryEntry.model_validate(clean)
