"""Whether an order trades against one session's bar, at what reference price, and what it takes from the day if not."""

from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from typing import Final

from perun.tools.domain.market import Bar
from perun.tools.domain.orders import Order, OrderType, Side

_TICK: Final = Decimal("0.0001")


class Moment(Enum):
    """The two moments at which a session trades, in their order."""

    OPEN = "open"
    INTRADAY = "intraday"


def reference_price(order: Order, bar: Bar, moment: Moment) -> Decimal | None:
    """The price at which the order would trade at that moment, costs aside; None when it would not.

    A daily bar does not tell whether its high or its low came first. The answer is the trader's bad one: a stop that
    the low could reach is reached, a trailing one too, and where its old place could be reached it had not moved yet.
    """
    if moment is Moment.OPEN:
        return bar.open if _trades_at(order, bar.open) else None
    return _through_the_day(order, bar)


def watched(order: Order, bar: Bar, moment: Moment) -> Order:
    """The order after a moment in which it did not trade: its stop was reached, or followed the price."""
    if order.type is OrderType.STOP_LIMIT:
        reached = _reached(order, bar.open if moment is Moment.OPEN else _against(order, bar))
        return order.model_copy(update={"triggered": True}) if reached and not order.triggered else order
    if order.type is OrderType.TRAILING_STOP:
        water = _water(order, bar.open if moment is Moment.OPEN else _in_favour(order, bar))
        return order.model_copy(update={"high_water": water, "stop_price": trailing_stop(order, water)})
    return order


def trailing_stop(order: Order, water: Decimal) -> Decimal:
    """Where the stop of a trailing order stands below (for a buy, above) that water mark; to four decimals."""
    distance = order.trail_price or water * (order.trail_percent or 0) / 100
    stop = water + distance if order.side is Side.BUY else water - distance
    return max(_TICK, stop.quantize(_TICK, ROUND_HALF_EVEN))


def _trades_at(order: Order, price: Decimal) -> bool:
    """True when `price` satisfies the order: no worse than its limit, and at or beyond its stop if it waits for one."""
    return (order.triggered or _reached(order, price)) and _within_limit(order, price)


def _through_the_day(order: Order, bar: Bar) -> Decimal | None:
    if order.triggered or order.stop_price is None:
        # A market order, or a stop that has become one, had its moment at the open.
        return order.limit_price if order.limit_price and _within_limit(order, _in_favour(order, bar)) else None
    places = [order.stop_price]
    if order.type is OrderType.TRAILING_STOP:
        places.append(trailing_stop(order, _water(order, _in_favour(order, bar))))
    worst = _against(order, bar)
    reached = (place for place in places if _beyond(order, worst, place))
    return next((place for place in reached if _within_limit(order, place)), None)


def _reached(order: Order, price: Decimal) -> bool:
    return order.stop_price is None or _beyond(order, price, order.stop_price)


def _beyond(order: Order, price: Decimal, stop: Decimal) -> bool:
    return price >= stop if order.side is Side.BUY else price <= stop


def _within_limit(order: Order, price: Decimal) -> bool:
    if order.limit_price is None:
        return True
    return price <= order.limit_price if order.side is Side.BUY else price >= order.limit_price


def _water(order: Order, price: Decimal) -> Decimal:
    before = order.high_water if order.high_water is not None else price
    return min(before, price) if order.side is Side.BUY else max(before, price)


def _in_favour(order: Order, bar: Bar) -> Decimal:
    return bar.low if order.side is Side.BUY else bar.high


def _against(order: Order, bar: Bar) -> Decimal:
    return bar.high if order.side is Side.BUY else bar.low
