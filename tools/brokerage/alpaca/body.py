"""What one order says on the wire, and whether an order at the broker is that one."""

from decimal import Decimal
from typing import Any, Final

from perun.tools.brokerage.alpaca.wire import Row, Unreadable, order
from perun.tools.domain.money import plain
from perun.tools.domain.orders import Order, OrderTerms, OrderType, TimeInForce

_ALONE: Final = ("", "simple")


def wire_body(terms: OrderTerms) -> dict[str, Any]:
    """The JSON of the POST, complete: the same terms always give the same body. Numbers are texts, as Alpaca asks.

    An entry with its stop goes as one order of class OTO. Alpaca gives the stop the entry's time in force, and the
    stop must outlive the day: so an entry at the market goes as GTC. It fills at once or at a halt's end.
    """
    body = {
        "symbol": terms.symbol,
        "qty": plain(terms.qty),
        "side": terms.side.value,
        "type": terms.type.value,
        "time_in_force": _time_in_force(terms).value,
        "client_order_id": terms.client_order_id,
    }
    prices = {"limit_price": terms.limit_price, "stop_price": terms.stop_price}
    body |= {name: plain(price) for name, price in prices.items() if price is not None}
    if terms.stop_loss is None:
        return body
    return {**body, "order_class": "oto", "stop_loss": {"stop_price": plain(terms.stop_loss)}}


def differences(terms: OrderTerms, placed: Order) -> tuple[str, ...]:
    """The names of what the broker's order says otherwise than these terms; none when it is the order they ask for.

    Its stop is another order, and is not looked at.
    """
    asked = {
        "client_order_id": terms.client_order_id,
        "symbol": terms.symbol,
        "side": terms.side,
        "qty": terms.qty,
        "type": terms.type,
        "time_in_force": _time_in_force(terms),
        "limit_price": terms.limit_price,
        "stop_price": terms.stop_price,
    }
    return tuple(name for name, value in asked.items() if getattr(placed, name) != value)


def answer_differences(terms: OrderTerms, row: Row) -> tuple[str, ...]:
    """The same for Alpaca's answer to the terms, its stop included.

    Raises:
        Unreadable: the answer shows no order.
    """
    return differences(terms, order(row)) + (("stop_loss",) if _stop_differs(terms, row) else ())


def _stop_differs(terms: OrderTerms, row: Row) -> bool:
    """True when other exits are shown than the stop that was asked for. Silence about exits is no difference."""
    stops = [_stop_price(leg) for leg in row.get("legs") or ()]
    if terms.stop_loss is None:
        return bool(stops)
    return row.get("order_class") in _ALONE or (bool(stops) and terms.stop_loss not in stops)


def _stop_price(leg: Any) -> Decimal | None:
    try:
        return order(leg).stop_price
    except (Unreadable, AttributeError):
        return None


def _time_in_force(terms: OrderTerms) -> TimeInForce:
    outlives_the_day = terms.stop_loss is not None and terms.type is OrderType.MARKET
    return TimeInForce.GTC if outlives_the_day else terms.time_in_force
