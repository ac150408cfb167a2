"""Where each limit lies: at the limit passes; a cent, a share, a moment beyond is denied and says why."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.orders import OrderType, Side
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, clear
from perun.tools.risk.limits import Limits
from support.gate import (
    ATR,
    CASH,
    aged,
    breaches_of,
    entry,
    exit_,
    limits,
    order,
    percent,
    position,
    quote,
    said,
    situation,
    terms_of,
)

CENT = Decimal("0.01")
Desk = tuple[Situation, Limits]


def as_percent(dollars: Decimal) -> str:
    """The percentage of the plain desk's equity that is so many dollars."""
    return str(dollars / CASH * 100)


def order_notional(room: Decimal) -> Desk:
    return situation(), limits(max_order_notional=room)


def buying_power(room: Decimal) -> Desk:
    return situation(buying_power=room), limits()


def risk_per_trade(room: Decimal) -> Desk:
    return situation(), limits(risk_per_trade=percent(as_percent(room)))


def position_size(room: Decimal) -> Desk:
    return situation(), limits(max_position=percent(as_percent(room)))


def position_size_with_shares(room: Decimal) -> Desk:
    held = position(qty=50, market_value=5000)
    return situation(positions=[held]), limits(max_position=percent(as_percent(5000 + room)))


def position_size_with_a_working_entry(room: Decimal) -> Desk:
    working = order(type=OrderType.LIMIT, qty=50, limit_price=100)
    return situation(orders=[working]), limits(max_position=percent(as_percent(5000 + room)))


def position_size_with_a_reservation(room: Decimal) -> Desk:
    return situation().reserving("AAPL", Decimal(5000)), limits(max_position=percent(as_percent(5000 + room)))


def gross_exposure(room: Decimal) -> Desk:
    held = [position("IBM", 50), position("GOOG", -30)]
    return situation(positions=held), limits(max_gross_exposure=percent(as_percent(8000 + room)))


def gross_exposure_with_a_working_entry(room: Decimal) -> Desk:
    working = order(symbol="IBM", type=OrderType.STOP, qty=50, stop_price=100)
    return situation(orders=[working]), limits(max_gross_exposure=percent(as_percent(5000 + room)))


NOTIONAL, LOSS = Decimal(104), Decimal(5)
"""Dollars that one share of the plain desk costs at worst, and loses between entry and stop."""

SIZING = [
    pytest.param(Code.MAX_ORDER_NOTIONAL, order_notional, NOTIONAL, id="order notional"),
    pytest.param(Code.BUYING_POWER, buying_power, NOTIONAL, id="buying power"),
    pytest.param(Code.RISK_PER_TRADE, risk_per_trade, LOSS, id="risk per trade"),
    pytest.param(Code.MAX_POSITION_SIZE, position_size, NOTIONAL, id="position"),
    pytest.param(Code.MAX_POSITION_SIZE, position_size_with_shares, NOTIONAL, id="position with shares"),
    pytest.param(Code.MAX_POSITION_SIZE, position_size_with_a_working_entry, NOTIONAL, id="position with an order"),
    pytest.param(Code.MAX_POSITION_SIZE, position_size_with_a_reservation, NOTIONAL, id="position with a reservation"),
    pytest.param(Code.GROSS_EXPOSURE, gross_exposure, NOTIONAL, id="gross"),
    pytest.param(Code.GROSS_EXPOSURE, gross_exposure_with_a_working_entry, NOTIONAL, id="gross with an order"),
]


def judged(desk: Desk) -> Cleared | Denied:
    return clear(entry(), *desk)


@pytest.mark.parametrize(("code", "desk", "each"), SIZING)
def test_when_the_limit_leaves_room_for_ten_shares_then_ten_are_cleared_and_a_cent_less_clears_nine(
    code: Code, desk: Callable[[Decimal], Desk], each: Decimal
) -> None:
    assert terms_of(judged(desk(10 * each))).qty == 10
    assert terms_of(judged(desk(10 * each - CENT))).qty == 9


@pytest.mark.parametrize(("code", "desk", "each"), SIZING)
def test_when_the_limit_leaves_room_for_one_share_then_it_is_cleared_and_a_cent_less_is_denied(
    code: Code, desk: Callable[[Decimal], Desk], each: Decimal
) -> None:
    assert terms_of(judged(desk(each))).qty == 1
    assert breaches_of(judged(desk(each - CENT))) == {code, Code.MINIMUM_QUANTITY}


@pytest.mark.parametrize(
    ("code", "desk", "each", "measured", "allowed"),
    [
        (Code.MAX_ORDER_NOTIONAL, order_notional, NOTIONAL, "104", "103.99"),
        (Code.BUYING_POWER, buying_power, NOTIONAL, "104", "103.99"),
        (Code.RISK_PER_TRADE, risk_per_trade, LOSS, "5", "4.99"),
        (Code.MAX_POSITION_SIZE, position_size, NOTIONAL, "0.0011", "0.0010399"),
        (Code.GROSS_EXPOSURE, gross_exposure, NOTIONAL, "0.0811", "0.0810399"),
    ],
)
def test_when_not_one_share_fits_then_the_verdict_shows_one_share_against_the_limit_that_binds(
    code: Code, desk: Callable[[Decimal], Desk], each: Decimal, measured: str, allowed: str
) -> None:
    assert said(judged(desk(each - CENT)).verdict, code) == (measured, allowed, False)
    assert said(judged(desk(each - CENT)).verdict, Code.MINIMUM_QUANTITY) == ("0", ">= 1", False)


