"""What is not known, stale or contradictory denies an entry under its own name, and never becomes a default."""

from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.orders import OrderType, Side
from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import Proposal, clear
from support.gate import ATR, breaches_of, entry, exit_, limits, order, position, quote, said, situation, terms_of

UNKNOWN = "unknown"


@pytest.mark.parametrize("asked", [entry(), exit_()], ids=["entry", "exit"])
def test_when_the_portfolio_is_unknown_then_everything_is_denied(asked: Proposal) -> None:
    denied = clear(asked, None, limits())
    assert breaches_of(denied) == {Code.MISSING_PORTFOLIO}
    assert said(denied.verdict, Code.MISSING_PORTFOLIO)[0] == UNKNOWN


@pytest.mark.parametrize("equity", ["0", "-0", "-0.01", "-100000"])
def test_when_equity_is_zero_or_less_then_entries_are_denied(equity: str) -> None:
    denied = clear(entry(), situation(equity=Decimal(equity)), limits())
    assert breaches_of(denied) == {Code.MISSING_EQUITY}


@pytest.mark.parametrize("power", ["0", "-0.01", "-100000"])
def test_when_buying_power_is_zero_or_less_then_entries_are_denied(power: str) -> None:
    denied = clear(entry(), situation(buying_power=Decimal(power)), limits())
    assert breaches_of(denied) == {Code.BUYING_POWER, Code.MINIMUM_QUANTITY}


def test_when_only_another_symbol_has_a_quote_then_the_quote_is_missing() -> None:
    denied = clear(entry(), situation(facts={"quotes": {"IBM": quote("IBM")}}), limits())
    assert breaches_of(denied) == {Code.MISSING_QUOTE}


@pytest.mark.parametrize("atr", [{}, {"IBM": ATR}, {"AAPL": Decimal(0)}, {"AAPL": Decimal("-2.5")}])
def test_when_the_average_true_range_is_missing_zero_or_negative_then_entries_are_denied(
    atr: dict[str, Decimal],
) -> None:
    denied = clear(entry(), situation(atr=atr), limits())
    assert breaches_of(denied) == {Code.MISSING_VOLATILITY}


@pytest.mark.parametrize("value", [{}, {"IBM": ATR}, {"AAPL": Decimal(0)}, {"AAPL": Decimal(-1)}])
@pytest.mark.parametrize(
    ("fact", "code"), [("previous_close", Code.MISSING_PREVIOUS_CLOSE), ("volume", Code.MISSING_VOLUME)]
)
def test_when_the_close_before_or_the_volume_is_missing_zero_or_negative_then_entries_are_denied(
    fact: str, code: Code, value: dict[str, Decimal]
) -> None:
    assert breaches_of(clear(entry(), situation(facts={fact: value}), limits())) == {code}


@pytest.mark.parametrize("prices", [{}, {"limit_price": Decimal(0)}, {"limit_price": Decimal(-5)}])
def test_when_a_working_entry_has_no_price_above_zero_then_entries_are_denied(prices: dict[str, Decimal]) -> None:
    denied = clear(entry(), situation(orders=[order(symbol="IBM", **prices)]), limits())
    assert breaches_of(denied) == {Code.MISSING_ORDER_PRICE}
    assert "IBM" in said(denied.verdict, Code.MISSING_ORDER_PRICE)[1]


@pytest.mark.parametrize(
    "known",
    [
        {"quotes": [quote(), quote("IBM")]},
        {"positions": [position("IBM")]},
        {"orders": [order(symbol="IBM", type=OrderType.LIMIT, limit_price=90)]},
        {"orders": [order(symbol="IBM", type=OrderType.STOP, stop_price=90)]},
    ],
    ids=["a quote", "a position", "its limit", "its stop"],
)
def test_when_anything_prices_a_working_entry_then_it_is_not_missing(known: dict[str, Any]) -> None:
    terms_of(clear(entry(), situation(**{"orders": [order(symbol="IBM")], **known}), limits()))


@pytest.mark.parametrize(("qty", "value"), [(10, -1000), (-10, 1000), (10, 0), (-10, 0)])
def test_when_a_positions_shares_and_value_contradict_each_other_then_entries_are_denied(qty: int, value: int) -> None:
    denied = clear(entry(), situation(positions=[position("IBM", qty, market_value=value)]), limits())
    assert breaches_of(denied) == {Code.CONTRADICTING_POSITION}
    assert said(denied.verdict, Code.CONTRADICTING_POSITION)[0] == f"IBM: {qty} shares worth {value}"


def test_when_a_working_order_is_for_less_than_no_shares_then_entries_are_denied() -> None:
    stop = order(Side.SELL, "IBM", -10, type=OrderType.STOP, stop_price=90)
    denied = clear(entry(), situation(orders=[stop], positions=[position("IBM", 10)]), limits())
    assert Code.CONTRADICTING_POSITION in breaches_of(denied)
    assert said(denied.verdict, Code.CONTRADICTING_POSITION)[0] == "working: an order for -10 shares"


@pytest.mark.parametrize(("qty", "value"), [(-10, -1000), (0, 0)])
def test_when_a_short_or_an_empty_position_is_told_consistently_then_it_is_no_contradiction(
    qty: int, value: int
) -> None:
    terms_of(clear(entry(), situation(positions=[position("IBM", qty, market_value=value)]), limits()))


def test_when_several_facts_are_missing_then_each_is_named_beside_the_common_rules() -> None:
    desk = situation(
        equity=Decimal(0), quotes=[], orders=[order(symbol="IBM")], positions=[position("GOOG", 1, market_value=-1)]
    )
    denied = clear(entry(), desk, limits())
    assert breaches_of(denied) == {
        Code.MISSING_EQUITY,
        Code.MISSING_QUOTE,
        Code.MISSING_VOLATILITY,
        Code.MISSING_PREVIOUS_CLOSE,
        Code.MISSING_VOLUME,
        Code.MISSING_ASSET,
        Code.MISSING_ORDER_PRICE,
        Code.CONTRADICTING_POSITION,
    }
    assert {Code.ACCOUNT_ACTIVE, Code.MARKET_OPEN, Code.MIN_CONFIDENCE} <= {c.code for c in denied.verdict.checks}


def test_when_one_symbol_is_told_in_two_positions_then_both_count() -> None:
    desk = situation(positions=[position(qty=50), position(qty=50)])
    denied = clear(entry(), desk, limits(max_position=10))
    assert said(denied.verdict, Code.MAX_POSITION_SIZE) == ("0.1011", "0.1", False)


def test_when_an_order_claims_more_fills_than_its_size_then_it_does_not_make_room() -> None:
    overfilled = order(qty=10, filled_qty=110, type=OrderType.LIMIT, limit_price=100)
    denied = clear(entry(), situation(orders=[overfilled]), limits(max_position=10))
    assert said(denied.verdict, Code.MAX_POSITION_SIZE) == ("0.1011", "0.1", False)


def test_when_a_fact_about_another_symbols_exit_is_missing_then_entries_are_not_held_up() -> None:
    desk = situation(positions=[position("IBM", 10)], orders=[order(Side.SELL, "IBM", 10)])
    terms_of(clear(entry(), desk, limits()))
