"""A conversation held from one process: questions go in, checked answers come out, a halt waits for a yes."""

from dataclasses import dataclass
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from perun.graph.chat.builder import build
from perun.graph.chat.confirming import given
from perun.graph.chat.desk import ReadingDesk
from perun.graph.chat.nodes import CONFIRM
from perun.tools.domain.chat_events import AnswerSaid
from perun.tools.domain.events import Event


@dataclass(frozen=True)
class Confirmation:
    """The chat asks back before it halts the desk."""

    question: str = CONFIRM


class Conversation:
    """One conversation. What was said stands in the record; a question of the chat's own lapses with the process."""

    def __init__(self, desk: ReadingDesk, name: str) -> None:
        self.name = name
        self._desk = desk
        self._saver = InMemorySaver()
        self._graph = build(self._saver)

    def ask(self, question: str, voice: str, cycle: str = "") -> AnswerSaid | Confirmation:
        """The answer, or what the chat asks back."""
        return self._go({"messages": [HumanMessage(content=question)], "voice": voice, "cycle": cycle})

    def confirm(self, yes: bool) -> AnswerSaid | Confirmation:
        """The answer to a confirmation that was asked for."""
        return self._go(given(yes))

    def said(self) -> list[Event]:
        """The conversation so far, whichever process held it."""
        return self._desk.transcript(self.name).events()

    def _go(self, step: Any) -> AnswerSaid | Confirmation:
        config: Any = {"configurable": {"thread_id": self.name}}
        state = self._graph.invoke(step, config, context=self._desk)
        if "__interrupt__" in state:
            return Confirmation()
        self._saver.delete_thread(self.name)  # the record has it; each turn begins anew
        return next(event for event in reversed(self.said()) if isinstance(event, AnswerSaid))
