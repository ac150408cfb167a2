"""Deposits and withdrawals are neither gain nor loss: what losses are measured from moves with them."""

from decimal import Decimal

import pytest

from perun.graph.breakers import loss_percent
from perun.graph.ledger.latches import Kind
from perun.tools.domain.money import CENT
from perun.tools.domain.standing import TradingState
from support.gate import percent
from support.valued_desk import Opened

ACTIVE, REDUCING, HALTED = TradingState


@pytest.mark.parametrize("dollars", [-60_000, 60_000, 1_000_000])
def test_when_money_is_paid_in_or_out_then_it_is_no_gain_and_no_loss(opened: Opened, dollars: int) -> None:
    desk = opened(max_drawdown=percent(15), daily_loss=percent(3), weekly_loss=percent(6))
    desk.look(98_000, minutes=5, times=2)
    desk.pay(dollars)
    assert desk.look(minutes=5).settled == dollars + 98_000, "the two readings agree but for what was paid"
    mark = desk.look(minutes=5, times=2)
    assert (desk.state, desk.changes()) == (ACTIVE, [])
    assert mark.high_water == mark.day_start == mark.week_start
    assert loss_percent(mark.high_water, mark.equity).quantize(CENT) == 2, "as many percent as before"


def test_when_money_is_paid_in_overnight_then_the_session_starts_with_it(opened: Opened) -> None:
    desk = opened(daily_loss=percent(3))
    desk.next_session()
    desk.pay(50_000)
    assert desk.look().day_start == 150_000
    desk.look(145_000, minutes=5, times=2)
    assert desk.state is REDUCING


def test_when_money_is_paid_in_then_a_loss_after_it_is_still_a_loss(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15))
    desk.pay(100_000)
    desk.look(minutes=5, times=2)
    desk.look(165_000, minutes=5, times=2)
    assert desk.state is HALTED


def test_when_an_account_was_emptied_and_is_funded_again_then_it_begins_anew(opened: Opened) -> None:
    desk = opened(max_drawdown=percent(15), daily_loss=percent(3))
    desk.pay(-100_000)
    desk.look(minutes=5)
    assert desk.reason == "the account's equity is 0 US dollars"
    desk.pay(50_000)
    mark = desk.look(minutes=5, times=2)
    assert (mark.high_water, mark.day_start) == (50_000, 50_000)
    assert [latch.kind for latch in desk.watch.latches()] == [Kind.EQUITY], "and a person has to resume"


def test_when_sessions_went_by_unseen_then_a_session_starts_with_the_broker_s_last_equity(opened: Opened) -> None:
    desk = opened(daily_loss=percent(3))
    desk.book.equity = Decimal(90_000)
    desk.next_session(days=10)
    desk.look(minutes=5, times=2)
    assert desk.state is ACTIVE
