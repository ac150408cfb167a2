"""A desk whose account is worth what the test says, at the instant it says: the real ledger, gate, watch and breakers.

Example:
        with ValuedDesk(tmp_path, daily_loss=percent(3)) as desk:
            desk.look(100_000)
            desk.look(96_000, minutes=5)
            desk.look(96_000, minutes=5)
            assert desk.state is TradingState.REDUCING
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from perun.graph.breakers import look
from perun.graph.ledger.ledger import open_ledger
from perun.graph.ledger.marks import Mark
from perun.graph.ledger.recorder import EventRecorder
from perun.graph.reconciling import reconcile
from perun.graph.submission import OrderDesk
from perun.graph.watch import Watch
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.brokerage.gated import GatedBroker
from perun.tools.domain.events import Event, StateChanged
from perun.tools.domain.market import MarketClock
from perun.tools.domain.money import CENT
from perun.tools.domain.portfolio import Account, Portfolio
from perun.tools.domain.standing import TradingState
from support.exchange import exchange_at
from support.gate import limits
from support.market import made_market

OPENING: Final = datetime(2026, 11, 23, 15, tzinfo=UTC)
"""A Monday, half an hour after the open in New York."""
_DAY: Final = timedelta(days=1)


class ValuedBook(EmbeddedBook):
    """The exchange's book, but for clock and worth of the account, which the test sets."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.instant, self.is_open, self.is_closing = OPENING, True, False
        self.cash = self.equity = self.last_equity = Decimal(100_000)

    def clock(self) -> MarketClock:
        closes = self.instant if self.is_closing else self.instant + timedelta(hours=1)
        opens = self.instant + _DAY if self.is_open else self.instant + timedelta(minutes=30)
        return MarketClock(now=self.instant, is_open=self.is_open, next_open=opens, next_close=closes)

    def account(self) -> Account:
        worth = {"cash": self.cash, "equity": self.equity, "last_equity": self.last_equity}
        return super().account().model_copy(update=worth)

    def portfolio(self) -> Portfolio:
        return super().portfolio().model_copy(update={"account": self.account()})


class ValuedDesk:
    """One account in one folder; whoever holds it moves its clock and its worth, and looks."""

    def __init__(self, folder: Path, **lines: Any) -> None:
        self.limits = limits(**lines)
        market = made_market(folder / "market", {"AAPL": [100] * 30})
        self.exchange = exchange_at(folder, market, start=date(2024, 1, 25))
        self.book = ValuedBook(self.exchange)
        self.account = self.book.account().account_id
        self.ledger = open_ledger(folder / "ledger.db", self)
        self.halt_file = folder / "HALT"
        self.watch = Watch(self.ledger, self.account, self.halt_file, self)
        recorder = EventRecorder(self.ledger, "looks", self)
        self.counter = OrderDesk(self.book, self.ledger, self.account, self.watch, recorder, self, lambda seconds: None)
        writer = EmbeddedWriter(self.exchange)
        self.broker = GatedBroker(self.book, writer, market, self.limits, self.watch.standing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ledger.close()
        self.exchange.close()

    def now(self) -> datetime:
        """The desk's own clock goes as the market's does."""
        return self.book.instant

    @property
    def state(self) -> TradingState:
        return self.watch.state()

    @property
    def reason(self) -> str:
        return self.watch.standing().reason

    def look(self, equity: int | str | None = None, minutes: int = 0, *, times: int = 1) -> Mark:
        """Let time pass, let the account be worth so much, reconcile and look: as a cycle does when it begins."""
        for _ in range(times):
            self.book.instant += timedelta(minutes=minutes)
            self.book.equity = self.book.equity if equity is None else Decimal(equity)
            reconcile("looks", self.counter, self.broker)
            mark = look(self.counter, self.broker, self.limits)
        return mark

    def pay(self, dollars: int) -> None:
        """Pay in, or out."""
        self.book.cash += dollars
        self.book.equity += dollars

    def next_session(self, days: int = 1) -> None:
        """The market closes and opens again; the broker's last equity is what the account is worth now."""
        self.book.last_equity = self.book.equity
        self.book.instant += days * _DAY

    def events(self) -> list[Event]:
        return [stored.event for stored in self.ledger.events.read("looks")]

    def changes(self) -> list[tuple[str, TradingState]]:
        """Every change of what the desk may do, as it stands on the record."""
        return [(event.latch, event.state) for event in self.events() if isinstance(event, StateChanged)]


Opened = Callable[..., ValuedDesk]
"""Opens a desk with these limits."""


def less(dollars: int) -> Decimal:
    """A cent less than so many dollars."""
    return Decimal(dollars) - CENT
