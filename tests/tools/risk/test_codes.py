"""Every rule has its code, and a situation in which that rule alone denies."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.signals import Ruling
from perun.tools.domain.standing import Doubt, Standing, TradingState
from perun.tools.risk.breaches import Code
from perun.tools.risk.facts import Situation
from perun.tools.risk.gate import Proposal, clear
from perun.tools.risk.limits import Limits
from support.gate import (
    ATR,
    advised,
    aged,
    breaches_of,
    entry,
    exit_,
    limits,
    order,
    percent,
    position,
    quote,
    situation,
    terms_of,
)

Case = tuple[Proposal, Situation | None, Limits]

HALTED = Standing(state=TradingState.HALTED, reason="said in a test")
IN_DOUBT = Standing(state=TradingState.ACTIVE, doubts=(Doubt(client_order_id="x", symbol="AAPL", entering=Decimal(1)),))

CASES: dict[Code, Case] = {
    Code.TRADING_STATE: (entry(), situation(standing=HALTED), limits()),
    Code.UNRESOLVED_ORDER: (entry(), situation(standing=IN_DOUBT), limits()),
    Code.ACCOUNT_ACTIVE: (entry(), situation(trading_blocked=True), limits()),
    Code.MARKET_OPEN: (entry(), situation(is_open=False), limits()),
    Code.MIN_CONFIDENCE: (entry(confidence=0.5), situation(), limits(min_confidence=0.6)),
    Code.NO_SHORT_SELLING: (exit_(), situation(), limits()),
    Code.MINIMUM_QUANTITY: (entry(advice=advised(Ruling.SHRINK, "0.01")), situation(), limits()),
    Code.RESTRICTED_SYMBOL: (entry(), situation(), limits(restricted=("AAPL",))),
    Code.ADVISER_VETO: (entry(advice=advised(Ruling.VETO, 100)), situation(), limits()),
    Code.STALE_MARKET_DATA: (entry(), situation(quotes=[aged(timedelta(hours=1))]), limits()),
    Code.MARKET_DATA_INVALID: (entry(), situation(quotes=[quote(bid=Decimal(101))]), limits()),
    Code.PROTECTIVE_STOP: (entry(), situation(atr={"AAPL": Decimal(60)}), limits()),
    Code.RISK_PER_TRADE: (entry(), situation(), limits(risk_per_trade=percent("0.001"))),
    Code.MAX_ORDER_NOTIONAL: (entry(), situation(), limits(max_order_notional=Decimal(1))),
    Code.MAX_POSITION_SIZE: (entry(), situation(), limits(max_position=percent("0.001"))),
    Code.MAX_OPEN_POSITIONS: (entry(), situation(), limits(max_open_positions=0)),
    Code.GROSS_EXPOSURE: (entry(), situation(), limits(max_gross_exposure=percent("0.001"))),
    Code.BUYING_POWER: (entry(), situation(buying_power=Decimal(1)), limits()),
    Code.MISSING_PORTFOLIO: (entry(), None, limits()),
    Code.MISSING_EQUITY: (entry(), situation(equity=Decimal(0)), limits()),
    Code.MISSING_QUOTE: (entry(), situation(quotes=[], atr={"AAPL": ATR}), limits()),
    Code.MISSING_VOLATILITY: (entry(), situation(atr={}), limits()),
    Code.MISSING_ORDER_PRICE: (entry(), situation(orders=[order(symbol="IBM")]), limits()),
    Code.CONTRADICTING_POSITION: (entry(), situation(positions=[position("IBM", 10, market_value=-1000)]), limits()),
}


@pytest.mark.parametrize("code", Code)
def test_when_one_rule_is_broken_then_its_code_and_no_other_denies(code: Code) -> None:
    # No share left is how a limit binds: the limit that left none is named beside it.
    assert breaches_of(clear(*CASES[code])) - {Code.MINIMUM_QUANTITY} == {code} - {Code.MINIMUM_QUANTITY}


def test_when_shrinking_leaves_no_share_then_the_minimum_alone_denies() -> None:
    assert breaches_of(clear(*CASES[Code.MINIMUM_QUANTITY])) == {Code.MINIMUM_QUANTITY}


@pytest.mark.parametrize("asked", [entry(), exit_()], ids=["entry", "exit"])
def test_when_no_rule_is_broken_then_the_plain_desk_clears(asked: Proposal) -> None:
    held: dict[str, Any] = {"positions": [position()]} if asked == exit_() else {}
    terms_of(clear(asked, situation(**held), limits()))


def test_when_a_rule_denies_then_every_other_rule_was_asked_all_the_same() -> None:
    plain, broken = (
        clear(entry(), situation(), limits()),
        clear(entry(confidence=0), situation(), limits(min_confidence=1)),
    )
    assert [check.code for check in plain.verdict.checks] == [check.code for check in broken.verdict.checks]


def test_when_an_order_is_judged_then_the_verdict_names_the_limits_in_force() -> None:
    lines = limits(max_open_positions=7)
    assert clear(entry(), situation(), lines).verdict.limits_hash == lines.fingerprint != limits().fingerprint
    assert clear(entry(), None, lines).verdict.limits_hash == lines.fingerprint
