"""What the exchange tells of orders as it happens."""

from pathlib import Path
from typing import Any

import pytest

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.refusing import Refused
from perun.tools.brokerage.embedded.replacing import Change
from perun.tools.brokerage.embedded.updates import TradeUpdate
from perun.tools.domain.orders import OrderStatus, TimeInForce
from support.exchange import FREE, buy, cleared, exchange_at, pass_session, sell
from support.market import made_market

GTC = TimeInForce.GTC


def listened(folder: Path, **more: Any) -> tuple[Exchange, list[TradeUpdate]]:
    market = made_market(folder / "market", {"AAPL": [100, 101, (101, 102, 90, 95), 95]})
    exchange, told = exchange_at(folder, market, **FREE, **more), list[TradeUpdate]()
    exchange.listen(told.append)
    return exchange, told


def words(told: list[TradeUpdate]) -> list[tuple[str, str]]:
    said = [(update.order.client_order_id, update.event) for update in told]
    told.clear()
    return said


def test_when_a_protected_entry_lives_then_every_step_is_told_once_and_in_order(tmp_path: Path) -> None:
    exchange, told = listened(tmp_path)
    exchange.submit(cleared(buy(10, id="a", stop_loss="95")))
    assert words(told) == [("a", "accepted")], "a held stop is told when it wakes"
    pass_session(exchange)
    assert words(told) == [("a", "fill"), ("a-stop", "new")]
    pass_session(exchange)
    (update,) = told
    assert (update.event, update.order.status, update.position_qty) == ("fill", OrderStatus.FILLED, 0)
    assert update.fill is not None
    assert (update.fill.price, update.at) == (95, update.fill.at)


def test_when_orders_end_without_a_fill_then_it_is_told_how(tmp_path: Path) -> None:
    exchange, told = listened(tmp_path)
    exchange.submit(cleared(buy(1, id="day", limit="80")))
    exchange.submit(cleared(buy(1, id="gtc", limit="80", tif=GTC)))
    pass_session(exchange)
    assert words(told)[2:] == [("day", "expired"), ("gtc", "new")]
    order = exchange.order("gtc")
    assert order is not None
    exchange.replace_order(order.broker_order_id, Change.model_validate({"client_order_id": "b", "limit_price": "81"}))
    assert words(told) == [("gtc", "replaced"), ("b", "new")]
    exchange.cancel("b")
    assert words(told) == [("b", "canceled")]


def test_when_a_day_order_fills_in_part_and_expires_then_both_are_told(tmp_path: Path) -> None:
    exchange, told = listened(tmp_path, partial_fill_percent=100)
    exchange.submit(cleared(buy(10, id="a")))
    pass_session(exchange)
    _, part, end = told
    assert (part.event, part.order.status) == ("partial_fill", OrderStatus.PARTIALLY_FILLED)
    assert part.position_qty == part.order.filled_qty
    assert (end.event, end.order.status) == ("expired", OrderStatus.EXPIRED)


def test_when_an_order_is_refused_then_nothing_is_told(tmp_path: Path) -> None:
    exchange, told = listened(tmp_path)
    with pytest.raises(Refused):
        exchange.submit(cleared(sell(1)))
    assert told == []
