"""What a trade costs: slippage on its price, rounding against the trader, and commission."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.domain.money import cents
from perun.tools.domain.orders import Side

TICK: Final = Decimal("0.0001")
_BPS: Final = Decimal(10_000)


def fill_price(side: Side, reference: Decimal, slippage_bps: Decimal) -> Decimal:
    """`reference` made worse by the slippage, then rounded to four decimals against the trader; never below a tick."""
    if side is Side.BUY:
        return (reference * (_BPS + slippage_bps) / _BPS).quantize(TICK, ROUND_CEILING)
    return max(TICK, (reference * (_BPS - slippage_bps) / _BPS).quantize(TICK, ROUND_FLOOR))


def commission(qty: Decimal, price: Decimal, settings: ExchangeSettings) -> Decimal:
    """Dollars for one execution: per share, at least the minimum, at most a share of the notional; to the cent."""
    charge = max(settings.commission_minimum, settings.commission_per_share * qty)
    return cents(min(charge, settings.commission_max_percent.of(qty * price)))
