"""Exact amounts: Decimal money and quantity, typed percentages, and how each is rounded."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

ZERO = Decimal(0)
CENT = Decimal("0.01")

_MOST = Decimal(10) ** 15
"""Nothing that a desk holds or pays is larger; a number beyond it is an error of whoever said it."""

Amount = Annotated[Decimal, Field(ge=-_MOST, le=_MOST, allow_inf_nan=False)]
"""US dollars, or a quantity of shares: finite, exact, of either sign, within arithmetic's reach."""

Price = Annotated[Decimal, Field(gt=0, le=Decimal(10) ** 9, allow_inf_nan=False)]
"""US dollars a share, above zero."""

Quantity = Annotated[Decimal, Field(gt=0, le=_MOST, allow_inf_nan=False)]
"""Shares, above zero."""


class Percent(RootModel[Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]]):
    """A share of a hundred, from 0 to 1000: `Percent("20")` is a fifth. Never a bare fraction."""

    model_config = ConfigDict(frozen=True)

    def of(self, amount: Decimal) -> Decimal:
        """This many hundredths of `amount`, in the amount's own unit."""
        return amount * self.root / 100

    @property
    def ratio(self) -> Decimal:
        """As a ratio: a fifth is 0.2."""
        return self.root / 100

    def __str__(self) -> str:
        return f"{plain(self.root)}%"


def cents(amount: Decimal) -> Decimal:
    """Dollars to the nearest cent, half to even."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def whole_shares(quantity: Decimal) -> Decimal:
    """Shares rounded down to a whole number; a size may only shrink."""
    return quantity.to_integral_value(ROUND_DOWN)


def plain(number: Decimal) -> str:
    """The number as people write it: no exponent, no needless zeros (`1E+2` is `100`)."""
    text = str(number)
    if "E" in text:
        text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
