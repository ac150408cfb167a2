"""What people are told of unasked: halts, latches, fills, cycles that failed, orders in doubt, slots that expired."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.events import CycleEnded, ErrorNoted, Event, FillBooked, NoticesTaken, StateChanged
from perun.tools.domain.money import plain
from perun.tools.domain.standing import TradingState

OLDEST: Final = timedelta(days=1)
"""What happened longer ago is no news."""
_KINDS: Final = ("state", "fill", "error", "cycle.ended")
_TROUBLES: Final = {
    "AMBIGUOUS_SUBMIT": "order in doubt",
    "CLIENT_ID_CONFLICT": "order of a stranger",
    "EMERGENCY_EXIT": "emergency exit",
    "SLOT_MISSED": "slot missed",
}
"""Code of a noted error to what people call it; other errors are for the record alone."""
_FAILED: Final = {"degraded": "cycle failed in part", "expired": "slot expired"}
"""Outcomes of a cycle that people are told of."""


@dataclass(frozen=True)
class Notice:
    """One line for people."""

    at: datetime
    line: str
    is_urgent: bool
    """False for what goes as it should: a fill, a desk that may trade again."""


@dataclass
class Notices:
    """The ledger's news for one account; how far it was read stands in the ledger, in a stream of its own.

    Each event is taken once, also when the process dies right after: what was taken is never taken again.
    """

    account: str
    _read: dict[str, int] = field(default_factory=dict)

    def take(self, ledger: Ledger, now: datetime) -> list[Notice]:
        """What is new and worth a line, oldest first. The first time ever nothing is: that is all past.

        Raises:
            LedgerUnavailable: the ledger cannot be read, or not be written; nothing was taken.
        """
        own, is_first = f"notices:{self.account}", False
        if not self._read:
            taken = [event for event in ledger.events.of_kind(own, "notices.taken") if isinstance(event, NoticesTaken)]
            is_first = not taken
            self._read = {stream: place for event in taken for stream, place in event.upto.items()}
        new = {stream: length for stream, length in self._streams(ledger) if length > self._read.get(stream, 0)}
        if not new and not is_first:
            return []
        found = (
            [] if is_first else [each for stream, upto in new.items() for each in self._of(ledger, stream, upto, now)]
        )
        ledger.events.append(own, NoticesTaken(upto=new), now)
        self._read |= new
        return sorted(found, key=lambda notice: notice.at)

    def _streams(self, ledger: Ledger) -> Iterator[tuple[str, int]]:
        whose = (f"cycle:{self.account}:", f"desk:{self.account}", f"schedule:{self.account}")
        return ((stream, length) for stream, length in ledger.events.lengths().items() if stream.startswith(whose))

    def _of(self, ledger: Ledger, stream: str, upto: int, now: datetime) -> Iterator[Notice]:
        for stored in ledger.events.after(stream, self._read.get(stream, 0), _KINDS):
            said = told_of(stored.event, stream.rpartition(":")[2])
            if said and stored.seq <= upto and now - stored.at <= OLDEST:
                yield Notice(stored.at, *said)


def told_of(event: Event, slot: str) -> tuple[str, bool] | None:
    """The line about an event of that slot, and whether it is urgent; None for what nobody is told of unasked."""
    match event:
        case StateChanged():
            return f"{_state(event)}: {event.reason} ({event.who})", event.state is not TradingState.ACTIVE
        case FillBooked(fill=fill):
            return f"fill: {fill.side} {plain(fill.qty)} {fill.symbol} at {plain(fill.price)}", False
        case ErrorNoted() if event.code in _TROUBLES:
            return f"{_TROUBLES[event.code]}: {event.message}", True
        case CycleEnded() if event.outcome in _FAILED:
            return f"{_FAILED[event.outcome]}: {slot}", True
        case _:
            return None


def _state(event: StateChanged) -> str:
    """What the desk may do from then on; a latch that leaves it as it was is told as a latch."""
    match event.state:
        case TradingState.HALTED:
            return "halt"
        case TradingState.REDUCING:
            return "latch, the desk only reduces"
    return "the desk may trade"
