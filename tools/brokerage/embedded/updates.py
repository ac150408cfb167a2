"""What the exchange tells of an order as it happens: the events by which a change of the books is told."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from perun.tools.brokerage.embedded.books import Books
from perun.tools.domain.orders import Fill, Order, OrderStatus, Side

_EVENTS: Final = {
    OrderStatus.ACCEPTED: "accepted",
    OrderStatus.NEW: "new",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.REPLACED: "replaced",
}
"""Statuses that are told when an order comes to them, in Alpaca's words; fills are told by themselves."""


@dataclass(frozen=True)
class TradeUpdate:
    """One event in the life of an order."""

    event: str
    order: Order
    at: datetime
    fill: Fill | None = None
    position_qty: Decimal | None = None
    """Shares held after the fill."""


Listener = Callable[[TradeUpdate], None]


def updates(before: Books, after: Books, fills: Iterable[Fill]) -> Iterator[TradeUpdate]:
    """Fills first, in their order, then every change of status. A held order is told when it wakes, not before."""
    held = {symbol: holding.qty for symbol, holding in before.holdings.items()}
    for fill in fills:
        signed = fill.qty if fill.side is Side.BUY else -fill.qty
        held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + signed
        order = _at_fill(after.orders[fill.client_order_id])
        event = "fill" if order.status is OrderStatus.FILLED else "partial_fill"
        yield TradeUpdate(event, order, fill.at, fill, held[fill.symbol])
    for name, order in after.orders.items():
        event_of_status, earlier = _EVENTS.get(order.status), before.orders.get(name)
        if event_of_status and (earlier is None or earlier.status is not order.status):
            yield TradeUpdate(event_of_status, order, order.updated_at or order.submitted_at)


def _at_fill(order: Order) -> Order:
    """The order as it stood at its fill: in one session it has one, and may end unfilled after it."""
    status = OrderStatus.FILLED if order.filled_qty == order.qty else OrderStatus.PARTIALLY_FILLED
    return order.model_copy(update={"status": status})
