"""E, market state: hours, halts, self-crosses, splits; what warns and what denies."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.market import MarketClock
from perun.tools.domain.orders import OrderClass, OrderType, Side
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, clear
from support.gate import (
    asset,
    breaches_of,
    entry,
    exit_,
    limits,
    order,
    percent,
    position,
    protective_stop,
    quote,
    said,
    situation,
    terms_of,
)
from support.past import DAY, after, sold

CENT, SECOND = Decimal("0.01"), timedelta(seconds=1)


def at(now: datetime, closes: datetime, is_open: bool = True) -> Situation:
    clock = MarketClock(now=now, is_open=is_open, next_open=closes, next_close=closes)
    return situation(quotes=[quote(at=now)], facts={"clock": clock})


@pytest.mark.parametrize(("month", "opens"), [(1, 14), (7, 13)], ids=["winter", "summer"])
def test_when_the_first_minutes_have_passed_then_an_entry_passes_and_a_second_sooner_is_denied(
    month: int, opens: int
) -> None:
    first = datetime(2024, month, 10, opens, 30, tzinfo=UTC) + timedelta(minutes=15)
    closes, lines = first + timedelta(hours=6), limits(no_entry_first_minutes=15)
    terms_of(clear(entry(decided_at=first), at(first, closes), lines))
    early = first - SECOND
    denied = clear(entry(decided_at=early), at(early, closes), lines)
    assert breaches_of(denied) == {Code.AFTER_OPEN}
    assert said(denied.verdict, Code.AFTER_OPEN) == ("14", ">= 15", False)


def test_when_so_many_minutes_are_left_then_an_entry_passes_and_a_second_later_is_denied() -> None:
    closes, lines = datetime(2024, 7, 3, 17, 0, tzinfo=UTC), limits(no_entry_last_minutes=10)  # an early close
    last = closes - timedelta(minutes=10)
    terms_of(clear(entry(decided_at=last), at(last, closes), lines))
    denied = clear(entry(decided_at=last), at(last + SECOND, closes), lines)
    assert breaches_of(denied) == {Code.BEFORE_CLOSE}
    assert said(denied.verdict, Code.BEFORE_CLOSE) == ("9", ">= 10", False)


def test_when_the_clock_says_open_after_its_own_close_then_an_entry_is_denied() -> None:
    closes = datetime(2024, 7, 3, 17, 0, tzinfo=UTC)
    late = closes + SECOND
    assert breaches_of(clear(entry(decided_at=late), at(late, closes), limits())) == {Code.BEFORE_CLOSE}


def test_when_the_market_is_closed_then_that_alone_is_said() -> None:
    night = datetime(2024, 7, 3, 3, 0, tzinfo=UTC)
    denied = clear(entry(decided_at=night), at(night, night + DAY, is_open=False), limits(no_entry_first_minutes=15))
    assert breaches_of(denied) == {Code.MARKET_OPEN}


@pytest.mark.parametrize(("is_open", "told"), [(True, "open"), (False, "closed")])
def test_when_the_market_is_open_or_closed_then_the_verdict_says_which(is_open: bool, told: str) -> None:
    verdict = clear(entry(), situation(is_open=is_open), limits()).verdict
    assert said(verdict, Code.MARKET_OPEN) == (told, "open", is_open)


@pytest.mark.parametrize(("listed", "told"), [((), "not listed"), (("AAPL",), "listed")])
def test_when_a_symbol_is_restricted_or_not_then_the_verdict_says_which(listed: tuple[str, ...], told: str) -> None:
    verdict = clear(entry(), situation(), limits(restricted=listed)).verdict
    assert said(verdict, Code.RESTRICTED_SYMBOL) == (told, "not listed", not listed)


def test_when_it_is_the_first_or_last_minute_then_a_position_can_still_be_sold() -> None:
    lines = limits(no_entry_first_minutes=300, no_entry_last_minutes=300)
    terms_of(clear(exit_(), situation(positions=[position()]), lines))


@pytest.mark.parametrize(("halted", "said_"), [(True, "halted"), (False, "trading"), (None, "not told")])
@pytest.mark.parametrize("asked", [entry(), exit_()], ids=["entry", "exit"])
def test_when_the_exchange_halted_the_symbol_then_no_market_order_goes_there(
    asked: Any, halted: bool | None, said_: str
) -> None:
    desk = situation(positions=[position()], facts={"assets": {"AAPL": asset(halted=halted)}})
    decision = clear(asked, desk, limits())
    assert isinstance(decision, Cleared) == (halted is not True)
    assert said(decision.verdict, Code.TRADING_HALT) == (said_, "trading", halted is not True)


RESTING = {
    "a sale at the market": order(Side.SELL),
    "a stop that was put back": order(Side.SELL, id="perun-protect-AAPL-1", type=OrderType.STOP, stop_price=95),
    "a stop of somebody else": order(Side.SELL, type=OrderType.STOP, stop_price=95),
    "a sale at a limit": order(Side.SELL, type=OrderType.LIMIT, limit_price=200),
    "an entry with its stop": order(Side.SELL, order_class=OrderClass.OTO),
}
EXEMPT = {
    "the stop that came with an entry": protective_stop(),
    "a stop that waits for its entry": protective_stop(status="held"),
    "a bracket": order(Side.SELL, order_class=OrderClass.BRACKET, type=OrderType.LIMIT, limit_price=200),
    "two exits": order(Side.SELL, order_class=OrderClass.OCO, type=OrderType.LIMIT, limit_price=200),
    "a trailing stop": order(Side.SELL, type=OrderType.TRAILING_STOP, trail_percent=5),
    "a sale that has ended": order(Side.SELL, status="canceled"),
    "a sale of another symbol": order(Side.SELL, "IBM", 1),
    "another purchase": order(Side.BUY, qty=1),
}


@pytest.mark.parametrize("resting", RESTING)
def test_when_a_sale_of_ours_rests_then_the_symbol_is_not_bought(resting: str) -> None:
    desk = situation(positions=[position(), position("IBM")], orders=[RESTING[resting]])
    denied = clear(entry(), desk, limits())
    assert breaches_of(denied) == {Code.SELF_CROSS}
    assert said(denied.verdict, Code.SELF_CROSS)[0] == f"meets {RESTING[resting].client_order_id}"


@pytest.mark.parametrize("resting", EXEMPT)
def test_when_what_rests_cannot_meet_a_purchase_then_it_is_cleared(resting: str) -> None:
    terms_of(clear(entry(), situation(positions=[position(), position("IBM")], orders=[EXEMPT[resting]]), limits()))


def test_when_a_purchase_rests_then_the_symbol_is_not_sold_until_it_is_withdrawn() -> None:
    resting = order(Side.BUY, type=OrderType.LIMIT, limit_price=50)
    desk = situation(positions=[position()], orders=[resting])
    assert breaches_of(clear(exit_(), desk, limits())) == {Code.SELF_CROSS}


def test_when_the_purchase_that_rests_has_a_stop_of_ours_then_the_exit_withdraws_it_and_is_cleared() -> None:
    waiting = order(Side.BUY, id="entry", order_class=OrderClass.OTO)
    desk = situation(positions=[position()], orders=[waiting, protective_stop(status="held")])
    terms_of(clear(exit_(), desk, limits()))


@pytest.mark.parametrize(
    ("sale", "warns"),
    [
        (sold(30 * DAY, gain=-1), True),
        (sold(30 * DAY + SECOND, gain=-1), False),
        (sold(DAY, gain=0), False),
        (sold(DAY, gain="0.5"), False),
        (sold(DAY, "IBM", gain=-1), False),
    ],
    ids=["at a loss", "too long ago", "at no loss", "at a gain", "another symbol"],
)
def test_when_the_symbol_was_sold_at_a_loss_within_thirty_days_then_a_purchase_warns_and_passes(
    sale: Any, warns: bool
) -> None:
    decision = clear(entry(), situation(standing=after(sale)), limits())
    terms_of(decision)
    assert [check.code for check in decision.verdict.warnings] == [Code.WASH_SALE] * warns
    measured = "sold at a loss of 1" if warns else "none"
    assert said(decision.verdict, Code.WASH_SALE) == (measured, "no loss in 30 days", True)


@pytest.mark.parametrize(("price", "beyond"), [("75", "74.99"), ("125", "125.01")])
def test_when_broker_and_market_are_as_far_apart_as_allowed_then_more_is_bought_and_a_cent_further_is_denied(
    price: str, beyond: str
) -> None:
    lines = limits(max_price_jump=percent(25))
    terms_of(clear(entry(), situation(positions=[position(price=price)]), lines))
    denied = clear(entry(), situation(positions=[position(price=beyond)]), lines)
    assert breaches_of(denied) == {Code.CORPORATE_ACTION}
    assert said(denied.verdict, Code.CORPORATE_ACTION)[:2] == ("0.2501", "0.25")


def test_when_a_split_is_not_in_all_prices_yet_then_the_position_can_still_be_sold() -> None:
    desk = situation(positions=[position(price=Decimal(50))])
    terms_of(clear(exit_(), desk, limits(max_price_jump=percent(1))))
