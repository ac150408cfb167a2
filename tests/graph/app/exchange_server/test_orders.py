"""Orders through alpaca-py, unchanged: placed, read, changed, cancelled, refused."""

import json
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, OrderType, QueryOrderStatus, TimeInForce
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    GetOrderByIdRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    OrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from support.exchange_server import ServedExchange

AAPL: dict[str, Any] = {"symbol": "AAPL", "qty": 10, "side": OrderSide.BUY, "time_in_force": TimeInForce.GTC}
EXITS: dict[str, Any] = {
    "stop_loss": StopLossRequest(stop_price=95),
    "take_profit": TakeProfitRequest(limit_price=110),
}


def place(client: TradingClient, request: OrderRequest) -> Order:
    order = client.submit_order(request)
    assert isinstance(order, Order)
    return order


def read(client: TradingClient, name: str) -> Order:
    order = client.get_order_by_client_id(name)
    assert isinstance(order, Order)
    return order


def refused(call: Any) -> tuple[int, int, dict[str, Any]]:
    with pytest.raises(APIError) as refusal:
        call()
    body = json.loads(str(refusal.value))
    assert body["message"]
    return refusal.value.status_code, body["code"], body


@pytest.mark.parametrize(
    "request_",
    [
        MarketOrderRequest(**AAPL),
        LimitOrderRequest(**AAPL, limit_price=95.5),
        StopOrderRequest(**AAPL, stop_price=110),
        StopLimitOrderRequest(**AAPL, stop_price=110, limit_price=111.25),
        TrailingStopOrderRequest(**AAPL, trail_percent=2.5),
        MarketOrderRequest(**AAPL, order_class=OrderClass.OTO, stop_loss=StopLossRequest(stop_price=95)),
        MarketOrderRequest(**AAPL, order_class=OrderClass.BRACKET, **EXITS),
    ],
    ids=["market", "limit", "stop", "stop limit", "trailing stop", "oto", "bracket"],
)
def test_when_an_order_of_any_kind_is_placed_then_it_reads_back_as_it_was_asked_for(
    client: TradingClient, request_: OrderRequest
) -> None:
    placed = place(client, request_)
    assert (placed.status, placed.filled_qty) == (OrderStatus.ACCEPTED, "0")
    asked = request_.to_request_fields()
    for name in ("symbol", "side", "type", "time_in_force"):
        assert getattr(placed, name) == asked[name]
    for name in ("qty", "limit_price", "trail_percent"):
        assert getattr(placed, name) == (f"{asked[name]:g}" if name in asked else None)
    assert len(placed.legs or []) == sum(name in asked for name in EXITS)
    assert client.get_order_by_id(placed.id, GetOrderByIdRequest(nested=True)) == placed
    assert placed.client_order_id, "the exchange names what the client does not"


def test_when_a_bracket_lives_then_its_statuses_are_alpacas(client: TradingClient, served: ServedExchange) -> None:
    request = MarketOrderRequest(**AAPL, client_order_id="a", order_class=OrderClass.BRACKET, **EXITS)
    legs = place(client, request).legs
    assert legs is not None
    assert {leg.status for leg in legs} == {OrderStatus.HELD}
    served.advance()
    entry = read(client, "a")
    assert (entry.status, entry.filled_avg_price, entry.filled_qty) == (OrderStatus.FILLED, "102", "10")
    assert entry.filled_at is not None
    assert {read(client, leg.client_order_id).status for leg in legs} == {OrderStatus.NEW}
    served.advance()
    served.advance()
    ends = {leg.type: read(client, leg.client_order_id).status for leg in legs}
    assert ends == {OrderType.STOP: OrderStatus.FILLED, OrderType.LIMIT: OrderStatus.CANCELED}


def test_when_two_exits_are_placed_on_a_position_then_the_target_leads(
    client: TradingClient, served: ServedExchange
) -> None:
    place(client, MarketOrderRequest(**AAPL))
    served.advance()
    request = LimitOrderRequest(**{**AAPL, "side": OrderSide.SELL}, order_class=OrderClass.OCO, **EXITS)
    target = place(client, request)
    assert (target.type, target.limit_price) == (OrderType.LIMIT, "110")
    assert [(leg.type, leg.stop_price) for leg in target.legs or []] == [(OrderType.STOP, "95")]


def test_when_orders_are_listed_then_they_are_chosen_and_sorted_as_asked(
    client: TradingClient, served: ServedExchange
) -> None:
    place(client, MarketOrderRequest(**AAPL, client_order_id="a", order_class=OrderClass.BRACKET, **EXITS))
    served.advance()
    place(client, LimitOrderRequest(**{**AAPL, "symbol": "IBM"}, limit_price=9, client_order_id="b"))
    place(client, LimitOrderRequest(**AAPL, limit_price=90, client_order_id="c"))

    def listed(**asked: Any) -> list[str]:
        orders = client.get_orders(GetOrdersRequest(**asked))
        return [order.client_order_id for order in orders if isinstance(order, Order)]

    assert listed() == ["c", "b", "a-target", "a-stop"]
    assert listed(nested=True) == ["c", "b", "a"], "a filled entry with open exits is shown for them"
    assert listed(status=QueryOrderStatus.CLOSED) == ["a"]
    assert listed(status=QueryOrderStatus.ALL, direction="asc", limit=2) == ["a", "a-stop"]
    assert listed(status=QueryOrderStatus.ALL, symbols=["IBM", "GOOG"]) == ["b"]
    assert listed(side=OrderSide.SELL) == ["a-target", "a-stop"]
    first = read(client, "a").submitted_at
    assert listed(status=QueryOrderStatus.ALL, after=first) == ["c", "b"]
    assert listed(status=QueryOrderStatus.ALL, until=first, nested=True) == ["a"]


