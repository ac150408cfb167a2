"""The account, positions, clock, calendar, assets and activities through alpaca-py, unchanged."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import AccountStatus, OrderSide, TimeInForce
from alpaca.trading.models import AccountConfiguration, Asset, Calendar, Clock, Order, Position, TradeAccount
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetCalendarRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    StopOrderRequest,
)

from support.exchange_server import ServedExchange

AAPL: dict[str, Any] = {"symbol": "AAPL", "qty": 10, "side": OrderSide.BUY, "time_in_force": TimeInForce.GTC}
SELL = {"side": OrderSide.SELL}


@pytest.fixture
def invested(client: TradingClient, served: ServedExchange) -> TradingClient:
    """Ten shares of AAPL bought at 102, now 104."""
    client.submit_order(MarketOrderRequest(**AAPL, client_order_id="in"))
    served.advance()
    return client


def test_when_shares_are_held_then_account_and_position_agree_to_the_cent(invested: TradingClient) -> None:
    account, (position,) = invested.get_account(), invested.get_all_positions()
    assert isinstance(account, TradeAccount)
    assert isinstance(position, Position)
    assert (account.status, account.currency) == (AccountStatus.ACTIVE, "USD")
    assert (account.cash, account.equity, account.last_equity) == ("98980", "100020", "100000")
    assert (account.buying_power, account.long_market_value, account.multiplier) == ("98980", "1040", "1")
    assert (position.qty, position.avg_entry_price, position.current_price) == ("10", "102", "104")
    assert (position.market_value, position.cost_basis, position.unrealized_pl) == ("1040", "1020", "20")
    assert (position.lastday_price, position.change_today) == ("100", "0.04")
    assert invested.get_open_position("AAPL") == invested.get_open_position(position.asset_id) == position


def test_when_there_is_no_position_then_it_is_not_found(client: TradingClient) -> None:
    for call in (client.get_open_position, client.close_position):
        with pytest.raises(APIError) as refusal:
            call("AAPL")
        assert (refusal.value.status_code, refusal.value.code) == (404, 40410000)


@pytest.mark.parametrize(
    ("asked", "left"), [(None, 0), (ClosePositionRequest(qty="4"), 6), (ClosePositionRequest(percentage="50"), 5)]
)
def test_when_a_position_is_closed_then_an_order_sells_it_or_a_part(
    invested: TradingClient, served: ServedExchange, asked: ClosePositionRequest | None, left: int
) -> None:
    order = invested.close_position("AAPL", asked)
    assert isinstance(order, Order)
    assert (order.side, order.qty) == (OrderSide.SELL, str(10 - left))
    served.advance()
    assert served.exchange.books().held("AAPL") == left


def test_when_a_resting_order_holds_the_shares_then_closing_all_says_so_or_cancels_it_first(
    invested: TradingClient, served: ServedExchange
) -> None:
    invested.submit_order(StopOrderRequest(**{**AAPL, **SELL}, stop_price=95))
    (answer,) = invested.close_all_positions()
    assert (answer.status, answer.body.code, answer.order_id) == (403, 40310000, None)
    (answer,) = invested.close_all_positions(cancel_orders=True)
    assert answer.status == 200
    served.advance()
    assert invested.get_all_positions() == []


def test_when_the_clock_is_read_then_it_is_the_recordings_and_moves_by_sessions(
    client: TradingClient, served: ServedExchange
) -> None:
    clock = client.get_clock()
    assert isinstance(clock, Clock)
    assert clock.timestamp == served.exchange.now()
    assert clock.timestamp.utcoffset() == timedelta(hours=-5)
    assert clock.is_open
    client.post("/../perun/advance")
    later = client.get_clock()
    assert isinstance(later, Clock)
    assert later.timestamp - clock.timestamp == timedelta(days=1)


def test_when_the_calendar_is_read_then_it_has_the_recorded_days(client: TradingClient) -> None:
    days = client.get_calendar(GetCalendarRequest(start=date(2024, 1, 2), end=date(2024, 1, 3)))
    assert [day.date for day in days if isinstance(day, Calendar)] == [date(2024, 1, 2), date(2024, 1, 3)]
    assert isinstance(days[0], Calendar)
    assert (days[0].open, days[0].close) == (datetime(2024, 1, 2, 9, 30), datetime(2024, 1, 2, 16))  # noqa: DTZ001 - alpaca-py makes them naive
    assert len(client.get_calendar()) == 5


def test_when_assets_are_read_then_one_is_tradable_only_while_it_is_listed_and_not_halted(
    client: TradingClient, served: ServedExchange
) -> None:
    def tradable() -> dict[str, bool]:
        return {asset.symbol: asset.tradable for asset in client.get_all_assets() if isinstance(asset, Asset)}

    assert tradable() == {"AAPL": True, "GOOG": False, "IBM": True}
    served.advance()
    served.advance()
    assert tradable()["GOOG"]
    asset = client.get_asset("GOOG")
    assert isinstance(asset, Asset)
    assert client.get_asset(str(asset.id)) == asset
    with pytest.raises(APIError) as refusal:
        client.get_asset("NONE")
    assert refusal.value.status_code == 404


def test_when_trading_is_suspended_then_orders_are_refused_until_it_is_resumed(client: TradingClient) -> None:
    settings = client.get_account_configurations()
    assert isinstance(settings, AccountConfiguration)
    client.set_account_configurations(settings.model_copy(update={"suspend_trade": True}))
    account = client.get_account()
    assert isinstance(account, TradeAccount)
    assert account.trade_suspended_by_user
    with pytest.raises(APIError) as refusal:
        client.submit_order(MarketOrderRequest(**AAPL))
    assert (refusal.value.status_code, refusal.value.code) == (403, 40310000)
    client.set_account_configurations(settings)
    client.submit_order(MarketOrderRequest(**AAPL))


@pytest.mark.parametrize("changes", [{"no_shorting": False}, {"max_margin_multiplier": "2"}])
def test_when_the_account_is_asked_for_what_it_has_not_then_it_is_refused(
    client: TradingClient, changes: dict[str, Any]
) -> None:
    settings = client.get_account_configurations()
    assert isinstance(settings, AccountConfiguration)
    with pytest.raises(APIError) as refusal:
        client.set_account_configurations(settings.model_copy(update=changes))
    assert refusal.value.status_code == 422


def test_when_executions_are_read_page_by_page_then_each_is_told_once_and_adds_up(
    client: TradingClient, served: ServedExchange
) -> None:
    for number in range(5):
        client.submit_order(LimitOrderRequest(**AAPL, limit_price=110, client_order_id=f"{number}"))
    served.advance()
    seen: list[dict[str, Any]] = []
    while page := client.get("/account/activities/FILL", {"page_size": 2, **_token(seen)}):
        assert isinstance(page, list)
        seen += page
    assert len({row["id"] for row in seen}) == 5
    assert sum(Decimal(row["qty"]) * Decimal(row["price"]) for row in seen) == 5 * 1020
    assert {(row["type"], row["leaves_qty"], row["cum_qty"], row["side"]) for row in seen} == {
        ("fill", "0", "10", "buy")
    }
    assert {row["order_id"] for row in seen} == {order.broker_order_id for order in served.exchange.orders()}
    ascending = client.get("/account/activities", {"direction": "asc"})
    assert ascending == seen[::-1]
    assert client.get("/account/activities", {"activity_types": "DIV"}) == []
    assert client.get("/account/activities", {"after": "2024-01-03"}) == []


def _token(seen: list[dict[str, Any]]) -> dict[str, str]:
    return {"page_token": seen[-1]["id"]} if seen else {}
