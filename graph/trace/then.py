"""The world as it stood when a cycle decided: a market that ends there, a book that is only read, a watch of that day."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from perun.graph.conduct import conduct_of
from perun.graph.ledger.latches import Latch
from perun.graph.ledger.ledger import Ledger
from perun.graph.trace.reading import Trace
from perun.graph.watch import Watch
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.conduct import Conduct
from perun.tools.domain.events import AccountMarked, CycleStarted
from perun.tools.domain.market import Asset, MarketClock
from perun.tools.domain.orders import Fill, Order
from perun.tools.domain.portfolio import Account, Portfolio, Position
from perun.tools.domain.ports import BookReader, Market, MarketView
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.market.snapshot import Snapshot


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


class WatchThen(Watch):
    """A desk that was free to trade, with the past that it had: a latch of today says nothing of that day."""

    def __init__(self, ledger: Ledger, trace: Trace) -> None:
        cycle = trace.cycle
        # No HALT file is looked for: the path is never asked.
        super().__init__(ledger, cycle.account, Path(), StoppedClock(cycle.as_of))
        self._conduct = _before(conduct_of(ledger, cycle.account, []), trace)

    def standing(self) -> Standing:
        """The state and the past that the cycle had."""
        return Standing(state=TradingState.ACTIVE, conduct=self._conduct)

    def latches(self) -> list[Latch]:
        """None."""
        return []


def _before(conduct: Conduct, trace: Trace) -> Conduct:
    """What the desk had done when the cycle began; losses are measured from where the cycle's own mark did."""
    as_of = trace.cycle.as_of
    known = {
        "sent": tuple(each for each in conduct.sent if each.at < as_of),
        "closings": tuple(each for each in conduct.closings if each.at < as_of),
    }
    marks = [mark for _, mark in trace.all(AccountMarked) if mark.at <= as_of]
    starts = {name: getattr(marks[-1], name) for name in ("day_start", "week_start", "high_water")} if marks else {}
    return conduct.model_copy(update={**known, **starts})


def prompts_then(trace: Trace) -> dict[str, str]:
    """Hash of each agent's prompt with which the cycle began."""
    return next((begun.prompts for _, begun in trace.all(CycleStarted)), {})