def test_when_an_order_is_replaced_then_the_answer_is_the_new_one(
    client: TradingClient, served: ServedExchange
) -> None:
    old = place(client, LimitOrderRequest(**AAPL, limit_price=90, client_order_id="a"))
    assert refused(lambda: client.replace_order_by_id(old.id, ReplaceOrderRequest(qty=5)))[:2] == (422, 42210000)
    served.advance()
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(qty=5, limit_price=91.5))
    assert isinstance(new, Order)
    assert (new.qty, new.limit_price, new.replaces) == ("5", "91.5", old.id)
    ended = read(client, "a")
    assert (ended.status, ended.replaced_by) == (OrderStatus.REPLACED, new.id)


def test_when_orders_are_cancelled_then_they_are_over(client: TradingClient) -> None:
    order = place(client, LimitOrderRequest(**AAPL, limit_price=90, client_order_id="a"))
    client.cancel_order_by_id(order.id)
    assert read(client, "a").status == OrderStatus.CANCELED
    assert refused(lambda: client.cancel_order_by_id(order.id))[:2] == (422, 42210000)

    place(client, MarketOrderRequest(**AAPL, client_order_id="b", order_class=OrderClass.BRACKET, **EXITS))
    assert len(client.cancel_orders()) == 3
    assert client.get_orders() == []


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (MarketOrderRequest(**{**AAPL, "qty": 2000}), (403, 40310000)),
        (MarketOrderRequest(**{**AAPL, "side": OrderSide.SELL}), (403, 40310000)),
        (MarketOrderRequest(**AAPL, client_order_id="taken"), (422, 40010001)),
        (LimitOrderRequest(**AAPL, limit_price=95.555), (422, 42210000)),
        (MarketOrderRequest(**{**AAPL, "symbol": "NONE"}), (422, 42210000)),
        (MarketOrderRequest(**{**AAPL, "symbol": "GOOG"}), (422, 42210000)),
        (MarketOrderRequest(**{**AAPL, "qty": 1.5}), (422, 42210000)),
        (MarketOrderRequest(**{**AAPL, "qty": None}, notional=100), (422, 42210000)),
        (MarketOrderRequest(**{**AAPL, "qty": 0}), (422, 40010001)),
        (MarketOrderRequest(**{**AAPL, "qty": 1e300}), (422, 40010001)),
        (LimitOrderRequest(**AAPL, limit_price=-5), (422, 40010001)),
        (LimitOrderRequest(**AAPL, limit_price=95, extended_hours=True), (422, 42210000)),
        (MarketOrderRequest(**{**AAPL, "time_in_force": TimeInForce.OPG}), (422, 42210000)),
        (MarketOrderRequest(**{**AAPL, "time_in_force": TimeInForce.IOC}), (422, 42210000)),
        (StopOrderRequest(**AAPL, stop_price=99), (422, 42210000)),
        (MarketOrderRequest(**AAPL, client_order_id="n" * 129), (422, 40010001)),
    ],
    ids=[
        "too dear",
        "nothing to sell",
        "id used",
        "sub-penny",
        "unknown symbol",
        "not listed yet",
        "part of a share",
        "notional",
        "nothing",
        "more than there is",
        "negative price",
        "extended hours",
        "at the open",
        "immediately",
        "stop beyond the market",
        "long id",
    ],
)
def test_when_an_order_breaks_a_rule_then_alpacas_status_and_code_say_so(
    client: TradingClient, request_: OrderRequest, kind: tuple[int, int]
) -> None:
    place(client, MarketOrderRequest(**{**AAPL, "qty": 1}, client_order_id="taken"))
    assert refused(lambda: client.submit_order(request_))[:2] == kind
    assert len(client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL))) == 1


def test_when_a_refusal_has_facts_then_they_stand_beside_its_code(
    client: TradingClient, served: ServedExchange
) -> None:
    place(client, MarketOrderRequest(**AAPL))
    served.advance()
    stop = place(client, StopOrderRequest(**{**AAPL, "side": OrderSide.SELL}, stop_price=95))
    sell = MarketOrderRequest(**{**AAPL, "side": OrderSide.SELL, "qty": 11})
    body = refused(lambda: client.submit_order(sell))[2]
    assert (body["available"], body["existing_qty"], body["held_for_orders"]) == ("0", "10", "10")
    body = refused(lambda: client.submit_order(MarketOrderRequest(**AAPL)))[2]
    assert body["existing_order_id"] == str(stop.id)


def test_when_an_order_is_unknown_then_it_is_not_found(client: TradingClient) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for call in (
        lambda: client.get_order_by_client_id("nobody"),
        lambda: client.get_order_by_id(nobody),
        lambda: client.cancel_order_by_id(nobody),
        lambda: client.replace_order_by_id(nobody, ReplaceOrderRequest(qty=1)),
    ):
        assert refused(call)[:2] == (404, 40410000)


def test_when_the_recording_has_ended_then_an_order_is_refused_with_the_reason(
    client: TradingClient, served: ServedExchange
) -> None:
    for _ in range(4):
        served.advance()
    status, code, body = refused(lambda: client.submit_order(MarketOrderRequest(**AAPL)))
    assert (status, code) == (422, 42210000)
    assert "the recording ends" in body["message"]
