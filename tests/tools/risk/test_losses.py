"""Losses, R40 to R46: at the limit passes, a cent or a moment beyond is denied, and no exit waits for any of it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.conduct import Closing, Conduct
from perun.tools.domain.orders import OrderType, Side
from perun.tools.domain.portfolio import Position
from perun.tools.domain.standing import Standing, TradingState
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Cleared, Denied, clear, clear_batch
from support.gate import (
    CASH,
    NOW,
    breaches_of,
    entry,
    exit_,
    limits,
    order,
    percent,
    position,
    protective_stop,
    said,
    situation,
    terms_of,
)

DAY, MINUTE, SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


def after(**conduct: Any) -> Standing:
    """Free to trade, after such a past."""
    return Standing(state=TradingState.ACTIVE, conduct=Conduct(**conduct))


def sold(ago: timedelta = timedelta(hours=1), gain: int | str = 10, symbol: str = "AAPL", stopped: bool = False) -> Any:
    return Closing(symbol=symbol, gain=Decimal(gain), stopped=stopped, at=NOW - ago)


def measured(code: Code, desk: Situation, **lines: Any) -> tuple[str, str, bool]:
    return said(clear(entry(), desk, limits(**lines)).verdict, code)


STARTS = [
    (Code.DAILY_LOSS, "daily_loss", {"day_start": CASH}),
    (Code.WEEKLY_LOSS, "weekly_loss", {"week_start": CASH, "high_water": 2 * CASH}),
    (Code.WEEKLY_LOSS, "weekly_loss", {"high_water": CASH}),
    (Code.MAX_DRAWDOWN, "max_drawdown", {"high_water": CASH}),
]


@pytest.mark.parametrize(("code", "limit", "past"), STARTS)
def test_when_the_loss_is_at_the_limit_then_an_entry_clears_and_a_cent_beyond_it_is_denied(
    code: Code, limit: str, past: dict[str, Decimal]
) -> None:
    lines = limits(**{limit: percent(3)})
    at, beyond = (situation(equity=Decimal(left), standing=after(**past)) for left in ("97000", "96999.99"))
    terms_of(clear(entry(), at, lines))
    assert breaches_of(clear(entry(), beyond, lines)) == {code}
    assert said(clear(entry(), at, lines).verdict, code) == ("0.03", "0.03", True)
    assert said(clear(entry(), beyond, lines).verdict, code) == ("0.0301", "0.03", False)


@pytest.mark.parametrize(("code", "limit", "past"), STARTS)
def test_when_equity_rose_then_nothing_was_lost(code: Code, limit: str, past: dict[str, Decimal]) -> None:
    desk = situation(equity=Decimal("100250.07"), standing=after(**past))
    assert measured(code, desk, **{limit: percent("0.01")}) == ("-0.0026", "0.0001", True)


@pytest.mark.parametrize(("code", "limit", "past"), STARTS)
@pytest.mark.parametrize("start", ["0", "-5"])
def test_when_equity_began_at_nothing_then_an_entry_is_denied(
    code: Code, limit: str, past: dict[str, Decimal], start: str
) -> None:
    desk = situation(standing=after(**dict.fromkeys(past, Decimal(start))))
    assert measured(code, desk) == (f"began with {start}", "a start above zero", False)


def test_when_equity_began_with_a_dollar_or_less_then_it_is_measured_all_the_same() -> None:
    desk = situation(standing=after(day_start=Decimal("0.01"), week_start=Decimal(1), high_water=CASH))
    terms_of(clear(entry(), desk, limits(daily_loss=percent(1), weekly_loss=percent(1), max_drawdown=percent(1))))


@pytest.mark.parametrize("code", [Code.DAILY_LOSS, Code.WEEKLY_LOSS, Code.MAX_DRAWDOWN])
def test_when_no_session_ended_yet_then_there_is_nothing_to_measure(code: Code) -> None:
    lines = {"daily_loss": percent(1), "weekly_loss": percent(1), "max_drawdown": percent(1)}
    assert measured(code, situation(equity=Decimal(1000)), **lines) == ("no session yet", "1% of equity", True)


def test_when_the_past_is_unknown_then_an_entry_is_denied() -> None:
    unknown = Standing(state=TradingState.ACTIVE, conduct=None)
    assert breaches_of(clear(entry(), situation(standing=unknown), limits())) == {Code.MISSING_HISTORY}


@pytest.mark.parametrize(
    ("ago", "passed"), [(60 * MINUTE, True), (60 * MINUTE - SECOND, False), (DAY, True), (-SECOND, False)]
)
def test_when_a_symbol_was_sold_then_it_is_not_bought_before_the_cooldown_is_over(ago: timedelta, passed: bool) -> None:
    desk = situation(standing=after(closings=[sold(DAY), sold(ago)]))
    decision = clear(entry(), desk, limits(cooldown_minutes=60))
    assert isinstance(decision, Cleared) == passed
    if not passed:
        assert breaches_of(decision) == {Code.COOLDOWN}


def test_when_a_cooldown_is_measured_then_it_is_told_in_minutes() -> None:
    desk = situation(standing=after(closings=[sold(90 * SECOND)]))
    assert measured(Code.COOLDOWN, desk, cooldown_minutes=60) == ("1.5", ">= 60", False)
    assert measured(Code.COOLDOWN, situation(), cooldown_minutes=60) == ("not sold lately", ">= 60 minutes", True)


def test_when_another_symbol_was_sold_then_this_one_does_not_wait() -> None:
    desk = situation(standing=after(closings=[sold(SECOND, symbol="IBM", stopped=True, gain=-5)]))
    lines = limits(cooldown_minutes=60, max_stop_outs=1, max_losses_in_a_row=1)
    terms_of(clear(entry(), desk, lines))


def test_when_an_exit_was_cleared_in_the_same_batch_then_the_entry_behind_it_waits() -> None:
    desk = situation(positions=[position()], orders=[protective_stop()])
    _, (_, second) = clear_batch([entry(), exit_()], desk, limits(cooldown_minutes=1))
    assert said(second.verdict, Code.COOLDOWN) == ("0", ">= 1", False)
    _, (_, unhurried) = clear_batch([entry(), exit_()], desk, limits(cooldown_minutes=0))
    assert said(unhurried.verdict, Code.COOLDOWN) == ("0", ">= 0", True)


@pytest.mark.parametrize(
    ("closings", "count"),
    [
        ([], 0),
        ([sold(DAY, stopped=True)], 1),
        ([sold(4 * DAY, stopped=True), sold(DAY, stopped=True)], 2),
        ([sold(5 * DAY, stopped=True), sold(DAY, stopped=True)], 1),
        ([sold(5 * DAY - SECOND, stopped=True), sold(DAY, stopped=True)], 2),
        ([sold(DAY, stopped=True), sold(DAY), sold(DAY, symbol="IBM", stopped=True)], 1),
    ],
)
def test_when_stops_sold_a_symbol_as_often_as_the_limit_says_then_its_entries_wait(
    closings: list[Closing], count: int
) -> None:
    desk = situation(standing=after(closings=closings))
    assert measured(Code.STOP_OUTS, desk, max_stop_outs=count + 1) == (str(count), f"fewer than {count + 1}", True)
    denied = clear(entry(), desk, limits(max_stop_outs=count))
    assert breaches_of(denied) == {Code.STOP_OUTS}
    assert said(denied.verdict, Code.STOP_OUTS) == (str(count), f"fewer than {count}", False)


@pytest.mark.parametrize(
    ("closings", "row"),
    [
        ([], 0),
        ([sold(gain=-1)], 1),
        ([sold(gain="-0.01"), sold(gain=-1), sold(gain=-1)], 3),
        ([sold(gain=-1), sold(gain=0)], 0),
        ([sold(gain=-1), sold(gain=0), sold(gain=-1)], 1),
        ([sold(gain=-1), sold(gain=5), sold(gain=-1), sold(gain=-1)], 2),
        ([sold(gain=-1), sold(gain=5, symbol="IBM"), sold(gain=-1)], 2),
        ([sold(9 * DAY, gain=-1), sold(5 * DAY - SECOND, gain=-1)], 2),
        ([sold(9 * DAY, gain=-1), sold(5 * DAY, gain=-1)], 0),
    ],
)
def test_when_sales_lost_as_often_in_a_row_as_the_limit_says_then_entries_wait(
    closings: list[Closing], row: int
) -> None:
    desk = situation(standing=after(closings=closings))
    assert measured(Code.LOSSES_IN_A_ROW, desk, max_losses_in_a_row=row + 1)[2]
    denied = clear(entry(), desk, limits(max_losses_in_a_row=row))
    assert breaches_of(denied) == {Code.LOSSES_IN_A_ROW}
    assert said(denied.verdict, Code.LOSSES_IN_A_ROW) == (str(row), f"fewer than {row}", False)


OURS = after(adds={"IBM": 0, "GOOG": 2})
IBM = position("IBM", 50)


@pytest.mark.parametrize(
    ("positions", "orders", "bare"),
    [
        pytest.param([IBM], [protective_stop("IBM", 50)], "none", id="a stop for all shares"),
        pytest.param([IBM], [protective_stop("IBM", 49)], "IBM", id="a stop for all but one"),
        pytest.param([IBM], [], "IBM", id="no stop"),
        pytest.param([IBM, position("GOOG", 1)], [], "GOOG, IBM", id="two without"),
        pytest.param([IBM, IBM], [protective_stop("IBM", 50)], "IBM", id="told twice"),
        pytest.param([position("IBM", -50)], [], "none", id="a short position"),
        pytest.param([position("XOM", 50)], [], "none", id="a position of somebody else"),
        pytest.param([IBM], [order(Side.SELL, "IBM", 50)], "none", id="an exit on its way"),
        pytest.param([IBM], [order(Side.SELL, "IBM", 50, type=OrderType.LIMIT, limit_price=200)], "IBM", id="a limit"),
        pytest.param([IBM], [protective_stop("IBM", 50, type=OrderType.STOP_LIMIT)], "none", id="a stop with a limit"),
        pytest.param([IBM], [order(Side.SELL, "IBM", 50, type=OrderType.TRAILING_STOP)], "none", id="a trailing stop"),
        pytest.param([IBM], [protective_stop("IBM", 50, status="held")], "none", id="a stop behind its entry"),
        pytest.param([IBM], [protective_stop("IBM", 50, filled_qty=1)], "IBM", id="a stop that sold a share"),
        pytest.param([IBM], [protective_stop("IBM", 50, status="canceled")], "IBM", id="a stop that was cancelled"),
        pytest.param([IBM], [order(Side.BUY, "IBM", 50, type=OrderType.STOP)], "IBM", id="a purchase"),
        pytest.param([IBM], [protective_stop("GOOG", 50)], "IBM", id="another's stop"),
    ],
)
def test_when_a_position_of_ours_has_no_working_stop_then_nothing_is_entered(
    positions: list[Position], orders: list[Any], bare: str
) -> None:
    decision = clear(entry(), situation(positions=positions, orders=orders, standing=OURS), limits())
    assert said(decision.verdict, Code.UNPROTECTED_POSITION)[0] == bare
    assert said(decision.verdict, Code.UNPROTECTED_POSITION)[2] == (bare == "none")
    assert isinstance(decision, Denied) == (bare != "none")


def test_when_every_loss_rule_denies_then_an_exit_clears_all_the_same() -> None:
    past = after(
        day_start=CASH,
        week_start=CASH,
        high_water=CASH,
        closings=[sold(SECOND, gain=-5, stopped=True)],
        adds={"AAPL": 0, "IBM": 0},
    )
    desk = situation(positions=[position(), IBM], equity=Decimal(10), standing=past)
    lines = limits(
        daily_loss=percent(1),
        weekly_loss=percent(1),
        max_drawdown=percent(1),
        cooldown_minutes=60,
        max_stop_outs=1,
        max_losses_in_a_row=1,
    )
    assert breaches_of(clear(entry(), desk, lines)) >= {
        Code.DAILY_LOSS,
        Code.WEEKLY_LOSS,
        Code.MAX_DRAWDOWN,
        Code.COOLDOWN,
        Code.STOP_OUTS,
        Code.LOSSES_IN_A_ROW,
        Code.UNPROTECTED_POSITION,
    }
    assert terms_of(clear(exit_(), desk, lines)).qty == 10
