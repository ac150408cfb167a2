"""A conversation on the record: questions, answers and requests to models, in a hash-chained stream of its own."""

import re
from collections.abc import Callable
from typing import Any, Final

from perun.agents.chronicler import Exchange
from perun.graph.chat.focusing import Before
from perun.graph.chat.hearing import hear
from perun.graph.ledger.ledger import Ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.tools.domain.chat_events import AnswerSaid, QuestionPut
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import Event, ModelAsked, ToolCalled

REMEMBERED: Final = 4
"""Earlier questions that a model is told of."""
LONGEST_ANSWER: Final = 600
"""Characters of an earlier answer that are repeated to it."""
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def stream_of(conversation: str) -> str:
    """The name of a conversation's stream.

    Raises:
        ConfigurationError: that is no name of a conversation.
    """
    if not _NAME.fullmatch(conversation):
        raise ConfigurationError("a conversation's name has 1 to 64 letters, digits, dots, dashes or underscores")
    return f"chat:{conversation}"


class Transcript:
    """One conversation: what was said in it, and the tape of the turn that is under way."""

    def __init__(
        self, ledger: Ledger, conversation: str, clock: Clock, notice: Callable[[Event], None] = lambda event: None
    ) -> None:
        self.stream = stream_of(conversation)
        """The name of its stream: `chat:<id>`."""
        self._recorder = EventRecorder(ledger, self.stream, clock)
        self._read = ledger.events.read
        self._notice = notice
        self.turn = self.turns + 1
        """The turn that comes next, or is under way."""

    @property
    def turns(self) -> int:
        """Questions that were put so far."""
        return len([event for event in self.events() if isinstance(event, QuestionPut)])

    def events(self) -> list[Event]:
        """Everything on record of this conversation, oldest first."""
        return [stored.event for stored in self._read(self.stream)]

    def history(self) -> tuple[Exchange, ...]:
        """The last questions with what was answered."""
        questions = {event.turn: event.text for event in self.events() if isinstance(event, QuestionPut)}
        answers = [event for event in self.events() if isinstance(event, AnswerSaid)]
        return tuple(
            Exchange(question=questions.get(each.turn, ""), answer=spoken(each)[:LONGEST_ANSWER])
            for each in answers[-REMEMBERED:]
        )

    def before(self, symbols: frozenset[str]) -> Before:
        """What it was about until now."""
        events = list(reversed(self.events()))
        cycles = (event.cycles[0] for event in events if isinstance(event, AnswerSaid) and event.cycles)
        named = (hear(event.text, symbols).symbols for event in events if isinstance(event, QuestionPut))
        return Before(next(cycles, None), next((each[0] for each in named if each), None))

    def record(self, event: Event) -> None:
        """Write the event, without secrets; a request's key is told apart from those of earlier turns."""
        if isinstance(event, ModelAsked | ToolCalled):
            event = event.model_copy(update={"key": self._key(event.key)})
        self._recorder.record(event)
        self._notice(event)

    def answer(self, key: str) -> ModelAsked | None:
        """The recorded request of this turn with that key."""
        return self._recorder.answer(self._key(key))

    def tool_result(self, key: str) -> ToolCalled | None:
        """The recorded call of this turn with that key."""
        return self._recorder.tool_result(self._key(key))

    def _key(self, key: str) -> str:
        return f"{self.turn}:{key}"


def spoken(answer: AnswerSaid) -> str:
    """An answer as people read it: each sentence with its citations, then the notes."""
    return "\n".join([*(f"{each.text} {' '.join(each.cites)}" for each in answer.said), *answer.notes])


def answer_row(answer: AnswerSaid) -> dict[str, Any]:
    """An answer as other programs read it. The words of what was withheld stay in the record."""
    return {
        "turn": answer.turn,
        "voice": answer.voice,
        "mind": answer.mind,
        "sentences": [{"text": each.text, "cites": list(each.cites)} for each in answer.said],
        "notes": list(answer.notes),
        "withheld": [each.reason for each in answer.withheld],
        "cycles": list(answer.cycles),
    }
