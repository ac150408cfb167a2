"""From Alpaca's rows to nouns, and from terms to the body of a POST."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.brokerage.alpaca import wire
from perun.tools.brokerage.alpaca.body import differences, wire_body
from perun.tools.brokerage.alpaca.wire import Unreadable
from perun.tools.domain.orders import OrderClass, OrderStatus, OrderTerms, Side, TimeInForce
from support.exchange import buy, sell
from support.fault_server import row

ACCOUNT = {
    "id": "a-1",
    "status": "ACTIVE",
    "cash": "100.10",
    "equity": "200.2",
    "last_equity": "199",
    "buying_power": "100.1",
}
POSITION = {
    "symbol": "AAPL",
    "qty": "10",
    "side": "long",
    "avg_entry_price": "100.5",
    "market_value": "1040",
    "current_price": "104",
    "unrealized_pl": "35",
    "qty_available": "4",
}
ORDER = row(wire_body(buy(10, id="a")))
NANOSECONDS = "2024-01-02T10:00:00.123456789-05:00"


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def test_when_an_account_is_read_then_amounts_are_exact_and_what_is_unknown_is_ignored() -> None:
    account = wire.account({**ACCOUNT, "pattern_day_trader": "gone", "crypto_status": 7})
    assert (account.cash, account.equity, account.trading_blocked) == (Decimal("100.10"), Decimal("200.2"), False)


def test_when_an_account_has_a_status_of_tomorrow_then_it_is_told_as_it_is() -> None:
    assert wire.account({**ACCOUNT, "status": "ACCOUNT_CLOSED_PENDING"}).status == "ACCOUNT_CLOSED_PENDING"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ACCOUNT for value in (None, [])),
        *((name, text) for name in list(ACCOUNT)[2:] for text in ("NaN", "Infinity", "1e400", "")),
    ],
)
def test_when_a_fact_of_the_account_is_no_fact_then_there_is_no_account(name: str, value: Any) -> None:
    with pytest.raises(Unreadable, match="the account"):
        wire.account({**ACCOUNT, name: value})


@pytest.mark.parametrize("block", ["trading_blocked", "account_blocked", "trade_suspended_by_user"])
@pytest.mark.parametrize("value", [True, "true", "what?"])
def test_when_any_block_is_set_then_trading_is_blocked(block: str, value: Any) -> None:
    assert wire.account({**ACCOUNT, block: value}).trading_blocked


def test_when_a_position_is_read_then_it_is_as_alpaca_tells_it() -> None:
    position = wire.position(POSITION)
    assert (position.qty, position.qty_available, position.market_value) == (10, 4, 1040)


def test_when_a_position_is_short_then_its_quantity_is_negative_whatever_sign_is_told() -> None:
    assert {wire.position({**POSITION, "side": "short", "qty": qty}).qty for qty in ("10", "-10")} == {-10}


def test_when_a_position_has_no_current_price_then_it_is_valued_at_the_last_days() -> None:
    bare = {name: POSITION[name] for name in ("symbol", "qty", "side", "avg_entry_price")}
    position = wire.position({**bare, "current_price": None, "market_value": None, "lastday_price": "103"})
    assert (position.current_price, position.market_value, position.unrealized_pl) == (103, 1030, 25)


@pytest.mark.parametrize("name", ["symbol", "qty", "avg_entry_price", "current_price"])
def test_when_a_position_lacks_what_exposure_needs_then_it_is_unreadable_and_named(name: str) -> None:
    with pytest.raises(Unreadable, match=r"the position (AAPL|None): no usable"):
        wire.position(without(POSITION, name))


@pytest.mark.parametrize("status", [*OrderStatus])
def test_when_an_order_has_a_known_status_then_it_is_that(status: OrderStatus) -> None:
    assert wire.order({**ORDER, "status": status.value}).status is status


@pytest.mark.parametrize("status", ["pondering", None, 7, ""])
def test_when_an_order_has_an_unknown_status_then_it_may_still_trade(status: Any) -> None:
    order = wire.order({**ORDER, "status": status})
    assert (order.status, order.open_qty) == (OrderStatus.UNRECOGNISED, 10)


def test_when_optional_facts_of_an_order_are_missing_then_it_is_read_all_the_same() -> None:
    needed = ("id", "client_order_id", "symbol", "side", "qty", "type", "status", "created_at")
    order = wire.order({name: ORDER[name] for name in needed})
    assert (order.filled_qty, order.time_in_force, order.order_class) == (0, TimeInForce.GTC, OrderClass.SIMPLE)


@pytest.mark.parametrize("name", ["id", "client_order_id", "symbol", "side", "qty", "type"])
def test_when_a_needed_fact_of_an_order_is_missing_then_it_is_unreadable(name: str) -> None:
    with pytest.raises(Unreadable, match="no usable"):
        wire.order(without(ORDER, name))


def test_when_an_order_was_for_dollars_then_its_shares_are_known_once_it_is_over() -> None:
    dollars = {**ORDER, "qty": None, "notional": "50", "filled_qty": "0.5", "filled_avg_price": "100"}
    assert wire.order({**dollars, "status": "filled"}).qty == Decimal("0.5")
    with pytest.raises(Unreadable, match="qty"):
        wire.order(dollars)


def test_when_an_instant_has_nanoseconds_and_an_offset_then_it_is_read_in_utc() -> None:
    assert wire.instant(NANOSECONDS) == datetime(2024, 1, 2, 15, 0, 0, 123456, tzinfo=UTC)


def test_when_an_instant_has_no_zone_then_it_is_none() -> None:
    assert wire.instant("2024-01-02T10:00:00") is None


def test_when_a_fill_is_read_then_a_short_sale_is_a_sale() -> None:
    told = {
        "id": "f",
        "symbol": "AAPL",
        "side": "sell_short",
        "qty": "1",
        "price": "9.5",
        "transaction_time": NANOSECONDS,
    }
    fill = wire.fill(told, "a")
    assert (fill.side, fill.client_order_id, fill.price, fill.commission) == (Side.SELL, "a", Decimal("9.5"), 0)


def test_when_the_clock_lacks_a_fact_then_it_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="next_open"):
        wire.market_clock({"timestamp": NANOSECONDS, "is_open": True, "next_close": NANOSECONDS})


def test_when_an_entry_goes_out_then_its_stop_goes_with_it_and_outlives_the_day() -> None:
    assert wire_body(buy(10, id="a", stop_loss="95.50")) == {
        "symbol": "AAPL",
        "qty": "10",
        "side": "buy",
        "type": "market",
        "time_in_force": "gtc",
        "client_order_id": "a",
        "order_class": "oto",
        "stop_loss": {"stop_price": "95.5"},
    }


def test_when_an_exit_goes_out_then_it_is_a_plain_day_order() -> None:
    assert wire_body(sell(3, id="x")) == {
        "symbol": "AAPL",
        "qty": "3",
        "side": "sell",
        "type": "market",
        "time_in_force": "day",
        "client_order_id": "x",
    }


def test_when_a_quantity_is_large_then_it_has_no_exponent() -> None:
    assert wire_body(buy("1E+3"))["qty"] == "1000"


@pytest.mark.parametrize(
    "terms", [buy(10, stop_loss="95"), sell(3), buy(5, limit="99.10"), sell(5, stop="90", tif=TimeInForce.GTC)], ids=str
)
def test_when_an_order_was_made_from_the_terms_then_it_differs_in_nothing(terms: OrderTerms) -> None:
    assert differences(terms, wire.order(row(wire_body(terms)))) == ()


def test_when_prices_are_written_otherwise_then_they_are_the_same() -> None:
    terms = buy(5, limit="99.10")
    assert differences(terms, wire.order(row(wire_body(terms), limit_price="99.1000", qty="5.0"))) == ()
