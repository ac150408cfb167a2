"""The account as everybody may read it: the exchange behind the BookReader port."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from perun.tools.brokerage.embedded import valuation
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.errors import UnknownSymbol
from perun.tools.domain.market import Asset, MarketClock
from perun.tools.domain.orders import Fill, Order
from perun.tools.domain.portfolio import Account, Portfolio, Position


class EmbeddedBook:
    """Reads one exchange; it has no way to change it. The port says what each method gives."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def account(self) -> Account:
        """The account, valued at the last closes."""
        books = self._exchange.books()
        return valuation.account(books, self._exchange.closes(books))

    def positions(self) -> Sequence[Position]:
        """Every position, valued at the last closes, sorted by symbol."""
        books = self._exchange.books()
        return valuation.positions(books, self._exchange.closes(books))

    def working_orders(self) -> Sequence[Order]:
        """Every order that is not terminal, held children included, oldest first."""
        return tuple(self._exchange.books().orders.values())

    def order(self, client_order_id: str) -> Order | None:
        """The order with that client id, whatever its state."""
        return self._exchange.order(client_order_id)

    def orders(self, since: datetime | None = None) -> Sequence[Order]:
        """Every order since then, oldest first."""
        return self._exchange.orders(since)

    def fills(self, since: datetime | None = None) -> Sequence[Fill]:
        """Every fill since then, oldest first."""
        return self._exchange.fills(since)

    def clock(self) -> MarketClock:
        """The exchange's clock: it stands at a session's close."""
        return self._exchange.clock()

    def skew_seconds(self, reading: MarketClock) -> Decimal | None:
        """None: the exchange lives in recorded days."""
        return None

    def asset(self, symbol: str) -> Asset | None:
        """A symbol that the recording knows by now is a stock that may be traded; one without a session is halted."""
        try:
            self._exchange.closes(self._exchange.books())(symbol)
        except UnknownSymbol:
            return None
        return Asset(symbol=symbol, status="active", tradable=True, halted=self._exchange.is_halted(symbol))

    def portfolio(self) -> Portfolio:
        """Account, positions and working orders of one moment."""
        books = self._exchange.books()
        closes = self._exchange.closes(books)
        return Portfolio(
            account=valuation.account(books, closes),
            positions=valuation.positions(books, closes),
            working_orders=tuple(books.orders.values()),
        )
