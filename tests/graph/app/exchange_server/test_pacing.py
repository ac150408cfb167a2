"""The pace of a served recording: it stands, or moves on when a market order waits."""

from datetime import date
from pathlib import Path

from alpaca.trading.client import TradingClient
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest
from websockets.sync.client import connect

from perun.tools.market.recorded import RecordedMarket
from support.exchange import FREE
from support.exchange_server import ServedExchange, served_exchange
from support.exchange_stream import heard, listen

AAPL = {"symbol": "AAPL", "qty": 1, "side": "buy", "time_in_force": "gtc"}


ORDERS = 8


def orders_of_one_cycle(served: ServedExchange) -> None:
    """One after another, as a desk sends them; together they take longer than a session is played in."""
    client = TradingClient(served.key, served.secret, url_override=served.base_url)
    client.submit_order(LimitOrderRequest(**AAPL, limit_price=90))
    for number in range(ORDERS):
        client.submit_order(MarketOrderRequest(**AAPL, client_order_id=f"{number}"))
        client.get_account()


def test_when_the_pace_is_manual_then_the_clock_stands_however_much_is_ordered(served: ServedExchange) -> None:
    orders_of_one_cycle(served)
    assert served.exchange.now().date() == date(2024, 1, 1)
    assert served.exchange.fills() == ()


def test_when_the_pace_is_auto_then_all_orders_of_a_cycle_meet_one_session(
    tmp_path: Path, market: RecordedMarket
) -> None:
    pace = {"pace": "auto", "quiet_seconds": 1}
    with served_exchange(tmp_path, market, app=pace, **FREE) as served, connect(served.stream_url) as socket:
        listen(socket, served)
        orders_of_one_cycle(served)
        filled: set[str] = set()
        while len(filled) < ORDERS:
            data = heard(socket)["data"]
            filled |= {data["order"]["client_order_id"]} if data["event"] == "fill" else set()
        assert {fill.at.date() for fill in served.exchange.fills()} == {date(2024, 1, 2)}
        assert served.exchange.now().date() == date(2024, 1, 2)
