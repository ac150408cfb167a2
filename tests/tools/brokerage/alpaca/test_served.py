"""The adapter against the embedded exchange behind its HTTP door: prices, a followed order, a hint from the stream."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest

from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.client import AlpacaAccess
from perun.tools.brokerage.alpaca.line import data_line, trading_line
from perun.tools.brokerage.alpaca.pace import AlpacaPace
from perun.tools.brokerage.alpaca.updates import TradeUpdates
from perun.tools.brokerage.alpaca.writer import AlpacaWriter
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import MarketUnavailable, UnknownSymbol
from perun.tools.domain.orders import OrderStatus
from perun.tools.market.alpaca import AlpacaMarket
from support.exchange import FREE, buy, cleared
from support.exchange_server import ServedExchange, served_exchange
from support.market import made_market

A_LONG_TIME = timedelta(seconds=20)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedExchange]:
    market = made_market(tmp_path / "market", {"AAPL": [100, (102, 105, 99, "104.25"), 103]})
    with served_exchange(tmp_path, market, **FREE) as running:
        yield running


def access_to(served: ServedExchange) -> AlpacaAccess:
    urls = {"trading_url": served.base_url, "data_url": served.base_url, "stream_url": served.stream_url}
    return AlpacaAccess(key=served.key, secret=served.secret, **urls)


def test_when_prices_are_read_then_they_are_those_of_the_exchange_and_none_is_later(served: ServedExchange) -> None:
    access = access_to(served)
    book = AlpacaBook(trading_line(access))
    market = AlpacaMarket(data_line(access), trading_line(access, MarketUnavailable))
    served.advance()
    view = market.at(book.clock().now)
    assert [bar.close for bar in view.bars("AAPL", 9)] == [100, Decimal("104.25")]
    assert (view.quote("AAPL").last, view.quote("AAPL").at) == (Decimal("104.25"), view.as_of)
    assert market.symbols() == ["AAPL"]
    with pytest.raises(UnknownSymbol):
        view.bars("IBM", 1)


def test_when_an_order_fills_while_it_is_followed_then_the_stream_wakes_the_look_that_sees_it(
    served: ServedExchange,
) -> None:
    access = access_to(served)
    line = trading_line(access)
    book = AlpacaBook(line)
    writer = AlpacaWriter(line, book)
    with TradeUpdates(access) as updates:
        # The stream is open as soon as something is heard of it.
        tries = (writer.submit(cleared(buy(1, id=f"try-{n}", limit="1"))) for n in range(1000))
        assert any(updates.wait(timedelta(milliseconds=20)) for _ in tries)
        entry = writer.submit(cleared(buy(10, id="a", stop_loss="90")))
        while updates.wait(timedelta(milliseconds=100)):
            pass  # what is heard of the submissions themselves
        hints: list[bool] = []

        def wait(_: timedelta) -> None:
            play = Thread(target=served.advance)
            play.start()
            hints.append(updates.wait(A_LONG_TIME))
            play.join()

        AlpacaPace(book, StoppedClock(entry.submitted_at), wait, A_LONG_TIME).follow(["a"], entry.submitted_at)
    assert [order.status for order in book.orders() if order.client_order_id == "a"] == [OrderStatus.FILLED]
    assert hints == [True]
    (stop,) = book.working_orders()
    assert (stop.is_protective, stop.parent, stop.open_qty) == (True, "a", 10)