def test_when_a_share_of_equity_is_finer_than_four_places_then_it_is_still_compared_exactly() -> None:
    """12.348% is kept by an order of exactly 12.348%, though 0.1235 would be printed for the nearest ratio."""
    desk = situation(quotes=[quote(ask=Decimal("12348"))], atr={"AAPL": Decimal(100)})
    decision = clear(entry(), desk, limits(max_position=percent("12.348"), price_collar=percent(0)))
    assert terms_of(decision).qty == 1
    assert said(decision.verdict, Code.MAX_POSITION_SIZE) == ("0.1234", "0.12348", True)


@pytest.mark.parametrize("asked", [entry, exit_])
def test_when_confidence_is_the_least_allowed_then_it_passes_and_a_trace_less_is_denied(asked: Any) -> None:
    desk = situation(positions=[position()])
    terms_of(clear(asked(confidence=0.6), desk, limits(min_confidence=0.6)))
    denied = clear(asked(confidence=0.5999999), desk, limits(min_confidence=0.6))
    assert breaches_of(denied) == {Code.MIN_CONFIDENCE}
    assert said(denied.verdict, Code.MIN_CONFIDENCE) == ("0.5999999", ">= 0.6", False)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=60)])
def test_when_a_quote_is_as_old_as_allowed_then_it_passes(age: timedelta) -> None:
    terms_of(clear(entry(), situation(quotes=[aged(age)]), limits(max_quote_age_seconds=60)))


@pytest.mark.parametrize(
    ("age", "measured", "allowed"),
    [(timedelta(seconds=60, microseconds=1), "60.000001", "60"), (timedelta(seconds=-1), "-1", "0 to 60")],
    ids=["older", "from the future"],
)
def test_when_a_quote_is_a_moment_older_or_from_the_future_then_it_is_stale(
    age: timedelta, measured: str, allowed: str
) -> None:
    denied = clear(entry(), situation(quotes=[aged(age)]), limits(max_quote_age_seconds=60))
    assert breaches_of(denied) == {Code.STALE_MARKET_DATA}
    assert said(denied.verdict, Code.STALE_MARKET_DATA) == (measured, allowed, False)


def test_when_the_bid_meets_the_ask_then_it_passes_and_a_cent_above_is_invalid() -> None:
    terms_of(clear(entry(), situation(quotes=[quote(bid=Decimal(100))]), limits()))
    denied = clear(entry(), situation(quotes=[quote(bid=Decimal("100.01"))]), limits())
    assert breaches_of(denied) == {Code.MARKET_DATA_INVALID}


@pytest.mark.parametrize(
    ("ask", "atr", "stop"),
    [("100", "0.005", "99.99"), ("100", "49.995", "0.01"), ("100", "2.4999", "95.01"), ("0.5", "0.2", "0.1")],
    ids=["a cent below the entry", "a cent above zero", "rounded towards the entry", "below a dollar"],
)
def test_when_the_stop_stands_between_zero_and_the_entry_then_the_order_carries_it(
    ask: str, atr: str, stop: str
) -> None:
    desk = situation(quotes=[quote(ask=ask)], atr={"AAPL": Decimal(atr)})
    assert terms_of(clear(entry(), desk, limits())).stop_loss == Decimal(stop)


@pytest.mark.parametrize(
    ("ask", "atr"),
    [("100", "0.0049"), ("100", "50"), ("100", "500"), ("100.001", "0.005"), ("0.5", "0.004")],
    ids=["at the entry", "at zero", "below zero", "half a cent below", "below a dollar"],
)
def test_when_no_sensible_stop_exists_then_the_entry_is_denied(ask: str, atr: str) -> None:
    desk = situation(quotes=[quote(ask=ask)], atr={"AAPL": Decimal(atr)})
    assert Code.PROTECTIVE_STOP in breaches_of(clear(entry(), desk, limits()))


@pytest.mark.parametrize("status", ["ACTIVE", "active", "ONBOARDING", "ACCOUNT_CLOSED", ""])
@pytest.mark.parametrize("asked", [entry(), exit_()], ids=["entry", "exit"])
def test_when_the_account_is_anything_but_active_then_nothing_is_cleared(status: str, asked: Any) -> None:
    decision = clear(asked, situation(positions=[position()], status=status), limits())
    assert isinstance(decision, Cleared) == (status == "ACTIVE")
    assert said(decision.verdict, Code.ACCOUNT_ACTIVE) == (status, "ACTIVE", status == "ACTIVE")


def others(count: int) -> list[Any]:
    return [position(f"OTHER{number}", 1) for number in range(count)]


