"""Orders a second at the embedded exchange, in process and over HTTP through alpaca-py: no verdict, a measurement."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.client import AlpacaAccess
from perun.tools.brokerage.alpaca.line import trading_line
from perun.tools.brokerage.alpaca.writer import AlpacaWriter
from perun.tools.brokerage.embedded.writer import EmbeddedWriter
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.ports import OrderWriter
from support.exchange import buy, cleared, exchange_at, pass_session
from support.exchange_server import served_exchange
from support.market import made_market

SESSIONS = 4
ORDERS = 50
"""Entries in each session, each with its stop; the stops stay on the book."""
MARKET = {"AAPL": [100] * (SESSIONS + 1)}
RICH = Decimal(10) ** 9


def orders_a_second(writer: OrderWriter, advance: Callable[[], None]) -> float:
    """Submit and fill; the gate has cleared the orders before the watch starts."""
    days = [[cleared(buy(1, id=f"{day}-{n}", stop_loss="90")) for n in range(ORDERS)] for day in range(SESSIONS)]
    started = stopwatch()
    for orders in days:
        for order in orders:
            writer.submit(order)
        advance()
    return SESSIONS * ORDERS / (stopwatch() - started)


def test_orders_in_process_and_over_http(tmp_path: Path) -> None:
    market = made_market(tmp_path / "market", MARKET)
    (tmp_path / "bare").mkdir()
    with exchange_at(tmp_path / "bare", market, cash=RICH) as exchange:
        inside = orders_a_second(EmbeddedWriter(exchange), lambda: pass_session(exchange))
        assert len(exchange.fills()) == SESSIONS * ORDERS
    with served_exchange(tmp_path, market, cash=RICH) as served:
        access = AlpacaAccess(
            key=served.key,
            secret=served.secret,
            trading_url=served.base_url,
            data_url=served.base_url,
            stream_url=served.stream_url,
        )
        line = trading_line(access)
        outside = orders_a_second(AlpacaWriter(line, AlpacaBook(line)), served.advance)
        assert len(served.exchange.fills()) == SESSIONS * ORDERS
    print(f"in process {inside:5.0f} orders/s, over HTTP {outside:5.0f}: {inside / outside:4.1f} times as many inside")
