"""What a trade costs, written a second time for the engines: from FINSABER's rule, not from Perun's code."""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal


def commission(qty: Decimal, price: Decimal) -> Decimal:
    """$0.0049 a share, $0.99 at least, 1 % of the notional at most; to the cent."""
    charge = max(Decimal("0.99"), Decimal("0.0049") * qty)
    return min(charge, qty * price / 100).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def slippage(qty: Decimal, price: Decimal) -> Decimal:
    """5 basis points of a price with four decimals, rounded against the trader: the same bought or sold."""
    return qty * (price * Decimal("0.0005")).quantize(Decimal("0.0001"), ROUND_CEILING)
