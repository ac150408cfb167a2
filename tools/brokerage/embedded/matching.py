"""Whether an order trades against one session's bar, and at what reference price."""

from decimal import Decimal
from enum import Enum

from perun.tools.domain.market import Bar
from perun.tools.domain.orders import Order, OrderType, Side


class Moment(Enum):
    """The two moments at which a session trades, in their order."""

    OPEN = "open"
    INTRADAY = "intraday"


def reference_price(order: Order, bar: Bar, moment: Moment) -> Decimal | None:
    """The price at which the order would trade at that moment, costs aside; None when it would not.

    A daily bar does not tell whether its high or its low came first. The answer is the trader's bad one: a stop that
    the low could reach is reached.
    """
    if moment is Moment.OPEN:
        return bar.open if _marketable(order, bar.open) else None
    trigger = order.limit_price if order.type is OrderType.LIMIT else order.stop_price
    if trigger is None:
        return None
    reach = bar.low if _waits_below(order) else bar.high
    return trigger if _marketable(order, reach) else None


def _marketable(order: Order, price: Decimal) -> bool:
    """True when `price` satisfies the order: no worse than its limit, or at or beyond its stop."""
    if order.type is OrderType.MARKET:
        return True
    line = order.limit_price if order.type is OrderType.LIMIT else order.stop_price
    if line is None:
        return False
    return price <= line if _waits_below(order) else price >= line


def _waits_below(order: Order) -> bool:
    """True for a buy limit and a sell stop: they wait for the price to come down."""
    return (order.side is Side.BUY) == (order.type is OrderType.LIMIT)
