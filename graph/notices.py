"""What people are told of unasked: halts, latches, fills, cycles that failed, orders in doubt, slots that expired."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from perun.graph.ledger.ledger import Ledger
from perun.tools.domain.events import CycleEnded, ErrorNoted, Event, FillBooked, NoticesTaken, StateChanged
from perun.tools.domain.money import plain
from perun.tools.domain.standing import TradingState

OLDEST: Final = timedelta(days=1)
"""What happened longer ago is no news."""
_MARK: Final = "notices.taken"
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


@dataclass(frozen=True)
class News:
    """What is new for one account, and how far the ledger was read for it."""

    notices: tuple[Notice, ...] = ()
    """Oldest first."""
    upto: Mapping[str, int] = field(default_factory=dict)
    """Stream to its length; empty when nothing was added anywhere."""


@dataclass(frozen=True)
class Notices:
    """The ledger's news for one account; how far people were told stands in the ledger, in a stream of its own.

    Whoever dies between telling and `told` tells it once more after a restart: a halt told twice is better than one
    that nobody hears of.
    """

    account: str

    def fresh(self, ledger: Ledger, now: datetime) -> News:
        """What people were not told of yet. The first time ever that is nothing: it is all past, and noted so.

        Raises:
            LedgerUnavailable: the ledger cannot be read, or not be written.
        """
        marks = [event for event in ledger.events.of_kind(self._own, _MARK) if isinstance(event, NoticesTaken)]
        read = {stream: place for event in marks for stream, place in event.upto.items()}
        upto = {stream: length for stream, length in self._streams(ledger) if length > read.get(stream, 0)}
        if not marks:
            self.told(ledger, News(upto=upto), now)
            return News()
        found = [each for stream in upto for each in self._after(ledger, stream, read.get(stream, 0), upto[stream])]
        recent = (notice for notice in found if now - notice.at <= OLDEST)
        return News(tuple(sorted(recent, key=lambda notice: notice.at)), upto)

    def told(self, ledger: Ledger, news: News, now: datetime) -> None:
        """Note that people know.

        Raises:
            LedgerUnavailable: the ledger cannot be written: they will be told again.
        """
        ledger.events.append(self._own, NoticesTaken(upto=dict(news.upto)), now)

    @property
    def _own(self) -> str:
        return f"notices:{self.account}"

    def _streams(self, ledger: Ledger) -> Iterator[tuple[str, int]]:
        whose = (f"cycle:{self.account}:", f"desk:{self.account}", f"schedule:{self.account}")
        return ((stream, length) for stream, length in ledger.events.lengths().items() if stream.startswith(whose))

    def _after(self, ledger: Ledger, stream: str, place: int, upto: int) -> Iterator[Notice]:
        for stored in ledger.events.after(stream, place, _KINDS):
            said = told_of(stored.event, stream.rpartition(":")[2])
            if said and stored.seq <= upto:
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
