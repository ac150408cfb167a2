"""What minds and tools said in a run, said again to whoever asks the same: a fork repeats no question needlessly."""

from collections.abc import Mapping, Sequence

from perun.agents.conversation import Conversation
from perun.agents.models import Mind, Question, Reply, ToolCall
from perun.graph.ledger.ledger import Ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.trace.reading import Trace
from perun.tools.domain.clock import Clock
from perun.tools.domain.events import ModelAsked, ToolCalled, Usage


class Heard:
    """The answers and results of one run. Which of them were given again, it knows."""

    def __init__(self, trace: Trace) -> None:
        self._asked = [event for _, event in trace.all(ModelAsked) if not event.problem]
        self._called = {event.key: event for _, event in trace.all(ToolCalled)}
        self._again: set[str] = set()

    def answer(self, question: Question) -> ModelAsked | None:
        """What was answered to exactly these words; None when nobody was asked so."""
        words = Conversation(question.messages).written
        for event in reversed(self._asked):
            if (event.role, event.symbol, event.messages) == (question.role, question.symbol, words):
                self._again.add(event.key)
                return event
        return None

    def result(self, key: str) -> ToolCalled | None:
        """What a tool told, when the answer that called it was given again."""
        return self._called.get(key) if key.rpartition("/")[0] in self._again else None


class Listening:
    """A mind that gives an answer from the record where it can, for nothing, and asks another where it cannot."""

    def __init__(self, mind: Mind, heard: Heard) -> None:
        self._mind, self._heard = mind, heard

    @property
    def name(self) -> str:
        """The other mind's."""
        return self._mind.name

    def reply(self, question: Question) -> Reply:
        """The recorded answer, or the other mind's.

        Raises:
            ModelUnavailable, ModelRefusedKey: as the other mind does.
        """
        if (said := self._heard.answer(question)) is None:
            return self._mind.reply(question)
        calls = tuple(ToolCall(call.id, call.name, call.arguments) for call in said.calls)
        return Reply(said.answer, Usage(), calls, model=said.model)


def listening(minds: Mapping[str, Mind], heard: Heard, anew: Sequence[str]) -> dict[str, Mind]:
    """The minds, each with the record before it, but for the roles that are asked `anew`."""
    return {role: mind if role in anew else Listening(mind, heard) for role, mind in minds.items()}


class ForkTape(EventRecorder):
    """A fork's own stream, which takes over what tools told to an answer that is given again."""

    def __init__(self, ledger: Ledger, stream: str, clock: Clock, heard: Heard) -> None:
        super().__init__(ledger, stream, clock)
        self._heard = heard

    def tool_result(self, key: str) -> ToolCalled | None:
        """The result from the record, written into the fork's stream as well."""
        if (told := self._heard.result(key)) is not None:
            self.record(told)
        return told
