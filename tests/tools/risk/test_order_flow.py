"""B, order flow: at the limit passes, a cent, a share, a moment beyond is denied; exits are never held up by pace."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.orders import Side
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, clear, clear_batch
from perun.tools.risk.limits import Limits
from support.gate import (
    CASH,
    WORST,
    breaches_of,
    entry,
    exit_,
    limits,
    percent,
    position,
    quote,
    said,
    situation,
    terms_of,
)
from support.past import HOUR, MINUTE, after, bought, sold

CENT, SECOND = Decimal("0.01"), timedelta(seconds=1)
Desk = tuple[Situation, Limits]


def as_percent(dollars: Decimal) -> Any:
    return percent(dollars / CASH * 100)


def desk_after(*done: Any) -> Situation:
    return situation(standing=after(*done))


def in_an_hour(room: Decimal) -> Desk:
    return situation(), limits(max_notional_per_hour=room)


def in_an_hour_after_a_purchase(room: Decimal) -> Desk:
    return desk_after(bought(HOUR - SECOND)), limits(max_notional_per_hour=1000 + room)


def in_an_hour_with_a_reservation(room: Decimal) -> Desk:
    return situation().reserving("IBM", Decimal(1000)), limits(max_notional_per_hour=1000 + room)


def turnover(room: Decimal) -> Desk:
    return situation(), limits(max_turnover=as_percent(room))


def turnover_after_trades(room: Decimal) -> Desk:
    sale = bought(2 * HOUR, side=Side.SELL, notional=500)
    return desk_after(bought(2 * HOUR), sale), limits(max_turnover=as_percent(1500 + room))


def turnover_with_an_exit_on_its_way(room: Decimal) -> Desk:
    leaving = situation(positions=[position("IBM", 10)]).selling("IBM", Decimal(10))
    return leaving, limits(max_turnover=as_percent(1000 + room))


SIZING = [
    pytest.param(Code.MAX_NOTIONAL_PER_HOUR, in_an_hour, id="hour"),
    pytest.param(Code.MAX_NOTIONAL_PER_HOUR, in_an_hour_after_a_purchase, id="hour after a purchase"),
    pytest.param(Code.MAX_NOTIONAL_PER_HOUR, in_an_hour_with_a_reservation, id="hour with a reservation"),
    pytest.param(Code.MAX_TURNOVER, turnover, id="turnover"),
    pytest.param(Code.MAX_TURNOVER, turnover_after_trades, id="turnover after trades"),
    pytest.param(Code.MAX_TURNOVER, turnover_with_an_exit_on_its_way, id="turnover with an exit"),
]


@pytest.mark.parametrize(("code", "desk"), SIZING)
def test_when_the_limit_leaves_room_for_so_many_shares_then_they_are_cleared_and_a_cent_less_clears_one_less(
    code: Code, desk: Callable[[Decimal], Desk]
) -> None:
    assert terms_of(clear(entry(), *desk(10 * WORST))).qty == 10
    assert terms_of(clear(entry(), *desk(10 * WORST - CENT))).qty == 9
    assert terms_of(clear(entry(), *desk(WORST))).qty == 1
    assert breaches_of(clear(entry(), *desk(WORST - CENT))) == {code, Code.MINIMUM_QUANTITY}


@pytest.mark.parametrize(("most", "qty"), [(10, 10), (9, 9), (1, 1)])
def test_when_the_order_quantity_binds_then_so_many_shares_are_cleared(most: int, qty: int) -> None:
    assert terms_of(clear(entry(), situation(), limits(max_order_quantity=most))).qty == qty


@pytest.mark.parametrize(("volume", "qty"), [("1000", 10), ("999.99", 9), ("100", 1)])
def test_when_the_share_of_the_volume_binds_then_so_many_shares_are_cleared(volume: str, qty: int) -> None:
    desk = situation(facts={"volume": {"AAPL": Decimal(volume)}})
    assert terms_of(clear(entry(), desk, limits(max_participation=percent(1)))).qty == qty


def test_when_not_one_share_fits_in_the_volume_then_the_verdict_shows_one_against_it() -> None:
    desk = situation(facts={"volume": {"AAPL": Decimal("99.99")}})
    denied = clear(entry(), desk, limits(max_participation=percent(1)))
    assert breaches_of(denied) == {Code.MAX_PARTICIPATION, Code.MINIMUM_QUANTITY}
    assert said(denied.verdict, Code.MAX_PARTICIPATION) == ("0.0101", "0.01", False)


@pytest.mark.parametrize("last", ["80", "133.3333333333333333333333333"])
def test_when_the_ask_is_at_the_collar_of_the_last_trade_then_it_passes_and_a_cent_beyond_is_denied(last: str) -> None:
    lines = limits(price_collar=percent(25), stop_atr_multiple=Decimal(10))
    beyond = Decimal(last) - CENT if Decimal(last) < 100 else Decimal(last) + CENT
    terms_of(clear(entry(), situation(quotes=[quote(last=last)]), lines))
    assert breaches_of(clear(entry(), situation(quotes=[quote(last=beyond)]), lines)) == {Code.PRICE_COLLAR}


def test_when_the_spread_is_as_wide_as_allowed_then_it_passes_and_a_cent_wider_is_denied() -> None:
    lines = limits(max_spread=percent(2))
    terms_of(clear(entry(), situation(quotes=[quote(ask=101, bid=99, last=101)]), lines))
    denied = clear(entry(), situation(quotes=[quote(ask=101, bid="98.99", last=101)]), lines)
    assert breaches_of(denied) == {Code.MAX_SPREAD}
    assert said(denied.verdict, Code.MAX_SPREAD) == ("0.0202", "0.02", False)


@pytest.mark.parametrize(("before", "beyond"), [("80", "79.99"), ("133.33333333333333333", "133.34")])
def test_when_the_price_jumped_as_far_as_allowed_then_it_passes_and_a_cent_further_is_denied(
    before: str, beyond: str
) -> None:
    lines = limits(max_price_jump=percent(25))
    known, further = (situation(facts={"previous_close": {"AAPL": Decimal(close)}}) for close in (before, beyond))
    terms_of(clear(entry(), known, lines))
    assert breaches_of(clear(entry(), further, lines)) == {Code.PRICE_JUMP}


@pytest.mark.parametrize("asked", [entry(id="earlier"), exit_(id="earlier")], ids=["entry", "exit"])
def test_when_the_name_was_sent_before_then_the_order_is_a_duplicate_however_long_ago(asked: Any) -> None:
    desk = situation(positions=[position()], standing=after(bought(timedelta(days=1), "IBM")))
    denied = clear(asked, desk, limits())
    assert breaches_of(denied) == {Code.DUPLICATE_ORDER_ID}
    assert said(denied.verdict, Code.DUPLICATE_ORDER_ID) == ("used before", "new", False)


def test_when_a_batch_names_two_orders_alike_then_the_second_is_a_duplicate() -> None:
    held = situation(positions=[position()], quotes=[quote(), quote("IBM")])
    asked = [exit_(id="same"), entry("IBM", id="same")]
    first, second = (decision for _, decision in clear_batch(asked, held, limits()))
    terms_of(first)
    assert breaches_of(second) == {Code.DUPLICATE_ORDER_ID}


def test_when_a_purchase_of_the_symbol_is_as_long_ago_as_the_window_then_another_passes_and_sooner_is_denied() -> None:
    lines = limits(duplicate_window_minutes=5)
    terms_of(clear(entry(), desk_after(bought(5 * MINUTE)), lines))
    denied = clear(entry(), desk_after(bought(5 * MINUTE - SECOND)), lines)
    assert breaches_of(denied) == {Code.DUPLICATE_ORDER}
    assert said(denied.verdict, Code.DUPLICATE_ORDER) == ("one 299 seconds ago", "none for 5 minutes", False)


@pytest.mark.parametrize(
    "other", [bought(MINUTE, "IBM"), bought(MINUTE, side=Side.SELL), sold(MINUTE)], ids=["symbol", "side", "sale"]
)
def test_when_something_else_was_done_a_minute_ago_then_a_purchase_is_no_duplicate(other: Any) -> None:
    terms_of(clear(entry(), desk_after(other), limits(duplicate_window_minutes=5)))


def test_when_the_symbol_was_cleared_in_the_same_batch_then_another_purchase_is_a_duplicate() -> None:
    lines = limits(duplicate_window_minutes=1, max_order_notional=10 * WORST)
    first, second = (decision for _, decision in clear_batch([entry(id="1"), entry(id="2")], situation(), lines))
    terms_of(first)
    assert said(second.verdict, Code.DUPLICATE_ORDER) == ("one 0 seconds ago", "none for 1 minutes", False)


@pytest.mark.parametrize("side", Side)
def test_when_the_minute_has_room_for_one_more_then_it_passes_and_the_next_is_denied(side: Side) -> None:
    lines = limits(max_orders_per_minute=2)
    late = bought(MINUTE, "IBM", side=side)
    one = bought(MINUTE - SECOND, "IBM", side=side)
    terms_of(clear(entry(), desk_after(late, one), lines))
    denied = clear(entry(), desk_after(one, one), lines)
    assert breaches_of(denied) == {Code.MAX_ORDERS_PER_MINUTE}
    assert said(denied.verdict, Code.MAX_ORDERS_PER_MINUTE) == ("3", "2", False)


def test_when_the_batch_fills_the_minute_then_exits_count_and_pass_and_entries_wait() -> None:
    symbols = ("A", "B", "C", "D")
    desk = situation(positions=[position("A"), position("B")], quotes=[quote(symbol) for symbol in symbols])
    asked = [exit_("A"), exit_("B"), entry("C"), entry("D")]
    lines = limits(max_orders_per_minute=3, max_order_notional=10 * WORST)
    decisions = [decision for _, decision in clear_batch(asked, desk, lines)]
    assert [isinstance(each, Cleared) for each in decisions] == [True, True, True, False]
    assert breaches_of(decisions[3]) == {Code.MAX_ORDERS_PER_MINUTE}


def test_when_the_session_has_room_for_one_more_entry_then_it_passes_and_the_next_is_denied() -> None:
    lines = limits(max_orders_per_day=2)
    midnight = 10 * HOUR  # the plain desk's clock stands at ten in New York
    today, yesterday, sale = bought(midnight, "IBM"), bought(midnight + SECOND, "IBM"), bought(HOUR, side=Side.SELL)
    terms_of(clear(entry(), desk_after(yesterday, today, sale), lines))
    denied = clear(entry(), desk_after(today, today), lines)
    assert breaches_of(denied) == {Code.MAX_ORDERS_PER_DAY}
    assert said(denied.verdict, Code.MAX_ORDERS_PER_DAY) == ("3", "2", False)


def test_when_a_batch_fills_the_session_then_the_rest_finds_no_place() -> None:
    desk = situation(quotes=[quote(symbol) for symbol in "ABC"])
    lines = limits(max_orders_per_day=2, max_order_notional=10 * WORST)
    *first, last = (decision for _, decision in clear_batch([entry(symbol) for symbol in "ABC"], desk, lines))
    assert [terms_of(each).symbol for each in first] == ["A", "B"]
    assert breaches_of(last) == {Code.MAX_ORDERS_PER_DAY}


def test_when_a_purchase_is_an_hour_old_then_it_counts_no_more() -> None:
    lines = limits(max_notional_per_hour=WORST)
    assert terms_of(clear(entry(), desk_after(bought(HOUR)), lines)).qty == 1


def test_when_a_symbol_was_bought_and_sold_as_often_as_allowed_then_it_is_not_bought_again_this_session() -> None:
    lines = limits(max_round_trips_per_day=2)
    once = (bought(3 * HOUR), sold(2 * HOUR, stopped=True))
    terms_of(clear(entry(), desk_after(*once), lines))
    denied = clear(entry(), desk_after(*once, *once), lines)
    assert breaches_of(denied) == {Code.MAX_ROUND_TRIPS}
    assert said(denied.verdict, Code.MAX_ROUND_TRIPS) == ("3", "2", False)


@pytest.mark.parametrize(
    "past",
    [
        [bought(3 * HOUR), bought(2 * HOUR)],
        [sold(3 * HOUR), sold(2 * HOUR)],
        [bought(3 * HOUR, "IBM"), sold(2 * HOUR, "IBM")],
        [bought(30 * HOUR), sold(29 * HOUR)],
        [bought(3 * HOUR, "IBM"), sold(2 * HOUR)],
        [bought(3 * HOUR), sold(2 * HOUR, "IBM")],
        [bought(3 * HOUR), sold(29 * HOUR)],
        [bought(3 * HOUR, side=Side.SELL), sold(2 * HOUR)],
    ],
    ids=[
        "bought twice",
        "sold twice",
        "another symbol",
        "the day before",
        "another was bought",
        "another was sold",
        "sold before",
        "no purchase",
    ],
)
def test_when_a_trip_is_not_complete_or_not_of_this_session_and_symbol_then_it_does_not_count(past: list[Any]) -> None:
    terms_of(clear(entry(), desk_after(*past), limits(max_round_trips_per_day=1)))


def test_when_every_pace_is_exhausted_then_a_position_can_still_be_sold() -> None:
    past = after(*[bought(SECOND), sold(SECOND)] * 50)
    nothing = limits(
        max_orders_per_minute=0,
        max_orders_per_day=0,
        max_notional_per_hour=0,
        max_round_trips_per_day=0,
        max_turnover=0,
        duplicate_window_minutes=60,
        max_order_quantity=0,
        max_spread=0,
        max_participation=0,
        max_price_jump=0,
    )
    assert terms_of(clear(exit_(), situation(positions=[position()], standing=past), nothing)).qty == 10