@pytest.mark.parametrize("way", ["held", "working", "reserved", "short"])
def test_when_one_more_symbol_fills_the_last_place_then_it_passes_and_the_next_is_denied(way: str) -> None:
    def desk(count: int) -> Situation:
        if way == "working":
            working = order(symbol="IBM", type=OrderType.LIMIT, limit_price=1)
            return situation(positions=others(count - 1), orders=[working])
        if way == "reserved":
            return situation(positions=others(count - 1)).reserving("IBM", Decimal(1))
        return situation(positions=[*others(count - 1), position("IBM", -1 if way == "short" else 1)])

    terms_of(clear(entry(), desk(4), limits(max_open_positions=5)))
    denied = clear(entry(), desk(5), limits(max_open_positions=5))
    assert breaches_of(denied) == {Code.MAX_OPEN_POSITIONS}
    assert said(denied.verdict, Code.MAX_OPEN_POSITIONS) == ("6", "5", False)


def test_when_every_place_is_taken_then_more_of_a_held_symbol_may_be_bought() -> None:
    desk = situation(positions=[*others(4), position()])
    terms_of(clear(entry(), desk, limits(max_open_positions=5)))


def test_when_a_stop_is_held_back_for_a_working_entry_then_the_entry_counts_once() -> None:
    working = order(id="entry", symbol="IBM", type=OrderType.LIMIT, qty=50, limit_price=100)
    child = order(Side.SELL, "IBM", 50, id="entry-stop", status="held", stop_price=95, parent="entry", type="stop")
    lines = limits(max_gross_exposure=percent(as_percent(5000 + NOTIONAL)))
    assert terms_of(clear(entry(), situation(orders=[working, child]), lines)).qty == 1


def test_when_a_working_sale_exceeds_the_position_then_it_counts_as_exposure() -> None:
    oversold = order(Side.SELL, "IBM", 20, type=OrderType.LIMIT, limit_price=100)
    desk = situation(positions=[position("IBM", 10)], orders=[oversold])
    lines = limits(max_gross_exposure=percent(as_percent(1000 + 2000 + NOTIONAL)))
    assert terms_of(clear(entry(), desk, lines)).qty == 1


def test_when_a_working_sale_only_reduces_a_position_then_it_does_not_count() -> None:
    desk = situation(positions=[position("IBM", 10)], orders=[order(Side.SELL, "IBM", 10)])
    lines = limits(max_gross_exposure=percent(as_percent(1000 + NOTIONAL)))
    assert terms_of(clear(entry(), desk, lines)).qty == 1


def test_when_a_working_entry_has_several_prices_then_the_highest_counts() -> None:
    working = order(qty=10, type=OrderType.LIMIT, limit_price=90)
    assert (
        terms_of(
            clear(entry(), situation(orders=[working]), limits(max_position=percent(as_percent(1000 + NOTIONAL))))
        ).qty
        == 1
    )


def test_when_a_working_entry_has_no_price_of_its_own_then_it_counts_at_the_ask() -> None:
    desk = situation(orders=[order(symbol="IBM", qty=10)], quotes=[quote(), quote("IBM", bid=50, last=50)])
    assert terms_of(clear(entry(), desk, limits(max_gross_exposure=percent(as_percent(1000 + NOTIONAL))))).qty == 1
    assert Code.GROSS_EXPOSURE in breaches_of(
        clear(entry(), desk, limits(max_gross_exposure=percent(as_percent(1000 + NOTIONAL - CENT))))
    )


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_when_a_symbol_is_on_the_deny_list_then_only_its_entries_are_denied(symbol: str) -> None:
    decision = clear(entry(symbol), situation(quotes=[quote(symbol)]), limits(restricted=("GOOG", "AAPL")))
    assert isinstance(decision, Cleared) == (symbol == "IBM")
    assert said(decision.verdict, Code.RESTRICTED_SYMBOL)[2] == (symbol == "IBM")


def test_when_no_limit_binds_but_one_then_size_is_what_that_one_allows_rounded_down() -> None:
    lines = limits(risk_per_trade=percent(1))
    terms = terms_of(clear(entry(), situation(atr={"AAPL": ATR / 3}), lines))
    assert terms.stop_loss == Decimal("98.34")
    assert terms.qty == 602  # 1000 / 1.66 = 602.4


def test_when_bid_and_ask_lie_apart_then_size_and_stop_are_taken_from_the_ask() -> None:
    desk = situation(quotes=[quote(bid=Decimal(98), last=Decimal(98))])
    terms = terms_of(clear(entry(), desk, limits(max_order_notional=10 * NOTIONAL)))
    assert (terms.qty, terms.stop_loss) == (10, 95)


def test_when_a_limit_was_passed_long_ago_then_no_share_is_left_rather_than_fewer_than_none() -> None:
    denied = clear(entry(), situation(positions=[position(qty=500)]), limits(max_position=percent(10)))
    assert said(denied.verdict, Code.MINIMUM_QUANTITY) == ("0", ">= 1", False)
    assert said(denied.verdict, Code.MAX_POSITION_SIZE) == ("0.5011", "0.1", False)
