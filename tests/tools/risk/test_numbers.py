"""What is no number cannot reach the gate: the nouns refuse it when they are made."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from perun.tools.domain.signals import Action, TradingSignal
from perun.tools.risk.facts import Reservation
from perun.tools.risk.gate import clear
from support.gate import breaches_of, entry, limits, order, percent, portfolio, position, quote, situation

MAKERS: dict[str, Callable[[Any], Any]] = {
    "ask": lambda number: quote(ask=number),
    "bid": lambda number: quote(bid=number),
    "equity": lambda number: portfolio(equity=number),
    "cash": lambda number: portfolio(cash=number),
    "buying power": lambda number: portfolio(buying_power=number),
    "shares held": lambda number: position(price=1, market_value=1, qty_available=1).model_validate(
        {**dict(position()), "qty": number}
    ),
    "market value": lambda number: position(market_value=number),
    "order quantity": lambda number: order(qty=number),
    "filled quantity": lambda number: order(filled_qty=number),
    "limit price": lambda number: order(limit_price=number),
    "average true range": lambda number: situation(atr={"AAPL": number}),
    "shares leaving": lambda number: type(situation())(**{**dict(situation()), "leaving": {"AAPL": number}}),
    "reservation": lambda number: Reservation(symbol="AAPL", notional=number),
    "ceiling": lambda number: entry(ceiling=number),
    "confidence": lambda number: TradingSignal(symbol="AAPL", action=Action.BUY, confidence=number, rationale=""),
    "percent": percent,
    "least confidence": lambda number: limits(min_confidence=number),
    "order notional": lambda number: limits(max_order_notional=number),
    "open positions": lambda number: limits(max_open_positions=number),
    "quote age": lambda number: limits(max_quote_age_seconds=number),
    "stop multiple": lambda number: limits(stop_atr_multiple=number),
}

NO_NUMBERS = [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), float("nan"), float("inf")]


@pytest.mark.parametrize("number", [*NO_NUMBERS, "NaN", "Infinity", None, ""], ids=repr)
@pytest.mark.parametrize("place", sorted(set(MAKERS) - {"ceiling", "limit price"}))
def test_when_something_is_no_finite_number_then_the_noun_refuses_it(place: str, number: object) -> None:
    with pytest.raises((ValidationError, ArithmeticError, TypeError)):
        MAKERS[place](number)


@pytest.mark.parametrize("number", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("place", ["ceiling", "limit price"])
def test_when_something_optional_is_no_finite_number_then_the_noun_refuses_it(place: str, number: object) -> None:
    with pytest.raises(ValidationError):
        MAKERS[place](number)


@pytest.mark.parametrize("place", sorted(MAKERS))
def test_when_the_number_is_one_then_every_noun_takes_it(place: str) -> None:
    MAKERS[place](1)


@pytest.mark.parametrize("number", [Decimal(0), Decimal("-0"), Decimal(-1)])
@pytest.mark.parametrize("place", ["ask", "bid", "ceiling", "stop multiple"])
def test_when_a_price_or_size_is_not_above_zero_then_the_noun_refuses_it(place: str, number: Decimal) -> None:
    with pytest.raises(ValidationError):
        MAKERS[place](number)


@pytest.mark.parametrize("number", [-0.01, 1.01])
@pytest.mark.parametrize("place", ["confidence", "least confidence"])
def test_when_confidence_is_outside_nought_to_one_then_the_noun_refuses_it(place: str, number: float) -> None:
    with pytest.raises(ValidationError):
        MAKERS[place](number)


@pytest.mark.parametrize("number", [Decimal("-0.01"), Decimal("1000.01")])
def test_when_a_percentage_is_out_of_bounds_then_it_is_refused(number: Decimal) -> None:
    with pytest.raises(ValidationError):
        percent(number)


@pytest.mark.parametrize("absurd", ["1e16", "-1e16", "1e30"])
def test_when_an_amount_is_absurd_then_no_noun_can_hold_it(absurd: str) -> None:
    with pytest.raises(ValidationError, match="than or equal to"):
        position(market_value=absurd)


@pytest.mark.parametrize("equity", ["0.009", "1e-30"])
def test_when_equity_is_less_than_a_cent_then_an_entry_is_denied_and_nothing_is_divided(equity: str) -> None:
    assert "MISSING_EQUITY" in breaches_of(clear(entry(), situation(equity=Decimal(equity)), limits()))


def test_when_every_number_is_as_large_as_it_may_be_then_the_gate_still_answers() -> None:
    most = Decimal(10) ** 15
    desk = situation(
        quotes=[quote(ask=Decimal(10) ** 9)], atr={"AAPL": most}, equity=most, cash=most, buying_power=most
    )
    assert breaches_of(clear(entry(), desk, limits())) == {"PROTECTIVE_STOP", "MINIMUM_QUANTITY", "MAX_ORDER_NOTIONAL"}
