"""The tape of one cycle: events go to the end of its stream, and answers of models and tools are found on it again."""

from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.clock import Clock
from perun.tools.domain.events import Event, ModelAsked, ToolCalled
from perun.tools.domain.verdicts import Verdict


class EventRecorder:
    """A `Recorder` that writes to one stream of the ledger, and the `Tape` of those who ask models."""

    def __init__(self, ledger: Ledger, stream: str, clock: Clock) -> None:
        self._events = ledger.events
        self._redaction = ledger.redaction
        self._stream = stream
        self._clock = clock

    def record(self, event: Event) -> None:
        """Write the event, without secrets, at the end of the stream; durable when it returns."""
        self._events.append(self._stream, self._redaction.event(event), self._clock.now())

    def answer(self, key: str) -> ModelAsked | None:
        """The last turn with a model that was recorded under `key`; None when there was none."""
        return self._events.answer(self._stream, key)

    def tool_result(self, key: str) -> ToolCalled | None:
        """The call of a tool that was recorded under `key`; None when there was none."""
        return self._events.tool_result(self._stream, key)

    def verdict(self, client_order_id: str) -> Verdict | None:
        """The last recorded verdict that cleared the order; None when none did."""
        return self._events.clearance(self._stream, client_order_id)
