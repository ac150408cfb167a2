"""What goes wrong at an exchange: executions in part, halts, orders that lapse, a suspended account."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.refusing import FORBIDDEN, INVALID, Refused
from perun.tools.domain.orders import Order, OrderStatus, TimeInForce
from support.exchange import FREE, buy, cleared, exchange_at, pass_session, sell, ticket
from support.market import made_market

GTC = TimeInForce.GTC
TUESDAY = date(2024, 1, 2)


def exchange_on(folder: Path, *rows: Any, **more: Any) -> Exchange:
    return exchange_at(folder, made_market(folder / "market", {"AAPL": [100, *rows]}), **FREE, **more)


def state(exchange: Exchange, name: str) -> Order:
    order = exchange.order(name)
    assert order is not None
    return order


def test_when_an_order_fills_in_part_then_the_rest_fills_in_the_next_session_at_its_price(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 101, 103, partial_fill_percent=100)
    exchange.submit(cleared(buy(10, id="a", tif=GTC)))
    pass_session(exchange)
    part = state(exchange, "a")
    assert part.status is OrderStatus.PARTIALLY_FILLED
    assert 1 <= part.filled_qty <= 9
    assert part.filled_avg_price == 101

    pass_session(exchange)
    whole = state(exchange, "a")
    assert (whole.status, whole.filled_qty) == (OrderStatus.FILLED, 10)
    paid = part.filled_qty * 101 + (10 - part.filled_qty) * 103
    assert whole.filled_avg_price == paid / 10
    assert exchange.books().standing.cash == 100_000 - paid
    assert [fill.fill_id.rpartition(":")[2] for fill in exchange.fills()] == ["1", "2"]


def test_when_a_day_order_fills_in_part_then_the_rest_expires_and_its_held_exits_never_wake(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 101, partial_fill_percent=100)
    exchange.submit(cleared(buy(10, id="a", stop_loss="95")))
    pass_session(exchange)
    order = state(exchange, "a")
    assert order.status is OrderStatus.EXPIRED
    assert 0 < order.filled_qty == exchange.books().held("AAPL") < 10
    assert state(exchange, "a-stop").status is OrderStatus.CANCELED


def test_when_a_share_of_orders_fills_in_part_then_their_ids_choose_and_always_the_same(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "two"):
        exchange = exchange_on(tmp_path / name, 101, 101, partial_fill_percent=30)
        account = exchange.books().standing.account_id
        exchange.books()
        for number in range(40):
            exchange.submit(cleared(buy(5, id=f"{number}", tif=GTC)))
        pass_session(exchange)
        partial = [order for order in exchange.orders() if order.status is OrderStatus.PARTIALLY_FILLED]
        assert 3 <= len(partial) <= 25
        runs.append((account, partial))
    assert runs[0][0] != runs[1][0]


def test_when_nothing_is_said_of_partial_fills_then_there_are_none(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 101)
    for number in range(40):
        exchange.submit(cleared(buy(5, id=f"{number}")))
    pass_session(exchange)
    assert {order.status for order in exchange.orders()} == {OrderStatus.FILLED}


def test_when_one_exit_fills_in_part_then_the_other_guards_what_is_left(tmp_path: Path) -> None:
    market = made_market(tmp_path / "market", {"AAPL": [100, 100, (100, 112, 99, 105), (100, 101, 94, 95)]})
    with exchange_at(tmp_path, market, **FREE) as whole:
        whole.submit(cleared(buy(10, id="in")))
        pass_session(whole)
    exchange = exchange_at(tmp_path, market, **FREE, partial_fill_percent=100)
    exits = {"order_class": "oco", "type": "limit", "take_profit": "110", "stop_loss": "95"}
    exchange.take_ticket(ticket(sell(10, id="out", tif=GTC), **exits))
    pass_session(exchange)
    target, stop = state(exchange, "out"), state(exchange, "out-stop")
    assert target.status is OrderStatus.PARTIALLY_FILLED
    assert stop.open_qty == target.open_qty == exchange.books().held("AAPL")
    assert exchange.books().available("AAPL") == 0

    pass_session(exchange)
    assert {fill.client_order_id for fill in exchange.fills()} == {"in", "out", "out-stop"}


def test_when_a_symbol_is_halted_then_nothing_fills_and_only_exits_are_taken(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100, (100, 105, 90, 95), halts={("AAPL", TUESDAY)})
    exchange.submit(cleared(buy(10, id="a", tif=GTC)))
    pass_session(exchange)
    assert exchange.is_halted("AAPL")
    assert state(exchange, "a").status is OrderStatus.NEW
    with pytest.raises(Refused, match="halted") as refused:
        exchange.take_ticket(ticket(buy(1, id="b")))
    assert (refused.value.status, refused.value.code) == INVALID

    pass_session(exchange)
    assert not exchange.is_halted("AAPL")
    assert state(exchange, "a").status is OrderStatus.FILLED


def test_when_a_symbol_is_halted_then_its_holder_may_still_place_an_exit(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100, 100, 100, halts={("AAPL", date(2024, 1, 3))})
    exchange.submit(cleared(buy(10, id="a")))
    for _ in range(2):
        pass_session(exchange)
    assert exchange.is_halted("AAPL")
    exchange.submit(cleared(sell(10, id="out")))
    pass_session(exchange)
    assert state(exchange, "out").status is OrderStatus.FILLED


def test_when_a_gtc_order_is_90_days_old_then_it_expires_at_a_quarter_past_four_in_new_york(tmp_path: Path) -> None:
    days = [date(2024, 1, 1), date(2024, 1, 2), date(2024, 3, 29), date(2024, 4, 1)]
    market = made_market(tmp_path / "market", {"AAPL": [100, 100, 100, (100, 101, 80, 90)]}, days=days)
    exchange = exchange_at(tmp_path, market, **FREE)
    exchange.submit(cleared(buy(10, id="a", limit="90", tif=GTC)))
    ends = datetime(2024, 3, 31, 20, 15, tzinfo=UTC)
    assert state(exchange, "a").expires_at == ends == datetime(2024, 1, 1, 20, 15, tzinfo=UTC) + timedelta(days=90)
    for _ in range(2):
        pass_session(exchange)
    assert state(exchange, "a").status is OrderStatus.NEW

    pass_session(exchange)
    order = state(exchange, "a")
    assert (order.status, order.updated_at) == (OrderStatus.EXPIRED, ends)
    assert exchange.fills() == ()


def test_when_the_account_is_suspended_then_every_new_order_is_refused_and_working_ones_go_on(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100, 100)
    exchange.submit(cleared(buy(10, id="a", stop_loss="95")))
    exchange.suspend(True)
    assert EmbeddedBook(exchange).account().trading_blocked
    for terms in (buy(1, id="b"), sell(1, id="c")):
        with pytest.raises(Refused, match="suspended") as refused:
            exchange.submit(cleared(terms))
        assert (refused.value.status, refused.value.code) == FORBIDDEN
    pass_session(exchange)
    assert state(exchange, "a").status is OrderStatus.FILLED
    exchange.cancel("a-stop")

    exchange.suspend(False)
    exchange.submit(cleared(sell(10, id="d")))


@pytest.mark.parametrize(
    ("terms", "taken"),
    [
        (buy(1, stop="100"), False),
        (buy(1, stop="100.01"), True),
        (sell(1, stop="100"), False),
        (sell(1, stop="99.99"), True),
    ],
)
def test_when_the_market_is_beyond_a_stop_already_then_it_is_refused(tmp_path: Path, terms: Any, taken: bool) -> None:
    exchange = exchange_on(tmp_path, 100, 100)
    exchange.submit(cleared(buy(5, id="in")))
    pass_session(exchange)
    if taken:
        exchange.take_ticket(ticket(terms))
        return
    with pytest.raises(Refused, match="market price") as refused:
        exchange.take_ticket(ticket(terms))
    assert (refused.value.status, refused.value.code) == INVALID
    assert refused.value.details == {"market_price": "100", "stop_price": "100"}


def test_when_a_trailing_stop_is_placed_then_it_stands_below_the_last_close_and_follows(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, 100, (101, 110, 101, 109), (108, 109, 99, 100))
    exchange.submit(cleared(buy(5, id="in")))
    pass_session(exchange)
    placed = exchange.take_ticket(ticket(sell(5, id="t", tif=GTC), type="trailing_stop", trail_price="10"))
    assert (placed.high_water, placed.stop_price) == (100, 90)
    pass_session(exchange)
    followed = state(exchange, "t")
    assert (followed.high_water, followed.stop_price) == (110, 100)
    pass_session(exchange)
    assert state(exchange, "t").filled_avg_price == Decimal(100)
