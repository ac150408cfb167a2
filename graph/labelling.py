"""At the start of a cycle: which remembered decisions have had their outcome meanwhile, and what it is."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from perun.graph.desk import Desk
from perun.graph.ledger.ledger import Ledger
from perun.graph.lessons import Teacher
from perun.graph.prices_since import History, PricesSince
from perun.graph.revision import Revision
from perun.memory.aftermath import Horizon
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.index import Scope, folder_day
from perun.memory.memdir import unreported
from perun.memory.outcomes import LABELLED, SESSIONS, Begun, at_fill, at_next_open, direction, measure, opens
from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.domain.events import ErrorNoted
from perun.tools.domain.market import EXCHANGE_TIME, MarketClock
from perun.tools.domain.orders import Order

LOOKED_BACK: Final = 2
"""Cycles whose sessions are looked at again: one that could not read the market left its outcomes to the next."""
FIRST_LOOK: Final = 60
"""Sessions that a desk looks at which has no such cycle."""


def label(desk: Desk, ledger: Ledger, account: str, symbols: Sequence[str]) -> None:
    """Give outcomes to entries that are due, credit to what their decisions cited, and write the lessons.

    Cheap when no session has ended since the last cycles. Whatever fails is noted, and the cycle goes on.

    Args:
        desk: Memory, market, clocks and the cycle's record.
        ledger: Cycles and fills.
        account: Whose they are.
        symbols: What the cycle watches; the longest of their histories tells which sessions there were.

    Raises:
        BrokerUnavailable: the broker does not tell the time.
    """
    clock = desk.book.clock()
    since = _since(ledger, account, clock.now)
    if since is not None and _in_one_session(since, clock):
        return
    prices = PricesSince(desk.market.at(clock.now), ledger)
    sessions = max(map(prices.of, symbols), key=len)
    try:
        if sessions and (since is None or sessions[-1].ended > since):
            _Labels(desk, ledger, account, prices).put(sessions, since or sessions[-FIRST_LOOK:][0].ended)
    except MemoryUnavailable as error:
        desk.recorder.record(ErrorNoted(where="label", code="MEMORY_UNAVAILABLE", message=str(error)))
    for symbol, said in prices.silent.items():
        message = f"no prices of {symbol}, so no outcomes: {said}"
        desk.recorder.record(ErrorNoted(where="label", code="MARKET_UNAVAILABLE", message=message))


def _since(ledger: Ledger, account: str, now: datetime) -> datetime | None:
    last = ledger.cycles.finished_before(account, now, LOOKED_BACK)
    return last[-1].as_of if len(last) == LOOKED_BACK else None


def _in_one_session(since: datetime, clock: MarketClock) -> bool:
    """True when no session can have ended in between."""
    day = clock.now.astimezone(EXCHANGE_TIME).date()
    return clock.is_open and clock.now < clock.next_close and since.astimezone(EXCHANGE_TIME).date() == day


class _Labels:
    """One run over the entries that may be due."""

    def __init__(self, desk: Desk, ledger: Ledger, account: str, prices: PricesSince) -> None:
        self._desk, self._ledger, self._account, self._prices = desk, ledger, account, prices
        self._revision = Revision(desk.memory)
        self._teacher = Teacher(desk, ledger, account, prices, self._revision)

    def put(self, sessions: History, since: datetime) -> None:
        """Label what the sessions that ended after `since` make due."""
        for day in sorted(_days(sessions, since)):
            for entry in self._of(day):
                self._label(entry)
        self._teacher.trades(since)
        self._revision.write(self._desk.recorder)

    def _of(self, day: date) -> list[MemoryEntry]:
        """The day's entries of the kinds that get outcomes. A damaged file is passed over: recall says so."""
        end = datetime.combine(day, time.max, UTC)
        return self._desk.memory.files.on(day, Scope(end, kinds=LABELLED), unreported)

    def _label(self, entry: MemoryEntry) -> None:
        lacking = [horizon for horizon in SESSIONS if entry.outcome(horizon) is None]
        history = self._prices.of(entry.symbols[0]) if entry.symbols else ()
        begun = self._begun(entry, history) if lacking else None
        if begun is None:
            return
        usual, side = self._prices.watched(entry.cycle_id), direction(entry)
        found = [measure(horizon, begun, history, usual, side) for horizon in lacking]
        after = self._revision.outcomes(entry, [outcome for outcome in found if outcome])
        if entry.kind is Kind.SIGNAL and after.outcomes != entry.outcomes:
            self._revision.credit(after, side, self._evidence(after))
            if entry.outcome(Horizon.TWENTY) is None:
                self._teacher.wish(after)

    def _begun(self, entry: MemoryEntry, history: History) -> Begun | None:
        """From where it is measured; None while that lies ahead, and for an order that bought or sold nothing."""
        if entry.kind is not Kind.TRADE:
            return at_next_open(entry.as_of, history)
        order = self._order(entry)
        if order is None or order.filled_avg_price is None:
            return None
        return at_fill(min(order.updated_at or entry.as_of, entry.as_of), order.filled_avg_price, history)

    def _order(self, entry: MemoryEntry) -> Order | None:
        """The order as it stands by now; None for one of another account."""
        return self._ledger.books.order(self._account, str(entry.data.get("client_order_id")))

    def _evidence(self, signal: MemoryEntry) -> Iterator[str]:
        """What a signal rests on: its own evidence, and that of the report which it answers."""
        report = self._revision.read(entry_id(Kind.ANALYSIS, signal.cycle_id, signal.symbols[0]), signal.as_of)
        for entry in (signal, report):
            given = entry.data.get("evidence") if entry else None
            yield from (str(each) for each in given) if isinstance(given, list) else ()


def _days(sessions: History, since: datetime) -> set[date]:
    """Folders of the entries of which a session that ended after `since` is the first, fifth or twentieth.

    An entry belongs to the session that opens after it, a trade's to the one in which it was filled: two openings lie
    around the entries of a session.
    """
    days: set[date] = set()
    for place in (place for place, bar in enumerate(sessions) if bar.ended > since):
        for first in (place - count + 1 for count in SESSIONS.values() if place >= count - 1):
            last = min(first + 1, len(sessions) - 1)
            start, end = (folder_day(opens(sessions[each])) for each in (max(first - 1, 0), last))
            days |= {start + timedelta(days=gone) for gone in range((end - start).days + 1)}
    return days
