"""What the daemon does with the desk: carry a slot, see to the books, move a session on. Each opens the desk anew.

The desk's lock is held only while there is work, so that a person's command gets its turn in between.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from time import sleep
from typing import Any, Final

from perun.graph.app.hushing import redaction
from perun.graph.app.settings import Settings
from perun.graph.app.telemetry import telemetry
from perun.graph.app.venues import Venue, open_venue
from perun.graph.app.wiring import (
    Parts,
    Station,
    data_folder,
    forget_old_steps,
    ledger_place,
    open_floor,
    open_station,
)
from perun.graph.breakers import look
from perun.graph.cycle import Floor, run_cycle
from perun.graph.ledger.cycles import Cycle, CycleState
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import reconcile
from perun.graph.tenure import DeskTaken
from perun.memory.embedding import MiniLM, Recent
from perun.tools.domain.clock import Clock, SystemClock
from perun.tools.domain.errors import Halted, Unavailable
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.market import MarketClock
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.schedule import Schedule
from perun.tools.market.timetable import Timetable

_LOG: Final = logging.getLogger(__name__)
LATE: Final = timedelta(minutes=2)
"""After so long a slot is missed."""
_PAUSE_SECONDS: Final = 1.0
"""Between two waits for the desk, which may be as short as DESK_WAIT_SECONDS likes."""
NOT_DONE: Final = frozenset({"halted", "unavailable", "missed"})
"""Outcomes after which the slot's cycle has not come to its end."""


@dataclass(frozen=True)
class Reading:
    """Where market and desk stand."""

    account: str
    mode: str
    clock: MarketClock
    skew_seconds: float | None
    """How far this machine's clock is ahead of the broker's; None where the two have nothing to do with each other."""


