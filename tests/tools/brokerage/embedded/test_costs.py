"""Slippage, rounding and commission, worked out by hand."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from perun.tools.brokerage.embedded.costs import commission, fill_price
from perun.tools.domain.orders import Side
from support.exchange import settings


@pytest.mark.parametrize(
    ("side", "reference", "bps", "price"),
    [
        (Side.BUY, "100", "5", "100.05"),
        (Side.SELL, "100", "5", "99.95"),
        (Side.BUY, "12.34567", "0", "12.3457"),
        (Side.SELL, "12.34567", "0", "12.3456"),
        (Side.BUY, "33.33", "5", "33.3467"),
        (Side.SELL, "33.33", "5", "33.3133"),
        (Side.SELL, "0.0001", "5", "0.0001"),
    ],
)
def test_when_a_price_is_made_then_it_is_rounded_against_the_trader(
    side: Side, reference: str, bps: str, price: str
) -> None:
    assert fill_price(side, Decimal(reference), Decimal(bps)) == Decimal(price)


@pytest.mark.parametrize(
    ("qty", "price", "dollars", "why"),
    [
        ("10", "100", "0.99", "the minimum"),
        ("1000", "100", "4.90", "a thousand shares at 0.0049"),
        ("1", "50", "0.50", "one percent of fifty dollars, below the minimum"),
        ("10000", "0.10", "10.00", "one percent of a thousand dollars"),
        ("250", "100", "1.22", "1.225 to the even cent"),
        ("350", "100", "1.72", "1.715 to the even cent"),
        ("1", "0.10", "0.00", "a tenth of a cent"),
    ],
)
def test_when_shares_trade_then_commission_is_floored_capped_and_rounded(
    qty: str, price: str, dollars: str, why: str
) -> None:
    assert commission(Decimal(qty), Decimal(price), settings()) == Decimal(dollars), why


@pytest.mark.parametrize(
    "wrong", [{"cash": -1}, {"slippage_bps": -1}, {"slippage_bps": 10_000}, {"commission_minimum": "NaN"}]
)
def test_when_a_setting_is_impossible_then_it_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)
