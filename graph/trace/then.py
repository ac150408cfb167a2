"""The world as it stood when a cycle decided: its market, account, memory and desk; none can be changed."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from perun.graph.bookkeeping import is_ours
from perun.graph.conduct import CLOSINGS_KEPT, as_sent, conduct_of
from perun.graph.ledger.latches import Latch
from perun.graph.ledger.ledger import Ledger
from perun.graph.trace.reading import Trace
from perun.graph.watch import Watch
from perun.memory.entries import MemoryEntry
from perun.memory.index import Scope
from perun.memory.memdir import Memdir, Report, unreported
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.conduct import Conduct, Sent
from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.domain.events import AccountMarked, CycleStarted
from perun.tools.domain.market import EXCHANGE_TIME, Asset, MarketClock
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill, Order
from perun.tools.domain.portfolio import Account, Portfolio, Position
from perun.tools.domain.ports import BookReader, Market, MarketView
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.market.snapshot import Snapshot

_DAY: Final = timedelta(days=1)


class MarketThen:
    """A market that says nothing of what came after the instant at which it was frozen."""

    def __init__(self, market: Market, as_of: datetime) -> None:
        self._market, self._as_of = market, as_of

    def at(self, as_of: datetime) -> MarketView:
        """The market as known then, or earlier when that is asked for."""
        return self._market.at(min(as_of, self._as_of))

    def symbols(self) -> Sequence[str]:
        """Every symbol it holds."""
        return self._market.symbols()


class BookThen:
    """The account as a cycle's snapshot has it. What the broker lists is asked of its book, by today's word."""

    def __init__(self, snapshot: Snapshot, listing: BookReader) -> None:
        self._seen, self._listing = snapshot, listing

    def account(self) -> Account:
        """The account of the snapshot."""
        return self._seen.portfolio.account

    def positions(self) -> Sequence[Position]:
        """The positions of the snapshot."""
        return self._seen.portfolio.positions

    def working_orders(self) -> Sequence[Order]:
        """The orders that worked then."""
        return self._seen.portfolio.working_orders

    def order(self, client_order_id: str) -> Order | None:
        """The order with that id, when it worked then."""
        return next((each for each in self.working_orders() if each.client_order_id == client_order_id), None)

    def orders(self, since: datetime | None = None) -> Sequence[Order]:
        """The orders that worked then."""
        return tuple(each for each in self.working_orders() if since is None or each.submitted_at >= since)

    def fills(self, since: datetime | None = None) -> Sequence[Fill]:
        """None: a snapshot tells of no fills."""
        return ()

    def clock(self) -> MarketClock:
        """The instant of the snapshot."""
        return self._seen.clock

    def skew_seconds(self, reading: MarketClock) -> Decimal | None:
        """None: it lives in its own time."""
        return None

    def asset(self, symbol: str) -> Asset | None:
        """What the broker lists now."""
        return self._listing.asset(symbol)

    def portfolio(self) -> Portfolio:
        """The portfolio of the snapshot."""
        return self._seen.portfolio


class MemdirThen(Memdir):
    """The memory's files without what was written since, the run's own entries among them."""

    def __init__(self, root: Path, began: datetime) -> None:
        super().__init__(root)
        self._began = began

    def read(self, entry_id: str, day: date | None = None, report: Report = unreported) -> MemoryEntry | None:
        """The entry, if it was there then."""
        entry = super().read(entry_id, day, report)
        return entry if entry is not None and self._was_there(entry) else None

    def newest(self, scope: Scope, report: Report) -> Iterator[MemoryEntry]:
        """The entries in scope that were there then, latest first."""
        return filter(self._was_there, super().newest(scope, report))

    def write(self, entry: MemoryEntry) -> Path:
        """Refused: the past is not written to."""
        raise MemoryUnavailable("a fork remembers nothing")

    def _was_there(self, entry: MemoryEntry) -> bool:
        return entry.written_at < self._began


class WatchThen(Watch):
    """A desk that was free to trade, with the past that it had: a latch of today says nothing of that day."""

    def __init__(self, ledger: Ledger, trace: Trace) -> None:
        cycle = trace.cycle
        # No HALT file is looked for: the path is never asked.
        super().__init__(ledger, cycle.account, Path(), StoppedClock(cycle.as_of))
        self._conduct = _conduct(ledger, trace)

    def standing(self) -> Standing:
        """The state and the past that the cycle had."""
        return Standing(state=TradingState.ACTIVE, conduct=self._conduct)

    def latches(self) -> list[Latch]:
        """None."""
        return []


def _conduct(ledger: Ledger, trace: Trace) -> Conduct:
    """What the desk had done when the cycle began; losses are measured from where the cycle's own mark did."""
    account, as_of = trace.cycle.account, trace.cycle.as_of
    marks = [mark for _, mark in trace.all(AccountMarked) if mark.at <= as_of]
    starts = {name: getattr(marks[-1], name) for name in ("day_start", "week_start", "high_water")} if marks else {}
    closings = ledger.positions.closings(account, as_of - CLOSINGS_KEPT)
    known = {
        "sent": tuple(_sent(ledger, account, as_of)),
        "closings": tuple(each for each in closings if each.at <= as_of),
    }
    return conduct_of(ledger, account, []).model_copy(update={**known, **starts})


def _sent(ledger: Ledger, account: str, as_of: datetime) -> Iterator[Sent]:
    """Orders of the cycle's session and of the day before it, but none of the cycle's own."""
    since = datetime.combine(as_of.astimezone(EXCHANGE_TIME).date() - _DAY, time(), EXCHANGE_TIME)
    for order in ledger.books.submitted_since(account, since):
        if is_ours(order) and not order.is_protective and order.submitted_at < as_of:
            yield as_sent(order, order.filled_avg_price or order.limit_price or order.stop_price or ZERO)


def prompts_then(trace: Trace) -> dict[str, str]:
    """Hash of each agent's prompt with which the cycle began."""
    return next((begun.prompts for _, begun in trace.all(CycleStarted)), {})
