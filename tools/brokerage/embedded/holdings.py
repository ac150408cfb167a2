"""Shares held, at the average price that was paid for them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import ZERO, Amount, Quantity
from perun.tools.domain.orders import Fill, Side

_MICRO: Final = Decimal("0.000001")


class Holding(Frozen):
    """Shares of one symbol; there is no holding of zero."""

    qty: Quantity
    avg_entry_price: Amount
    """US dollars a share, commission aside, to six decimals."""


def after(holdings: Mapping[str, Holding], fill: Fill) -> dict[str, Holding]:
    """The holdings after a fill.

    Raises:
        ValueError: it sells what is not held; the books would lie.
    """
    before = holdings.get(fill.symbol)
    others = {symbol: holding for symbol, holding in holdings.items() if symbol != fill.symbol}
    if fill.side is Side.BUY:
        return {**others, fill.symbol: _joined(before, fill)}
    left = (before.qty if before else ZERO) - fill.qty
    if before is None or left < 0:
        raise ValueError(f"order {fill.client_order_id} sells {fill.qty} {fill.symbol} that the account does not hold")
    return {**others, fill.symbol: Holding(qty=left, avg_entry_price=before.avg_entry_price)} if left else others


def _joined(before: Holding | None, fill: Fill) -> Holding:
    if before is None:
        return Holding(qty=fill.qty, avg_entry_price=fill.price)
    qty = before.qty + fill.qty
    average = (before.qty * before.avg_entry_price + fill.qty * fill.price) / qty
    return Holding(qty=qty, avg_entry_price=average.quantize(_MICRO, ROUND_HALF_EVEN))
