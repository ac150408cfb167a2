"""The account as everybody may read it: the exchange behind the BookReader port."""

from collections.abc import Sequence

from perun.tools.brokerage.embedded import valuation
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.market import MarketClock
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

    def orders(self) -> Sequence[Order]:
        """Every order, oldest first."""
        return self._exchange.orders()

    def fills(self) -> Sequence[Fill]:
        """Every fill, oldest first."""
        return self._exchange.fills()

    def clock(self) -> MarketClock:
        """The exchange's clock: it stands at a session's close."""
        return self._exchange.clock()

    def portfolio(self) -> Portfolio:
        """Account, positions and working orders of one moment."""
        books = self._exchange.books()
        closes = self._exchange.closes(books)
        return Portfolio(
            account=valuation.account(books, closes),
            positions=valuation.positions(books, closes),
            working_orders=tuple(books.orders.values()),
        )
