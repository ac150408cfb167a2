"""What every broker is held to: the brokers under test, and the prices that the contract's arithmetic rests on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.client import AlpacaAccess
from perun.tools.brokerage.alpaca.line import trading_line
from perun.tools.brokerage.alpaca.writer import AlpacaWriter
from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.domain.orders import ClearedOrder, Order, OrderTerms
from perun.tools.domain.ports import BookReader, OrderWriter
from support.exchange import FREE, cleared, exchange_at, pass_session
from support.exchange_server import served_exchange
from support.market import made_market

CASH = Decimal(100_000)

PRICES: dict[str, list[Any]] = {
    #        Monday  Tuesday              Wednesday          Thursday          Friday (the last session)
    "AAPL": [100, (102, 105, 99, 104), (103, 106, 97, 98), (92, 94, 91, 93), (95, 96, 94, 95)],
    "GOOG": [50, None, (51, 52, 49, 50), (50, 51, 48, 49), (49, 50, 48, 50)],
}
"""(open, high, low, close) of each session; a single number is a day that stood still; None is no trading."""


@dataclass(frozen=True)
class BrokerUnderTest:
    """A broker, seen through its ports, on `PRICES` at Monday's close with `CASH`, trading at no cost."""

    reader: BookReader
    writer: OrderWriter
    advance: Callable[[], None]
    """Lets the next session happen, from before its open to its close."""
    clear: Callable[[OrderTerms], ClearedOrder] = cleared

    def submit(self, terms: OrderTerms) -> Order:
        """Clear and place."""
        return self.writer.submit(self.clear(terms))

    def state(self, client_order_id: str) -> Order:
        """The order as the broker tells it now."""
        order = self.reader.order(client_order_id)
        assert order is not None, f"the broker knows no {client_order_id}"
        return order


@contextmanager
def embedded(folder: Path) -> Iterator[BrokerUnderTest]:
    """The exchange inside the process."""
    market = made_market(folder / "market", PRICES)
    with exchange_at(folder, market, cash=CASH, **FREE) as exchange:
        yield BrokerUnderTest(EmbeddedBook(exchange), EmbeddedWriter(exchange), lambda: pass_session(exchange))


@contextmanager
def alpaca(folder: Path) -> Iterator[BrokerUnderTest]:
    """The same exchange behind its HTTP door, through alpaca-py and our own adapter."""
    market = made_market(folder / "market", PRICES)
    with served_exchange(folder, market, cash=CASH, **FREE) as served:
        access = AlpacaAccess(key=SecretStr(served.key), secret=SecretStr(served.secret), trading_url=served.base_url)
        line = trading_line(access)
        book = AlpacaBook(line)
        yield BrokerUnderTest(book, AlpacaWriter(line, book), served.advance)


BROKERS: dict[str, Callable[[Path], AbstractContextManager[BrokerUnderTest]]] = {
    "embedded": embedded,
    "alpaca": alpaca,
}
"""Every implementation; a new one is one line here."""