@dataclass(frozen=True)
class Care:
    """What was found between cycles."""

    trading_state: str
    reason: str
    unfinished: tuple[str, ...]
    """Slots whose cycle was interrupted, oldest first."""
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Shift:
    """The desk of these settings, opened for one piece of work at a time."""

    settings: Settings
    clock: Clock = SystemClock()  # noqa: RUF009 # it has no state

    @property
    def is_recorded(self) -> bool:
        """True when the market is the embedded one, which moves only with the desk."""
        return self.settings.broker == "embedded"

    @cached_property
    def timetable(self) -> Timetable:
        """When cycles are due."""
        return Timetable(Schedule(self.settings.trading_schedule))

    def carry(self, slot: str, due: str) -> dict[str, Any]:
        """The slot's cycle, run or gone on with: `perun.cycle/1`. It waits while another process has the desk.

        Its outcome is `unavailable` when broker or ledger do not answer, and `missed` when the slot was due too long
        ago and nobody had begun it: trading is never caught up with.
        """
        try:
            while True:
                try:
                    return self._missed(slot, due) or self._run(slot, due)
                except DeskTaken as taken:
                    _LOG.warning("%s waits: %s", slot, taken)
                    sleep(_PAUSE_SECONDS)
        except Halted as error:
            return {"slot": slot, "outcome": "halted", "errors": [str(error)]}
        except Unavailable as error:
            return {"slot": slot, "outcome": "unavailable", "errors": [str(error)]}

    def read(self) -> Reading:
        """Where market and desk stand.

        Raises:
            Unavailable: the broker does not say.
        """
        with self._venue() as venue:
            clock = venue.book.clock()
            skew = venue.book.skew_seconds(clock)
            return Reading(venue.account, venue.mode, clock, None if skew is None else float(skew))

    def care(self) -> Care:
        """Reconcile, see that every position has its stop, mark the high water, and say what waits.

        Raises:
            Unavailable: broker or ledger do not answer.
        """
        found: list[str] = []
        with self._station() as station:
            desk, hand = station.counter(), station.hand
            hand.watch.notice_halt_file(desk.recorder)
            try:
                document = reconcile(f"desk:{station.account}", desk, hand.broker).document()
                look(desk, hand.broker, station.limits)
                found = [line for value in document.values() if isinstance(value, list) for line in value]
            except Halted as error:
                found = [str(error)]
            standing = hand.watch.standing()
            waiting = tuple(cycle.slot for cycle in hand.ledger.cycles.unfinished(station.account))
            return Care(standing.state.value, standing.reason, waiting, tuple(map(str, found)))

    def is_finished(self, slot: str) -> bool:
        """True when the slot's cycle came to its end.

        Raises:
            Unavailable: broker or ledger do not answer.
        """
        known = self._known(slot)
        return known is not None and known.state is CycleState.FINISHED

    def note_missed(self, account: str, slot: str, reason: str) -> bool:
        """Put on record, once, that a slot was not traded; False when it stood there, or the slot has a cycle.

        Neither the broker nor the desk is needed for that: both may be the reason.
        """
        secrets = redaction(self.settings)
        with open_ledger(ledger_place(self.settings), self.clock, redaction=secrets) as ledger:
            stream = f"schedule:{account}"
            noted = ledger.events.of_kind(stream, "error")
            told = any(isinstance(event, ErrorNoted) and event.message.startswith(f"{slot}:") for event in noted)
            if told or ledger.cycles.find(slot, account):
                return False
            note = ErrorNoted(where="schedule", code="SLOT_MISSED", message=f"{slot}: {reason}")
            EventRecorder(ledger, stream, self.clock).record(note)
            return True

    def recorded_slot(self, now: datetime) -> str | None:
        """The slot of the recorded session that closes now: its last moment; None when it has none."""
        day = now.date()  # a session closes at 20:00 or 21:00 in UTC: the same day as in New York
        moment = self.timetable.last_of(self._market.session(day))
        return moment.slot if moment else None

    def pass_session(self, as_of: datetime) -> None:
        """Let the recorded market play a session without a cycle."""
        with self._station() as station:
            station.hand.pace.end_cycle(as_of)

    def has_decided_before(self, instant: datetime) -> bool:
        """True when a cycle came to its end before that market time."""
        with self._venue() as venue, open_ledger(ledger_place(self.settings), self.clock) as ledger:
            return bool(ledger.cycles.finished_before(venue.account, instant, 1))

    @contextmanager
    def floor(self) -> Iterator[Floor]:
        """Everything a cycle is run with, for as long as the block lasts.

        Raises:
            Unavailable: another process has the desk, or broker or ledger do not answer.
        """
        with open_floor(self.settings, self._parts, "schedule") as floor:
            yield floor

    def _run(self, slot: str, due: str) -> dict[str, Any]:
        with self.floor() as floor:
            if missed := self._missed(slot, due):  # the wait for the desk may have been long
                return missed
            with telemetry(self.settings, floor.hand.ledger, _LOG.warning) as tell:
                document = run_cycle(floor, self.settings.default_symbols, slot)
                tell(document)
            forget_old_steps(self.settings, floor)
            return document

    def _missed(self, slot: str, due: str) -> dict[str, Any] | None:
        """What is told of a slot that was due too long ago and that nobody has begun; None for any other."""
        if not due or self.clock.now() - datetime.fromisoformat(due) <= LATE or self._known(slot):
            return None
        return {"slot": slot, "outcome": "missed", "errors": [f"due at {due}: too long ago"]}

    def _known(self, slot: str) -> Cycle | None:
        """What the ledger has of the slot; looked at without the desk, which another process may have."""
        with self._venue() as venue, open_ledger(ledger_place(self.settings), self.clock) as ledger:
            return ledger.cycles.find(slot, venue.account)

    @contextmanager
    def _station(self) -> Iterator[Station]:
        with open_station(self.settings, self._market if self.is_recorded else None, command="schedule") as station:
            yield station

    @contextmanager
    def _venue(self) -> Iterator[Venue]:
        market = self._market if self.is_recorded else None
        with open_venue(self.settings, data_folder(self.settings), market) as venue:
            yield venue

    @cached_property
    def _market(self) -> RecordedMarket:
        return RecordedMarket.shipped()

    @cached_property
    def _parts(self) -> Parts:
        """What is made once and kept: the recorded days, and the embedder with what it embedded last."""
        return Parts(market=self._market if self.is_recorded else None, embedder=Recent(MiniLM()))
