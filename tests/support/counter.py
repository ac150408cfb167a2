"""A desk without minds on the embedded exchange: orders are asked for by a test, and it is reconciled by hand.

Example:
    with Counter(tmp_path, [(99, 100, 94, 95), 95]) as counter:    # two sessions to come, after quiet ones at 100
        counter.buy()                                               # ten AAPL, with their stop at 96
        counter.pass_session()
        counter.reconcile()
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import Findings, reconcile
from perun.graph.submission import OrderDesk, Submission
from perun.graph.watch import Watch
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.books import Standing as Opening
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.store import Store
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.brokerage.observing import ATR_SESSIONS
from perun.tools.domain.events import Event
from perun.tools.domain.orders import ClearedOrder, Leg, Order
from perun.tools.domain.ports import BookReader
from support.exchange import FREE, exchange_at, pass_session
from support.gate import CASH, entry, exit_, limits
from support.market import Row, made_market

QUIET = (100, 101, 99, 100)
"""A session whose true range is 2, so that a stop stands 4 below the price."""
TEN = Decimal(1040)
"""Dollars that buy ten shares at 100 and the collar."""


class CountingHand(EmbeddedWriter):
    """Sends to the real exchange, and notes what it was asked to send; a test may have it fail before that."""

    settles_at_once: bool = True  # type: ignore[misc] # a test may say that there is a wire between

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.sent: list[str] = []
        self.failing: list[Exception] = []
        """Raised instead of the next submissions, one each."""

    def submit(self, order: ClearedOrder) -> Order:
        self.sent.append(order.terms.client_order_id)
        if self.failing:
            raise self.failing.pop(0)
        return super().submit(order)


class Counter:
    """The desk. Its clock stands until somebody waits."""

    def __init__(
        self,
        folder: Path,
        rows: Sequence[Row],
        book: Callable[[Exchange], BookReader] = EmbeddedBook,
        **exchange: Any,
    ) -> None:
        market = made_market(folder / "market", {"AAPL": [QUIET] * (ATR_SESSIONS + 1) + list(rows)})
        opening = market.sessions()[ATR_SESSIONS]
        self.instant = opening.closes
        self.waits: list[float] = []
        # The account's id seeds partial fills: a random one would make a test fail only now and then.
        terms = Opening(account_id="counter", day=opening.day, cash=CASH, last_equity=CASH)
        Store.create(folder / "exchange.db", terms).close()
        self.exchange = exchange_at(folder, market, start=opening.day, **{**FREE, **exchange})
        self.book, self.hand = book(self.exchange), CountingHand(self.exchange)
        self.ledger = open_ledger(folder / "ledger.db", self)
        self.account = self.book.account().account_id
        self.watch = Watch(self.ledger, self.account, folder / "HALT", self)
        lines = limits(max_order_notional=TEN)
        self.broker = GatedBroker(self.book, self.hand, market, lines, self.watch.standing)
        self.recorder = EventRecorder(self.ledger, "desk", self)
        self.desk = OrderDesk(self.book, self.ledger, self.account, self.watch, self.recorder, self, self.sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ledger.close()
        self.exchange.close()

    def now(self) -> datetime:
        """The desk's clock."""
        return self.instant

    def sleep(self, seconds: float) -> None:
        """A wait that takes no time but the clock's own."""
        self.waits.append(seconds)
        self.instant += timedelta(seconds=seconds)

    def buy(self, id: str = "perun-in") -> Submission:
        """Ask for ten AAPL with their stop."""
        proposal = entry(id=id, decided_at=self.book.clock().now)
        errand = Submission(f"cycle:{id}", self.desk)
        errand.send(id, Leg.ENTRY, partial(self.broker.place, proposal))
        return errand

    def sell(self, id: str = "perun-out", ceiling: int | None = None) -> Submission:
        """Ask to sell what is held, or so many of it."""
        errand = Submission(f"cycle:{id}", self.desk)
        errand.send(id, Leg.EXIT, partial(self.broker.place, exit_(id=id, ceiling=ceiling)))
        return errand

    def pass_session(self) -> None:
        """Play the next session."""
        pass_session(self.exchange)

    def holding(self, id: str = "perun-in") -> Self:
        """Buy ten AAPL, let them trade, and be reconciled."""
        self.buy(id)
        self.pass_session()
        self.reconcile()
        return self

    def reconcile(self) -> Findings:
        """Bring the ledger in line with the exchange."""
        return reconcile("desk", self.desk, self.broker)

    def lose_stop(self) -> Order:
        """Somebody cancels the one working stop by hand."""
        (stop,) = self.stops()
        return self.exchange.cancel(stop.client_order_id)

    def stops(self) -> list[Order]:
        """Working sales that wait for a stop."""
        return [order for order in self.book.working_orders() if order.stop_price]

    def held(self) -> Decimal:
        """Shares of AAPL."""
        return self.book.portfolio().held("AAPL")

    def events(self) -> list[Event]:
        """The desk's record."""
        return [stored.event for stored in self.ledger.events.read("desk")]
