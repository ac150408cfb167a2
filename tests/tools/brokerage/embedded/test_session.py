"""What a session does to orders: fills in their order, protective stops, costs, expiry."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.orders import Fill, OrderStatus, OrderTerms, TimeInForce
from support.exchange import FREE, buy, cleared, exchange_at, pass_session, sell
from support.market import made_market

OPENED, CLOSED = datetime(2024, 1, 2, 14, 30, tzinfo=UTC), datetime(2024, 1, 2, 21, tzinfo=UTC)
FALLING = (101, 102, 90, 91)


def exchange_on(folder: Path, *rows: Any, **costs: Any) -> Exchange:
    market = made_market(folder / "market", {"AAPL": [100, *rows]})
    return exchange_at(folder, market, **(costs or FREE))


def fills_after(exchange: Exchange, *orders: OrderTerms, sessions: int = 1) -> list[tuple[str, Decimal, datetime]]:
    for terms in orders:
        exchange.submit(cleared(terms))
    for _ in range(sessions):
        pass_session(exchange)
    return [(fill.client_order_id, fill.price, fill.at) for fill in exchange.fills()]


def test_when_an_entry_fills_at_the_open_and_the_low_reaches_its_stop_then_both_fill_that_day(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, FALLING)
    assert fills_after(exchange, buy(10, id="a", stop_loss="95")) == [("a", 101, OPENED), ("a-stop", 95, CLOSED)]
    assert exchange.books().holdings == {}


def test_when_the_market_opens_below_the_stop_of_an_entry_then_both_fill_at_the_open(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, (93, 99, 92, 98))
    assert fills_after(exchange, buy(10, id="a", stop_loss="95")) == [("a", 93, OPENED), ("a-stop", 93, OPENED)]


def test_when_a_limit_entry_fills_through_the_day_and_the_low_reaches_its_stop_then_both_fill(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, FALLING)
    fills = fills_after(exchange, buy(10, id="a", limit="97", stop_loss="95"))
    assert fills == [("a", 97, CLOSED), ("a-stop", 95, CLOSED)]


def test_when_an_entry_is_filled_in_part_then_its_stop_sells_nothing_however_low_the_day_falls(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, FALLING, **FREE, partial_fill_percent=100)
    ((name, _, _),) = fills_after(exchange, buy(10, id="a", stop_loss="95", tif=TimeInForce.GTC))
    assert name == "a"
    assert [order.status for order in exchange.orders()] == [OrderStatus.PARTIALLY_FILLED, OrderStatus.HELD]


def test_when_the_low_does_not_reach_the_stop_then_it_stands_guard(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, (101, 102, "95.01", 99))
    assert fills_after(exchange, buy(10, id="a", stop_loss="95")) == [("a", 101, OPENED)]
    stop = exchange.order("a-stop")
    assert stop is not None
    assert (stop.status, stop.open_qty) == (OrderStatus.NEW, 10)


def test_when_orders_trade_in_one_session_then_the_open_comes_before_the_day(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, FALLING)
    fills = fills_after(exchange, buy(1, id="a", limit="95"), buy(1, id="z"))
    assert [name for name, _, _ in fills] == ["z", "a"]


def test_when_orders_were_submitted_at_the_same_instant_then_their_ids_decide(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100)
    fills = fills_after(exchange, buy(1, id="c"), buy(1, id="a"), buy(1, id="b"))
    assert [name for name, _, _ in fills] == ["a", "b", "c"]


def test_when_an_order_was_submitted_earlier_then_it_goes_first_whatever_its_id(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100, (100, 100, 90, 95))
    fills_after(exchange, buy(1, id="z", limit="95", tif=TimeInForce.GTC))
    fills = fills_after(exchange, buy(1, id="a", limit="95"))
    assert [name for name, _, _ in fills] == ["z", "a"]


def test_when_a_market_order_fills_then_it_pays_slippage_and_commission(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100, 100, slippage_bps=Decimal(5))
    fills_after(exchange, buy(10, id="in"))
    fills_after(exchange, sell(10, id="out"))
    assert [(f.price, f.commission) for f in exchange.fills()] == [
        (Decimal("100.05"), Decimal("0.99")),
        (Decimal("99.95"), Decimal("0.99")),
    ]
    assert exchange.books().standing.cash == Decimal("99997.02")


@pytest.mark.parametrize(("limit", "price"), [("100.50", "100.50"), ("102", "101")])
def test_when_a_limit_order_fills_then_it_pays_commission_but_no_slippage(
    tmp_path: Path, limit: str, price: str
) -> None:
    exchange = exchange_on(tmp_path, FALLING, slippage_bps=Decimal(50))
    fills_after(exchange, buy(10, limit=limit))
    (fill,) = exchange.fills()
    assert (fill.price, fill.commission) == (Decimal(price), Decimal("0.99"))


def test_when_a_stop_fills_then_it_pays_slippage_below_the_stop(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, FALLING, slippage_bps=Decimal(10))
    fills_after(exchange, buy(10, id="a", stop_loss="95"))
    stop: Fill = exchange.fills()[1]
    assert stop.price == Decimal("94.905")


def test_when_an_order_survives_a_session_then_it_is_new_and_before_that_accepted(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100)
    assert exchange.submit(cleared(buy(id="a", limit="90", tif=TimeInForce.GTC))).status is OrderStatus.ACCEPTED
    pass_session(exchange)
    order = exchange.order("a")
    assert order is not None
    assert order.status is OrderStatus.NEW


def test_when_a_held_stop_is_cancelled_then_its_entry_goes_with_it_rather_than_stay_unprotected(
    tmp_path: Path,
) -> None:
    exchange = exchange_on(tmp_path, 100)
    exchange.submit(cleared(buy(id="a", stop_loss="95")))
    assert exchange.cancel("a-stop").status is OrderStatus.CANCELED
    assert exchange.books().orders == {}


def test_when_a_symbol_does_not_trade_then_its_position_keeps_the_last_close(tmp_path: Path) -> None:
    market = made_market(tmp_path / "market", {"AAPL": [100, 104, None], "IBM": [1, 1, 1]})
    exchange = exchange_at(tmp_path, market, **FREE)
    fills_after(exchange, buy(10, stop_loss="95"), sessions=2)
    (position,) = EmbeddedBook(exchange).positions()
    assert (position.current_price, position.market_value, position.qty_available) == (104, 1040, 0)
