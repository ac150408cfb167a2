"""Every rule has its code, and a situation in which that rule alone denies."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.orders import Side
from perun.tools.domain.signals import Ruling
from perun.tools.domain.standing import ACTIVE, Doubt, Standing, TradingState
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Proposal, clear
from perun.tools.risk.limits import Limits
from support.gate import (
    ATR,
    CASH,
    NOW,
    advised,
    aged,
    asset,
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
from support.past import DAY, MINUTE, after, bought, sold

Case = tuple[Proposal, Situation | None, Limits]

HALTED = Standing(state=TradingState.HALTED, reason="said in a test", conduct=ACTIVE.conduct)
IN_DOUBT = ACTIVE.model_copy(update={"doubts": (Doubt(client_order_id="x", symbol="AAPL", entering=Decimal(1)),)})
TINY = percent("0.001")
CHEAP = situation(quotes=[quote(ask=Decimal("0.5"))], atr={"AAPL": Decimal("0.1")})


def told(**facts: Any) -> Situation:
    """The plain desk with other facts."""
    return situation(facts=facts)


def past(*done: Any, **conduct: Any) -> Situation:
    """The plain desk after all this."""
    return situation(standing=after(*done, **conduct))


CASES: dict[Code, Case] = {
    Code.MIN_CONFIDENCE: (entry(confidence=0.5), situation(), limits(min_confidence=0.6)),
    Code.NO_SHORT_SELLING: (exit_(), situation(), limits()),
    Code.TRADABLE_ASSET: (entry(), told(assets={"AAPL": asset(tradable=False)}), limits()),
    Code.MINIMUM_QUANTITY: (entry(advice=advised(Ruling.SHRINK, "0.01")), situation(), limits()),
    Code.MINIMUM_NOTIONAL: (entry(ceiling=1), CHEAP, limits()),
    Code.PROTECTIVE_STOP: (entry(), situation(atr={"AAPL": Decimal(60)}), limits()),
    Code.DECISION_EXPIRED: (entry(decided_at=NOW - DAY), situation(), limits(decision_ttl_seconds=60)),
    Code.ADVISER_VETO: (entry(advice=advised(Ruling.VETO, 100)), situation(), limits()),
    Code.MAX_ORDER_QUANTITY: (entry(), situation(), limits(max_order_quantity=0)),
    Code.MAX_ORDER_NOTIONAL: (entry(), situation(), limits(max_order_notional=Decimal(1))),
    Code.PRICE_COLLAR: (entry(), situation(quotes=[quote(last=Decimal(96))]), limits()),
    Code.MAX_SPREAD: (entry(), situation(quotes=[quote(bid=Decimal(98))]), limits(max_spread=percent(1))),
    Code.MAX_PARTICIPATION: (entry(), told(volume={"AAPL": Decimal(30)}), limits(max_participation=percent(1))),
    Code.STALE_MARKET_DATA: (entry(), situation(quotes=[aged(timedelta(hours=1))]), limits()),
    Code.MARKET_DATA_INVALID: (entry(), situation(quotes=[quote(bid=Decimal(101))]), limits()),
    Code.PRICE_JUMP: (entry(), told(previous_close={"AAPL": Decimal(50)}), limits(max_price_jump=percent(25))),
    Code.DUPLICATE_ORDER_ID: (entry(id="earlier"), past(bought()), limits()),
    Code.DUPLICATE_ORDER: (entry(), past(bought(MINUTE)), limits(duplicate_window_minutes=5)),
    Code.MAX_ORDERS_PER_MINUTE: (entry(), situation(), limits(max_orders_per_minute=0)),
    Code.MAX_ORDERS_PER_DAY: (entry(), situation(), limits(max_orders_per_day=0)),
    Code.MAX_NOTIONAL_PER_HOUR: (entry(), past(bought(MINUTE)), limits(max_notional_per_hour=Decimal(1000))),
    Code.MAX_ROUND_TRIPS: (entry(), situation(), limits(max_round_trips_per_day=0)),
    Code.MAX_TURNOVER: (entry(), past(bought(MINUTE)), limits(max_turnover=percent(1))),
    Code.RISK_PER_TRADE: (entry(), situation(), limits(risk_per_trade=TINY)),
    Code.MAX_POSITION_SIZE: (entry(), situation(), limits(max_position=TINY)),
    Code.MAX_OPEN_POSITIONS: (entry(), situation(), limits(max_open_positions=0)),
    Code.GROSS_EXPOSURE: (entry(), situation(), limits(max_gross_exposure=TINY)),
    Code.BUYING_POWER: (entry(), situation(buying_power=Decimal(1)), limits()),
    Code.CASH_FLOOR: (entry(), situation(), limits(min_cash=percent(100))),
    Code.NET_EXPOSURE: (entry(), situation(), limits(max_net_exposure=TINY)),
    Code.LEVERAGE: (entry(), situation(multiplier=Decimal("0.0001")), limits()),
    Code.SECTOR_EXPOSURE: (entry(), situation(), limits(max_sector=TINY)),
    Code.CLUSTER_EXPOSURE: (entry(), situation(), limits(max_cluster=TINY)),
    Code.PORTFOLIO_HEAT: (entry(), situation(), limits(max_heat=TINY)),
    Code.VALUE_AT_RISK: (entry(), situation(), limits(max_var=TINY)),
    Code.MARGIN_CUSHION: (entry(), situation(maintenance_margin=CASH), limits()),
    Code.MAX_ADDS: (entry(), situation(positions=[position()]), limits(max_adds=0)),
    Code.AVERAGING_DOWN: (
        entry(),
        situation(positions=[position(unrealized_pl=-100)]),
        limits(max_add_loss=percent(5)),
    ),
    Code.DAILY_LOSS: (entry(), past(day_start=2 * CASH), limits(daily_loss=percent(3))),
    Code.MAX_DRAWDOWN: (entry(), past(week_start=CASH, high_water=2 * CASH), limits(max_drawdown=percent(15))),
    Code.WEEKLY_LOSS: (entry(), past(week_start=2 * CASH), limits(weekly_loss=percent(6))),
    Code.COOLDOWN: (entry(), past(sold(MINUTE)), limits(cooldown_minutes=60)),
    Code.STOP_OUTS: (entry(), past(sold(DAY, stopped=True)), limits(max_stop_outs=1)),
    Code.LOSSES_IN_A_ROW: (entry(), past(sold(DAY, gain=-1)), limits(max_losses_in_a_row=1)),
    Code.UNPROTECTED_POSITION: (
        entry(),
        situation(positions=[position("IBM")], standing=after(adds={"IBM": 0})),
        limits(),
    ),
    Code.MARKET_OPEN: (entry(), situation(is_open=False), limits()),
    Code.AFTER_OPEN: (entry(), situation(), limits(no_entry_first_minutes=31)),
    Code.BEFORE_CLOSE: (entry(), situation(), limits(no_entry_last_minutes=61)),
    Code.TRADING_HALT: (entry(), told(assets={"AAPL": asset(halted=True)}), limits()),
    Code.RESTRICTED_SYMBOL: (entry(), situation(), limits(restricted=("AAPL",))),
    Code.SELF_CROSS: (entry(), situation(positions=[position()], orders=[order(Side.SELL)]), limits()),
    Code.CORPORATE_ACTION: (
        entry(),
        situation(positions=[position(price=Decimal(50))]),
        limits(max_price_jump=percent(25)),
    ),
    Code.ACCOUNT_ACTIVE: (entry(), situation(trading_blocked=True), limits()),
    Code.TRADING_STATE: (entry(), situation(standing=HALTED), limits()),
    Code.UNRESOLVED_ORDER: (entry(), situation(standing=IN_DOUBT), limits()),
    Code.UNEXPLAINED_DIFFERENCE: (entry(), past(unexplained=("IBM",)), limits()),
    Code.CLOCK_SKEW: (entry(), told(skew_seconds=Decimal(31)), limits(max_clock_skew_seconds=30)),
    Code.MISSING_PORTFOLIO: (entry(), None, limits()),
    Code.MISSING_EQUITY: (entry(), situation(equity=Decimal(0)), limits()),
    Code.MISSING_HISTORY: (entry(), situation(standing=Standing(state=TradingState.ACTIVE)), limits()),
    Code.MISSING_DECISION_TIME: (entry(decided_at=None), situation(), limits()),
    Code.MISSING_QUOTE: (entry(), told(quotes={}), limits()),
    Code.MISSING_VOLATILITY: (entry(), situation(atr={}), limits()),
    Code.MISSING_PREVIOUS_CLOSE: (entry(), told(previous_close={"IBM": ATR}), limits()),
    Code.MISSING_VOLUME: (entry(), told(volume={"AAPL": Decimal(0)}), limits()),
    Code.MISSING_ASSET: (entry(), told(assets={}), limits()),
    Code.MISSING_ORDER_PRICE: (entry(), situation(orders=[order(symbol="IBM")]), limits()),
    Code.CONTRADICTING_POSITION: (entry(), situation(positions=[position("IBM", 10, market_value=-1000)]), limits()),
}
WARNINGS: dict[Code, Case] = {
    Code.WASH_SALE: (entry(), past(sold(DAY, gain=-50)), limits()),
    Code.CLOCK_SKEW: (entry(), told(skew_seconds=Decimal(-5)), limits(max_clock_skew_seconds=30)),
}
"""What passes and is worth a look."""


def test_when_codes_are_added_then_each_has_a_case_here() -> None:
    assert CASES.keys() | WARNINGS.keys() == set(Code)


@pytest.mark.parametrize("code", CASES)
def test_when_one_rule_is_broken_then_its_code_and_no_other_denies(code: Code) -> None:
    # No share left is how a limit binds: the limit that left none is named beside it.
    assert breaches_of(clear(*CASES[code])) - {Code.MINIMUM_QUANTITY} == {code} - {Code.MINIMUM_QUANTITY}


@pytest.mark.parametrize("code", WARNINGS)
def test_when_a_rule_warns_then_the_order_is_cleared_and_the_verdict_says_so(code: Code) -> None:
    decision = clear(*WARNINGS[code])
    terms_of(decision)
    assert [check.code for check in decision.verdict.warnings] == [code]
    assert said(decision.verdict, code)[2]


def test_when_shrinking_leaves_no_share_then_the_minimum_alone_denies() -> None:
    assert breaches_of(clear(*CASES[Code.MINIMUM_QUANTITY])) == {Code.MINIMUM_QUANTITY}


@pytest.mark.parametrize("asked", [entry(), exit_()], ids=["entry", "exit"])
def test_when_no_rule_is_broken_then_the_plain_desk_clears_without_a_warning(asked: Proposal) -> None:
    held: dict[str, Any] = {"positions": [position()]} if asked == exit_() else {}
    decision = clear(asked, situation(**held), limits())
    terms_of(decision)
    assert decision.verdict.warnings == ()


def test_when_a_rule_denies_then_every_other_rule_was_asked_all_the_same() -> None:
    plain, broken = (
        clear(entry(), situation(), limits()),
        clear(entry(confidence=0), situation(), limits(min_confidence=1)),
    )
    assert [check.code for check in plain.verdict.checks] == [check.code for check in broken.verdict.checks]


@pytest.mark.parametrize("code", CASES)
def test_when_an_entry_is_judged_then_no_rule_speaks_twice(code: Code) -> None:
    codes = [check.code for check in clear(*CASES[code]).verdict.checks]
    assert len(codes) == len(set(codes))


def test_when_an_order_is_judged_then_the_verdict_names_the_limits_in_force() -> None:
    lines = limits(max_open_positions=7)
    assert clear(entry(), situation(), lines).verdict.limits_hash == lines.fingerprint != limits().fingerprint
    assert clear(entry(), None, lines).verdict.limits_hash == lines.fingerprint
