"""The orders that a ticket becomes: the order itself, and the exits that wait for its fill or work beside it."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from perun.tools.brokerage.embedded.matching import trailing_stop
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.domain.market import EXCHANGE_TIME
from perun.tools.domain.orders import Order, OrderClass, OrderStatus, OrderType, TimeInForce

STOP_SUFFIX: Final = "-stop"
TARGET_SUFFIX: Final = "-target"

_GTC_DAYS: Final = timedelta(days=90)
_GTC_ENDS: Final = time(16, 15, tzinfo=EXCHANGE_TIME)


def draft(ticket: Ticket, account_id: str, at: datetime, last: Decimal) -> tuple[Order, ...]:
    """The order and its exits `<client id>-stop` and `<client id>-target`; `last` is the symbol's last close.

    Exits of an entry are held until the entry is filled. Two exits without an entry (one cancels the other) work at
    once: the target is the order itself, the stop stands beside it.
    """
    order = _order(ticket, account_id, at, last)
    return order, *_exits(ticket, order, account_id)


def broker_id(account_id: str, client_order_id: str) -> str:
    """A UUID, as Alpaca's ids are; derived, so that the same submissions give the same books."""
    return str(uuid5(NAMESPACE_OID, f"{account_id}/{client_order_id}"))


def expiry(time_in_force: TimeInForce, at: datetime) -> datetime | None:
    """When a GTC order of that instant is cancelled by the broker: 90 days on, at 16:15 in New York."""
    if time_in_force is not TimeInForce.GTC:
        return None
    return datetime.combine(at.astimezone(_GTC_ENDS.tzinfo).date() + _GTC_DAYS, _GTC_ENDS).astimezone(at.tzinfo)


def _order(ticket: Ticket, account_id: str, at: datetime, last: Decimal) -> Order:
    trails = ticket.type is OrderType.TRAILING_STOP
    oco = ticket.order_class is OrderClass.OCO
    order = Order(
        client_order_id=ticket.client_order_id,
        broker_order_id=broker_id(account_id, ticket.client_order_id),
        symbol=ticket.symbol,
        side=ticket.side,
        qty=ticket.qty,
        type=ticket.type,
        time_in_force=ticket.time_in_force,
        status=OrderStatus.ACCEPTED,
        limit_price=ticket.take_profit if oco else ticket.limit_price,
        stop_price=ticket.stop_price,
        submitted_at=at,
        order_class=ticket.order_class,
        updated_at=at,
        expires_at=expiry(ticket.time_in_force, at),
        trail_price=ticket.trail_price,
        trail_percent=ticket.trail_percent,
        high_water=last if trails else None,
    )
    return order.model_copy(update={"stop_price": trailing_stop(order, last)}) if trails else order


def _exits(ticket: Ticket, order: Order, account_id: str) -> list[Order]:
    oco = ticket.order_class is OrderClass.OCO
    in_force = ticket.exits_in_force or ticket.time_in_force
    exit_ = order.model_copy(
        update={
            "side": ticket.side if oco else ticket.side.opposite,
            "time_in_force": in_force,
            "expires_at": expiry(in_force, order.submitted_at),
            "status": order.status if oco else OrderStatus.HELD,
            "parent": order.client_order_id,
            "limit_price": None,
            "stop_price": None,
        }
    )
    exits = []
    if ticket.stop_loss is not None:
        kind = OrderType.STOP_LIMIT if ticket.stop_loss.limit_price else OrderType.STOP
        prices = {"stop_price": ticket.stop_loss.stop_price, "limit_price": ticket.stop_loss.limit_price}
        exits.append(_named(exit_, STOP_SUFFIX, account_id, type=kind, **prices))
    if ticket.take_profit is not None and not oco:
        target = {"type": OrderType.LIMIT, "limit_price": ticket.take_profit}
        exits.append(_named(exit_, TARGET_SUFFIX, account_id, **target))
    return exits


def _named(exit_: Order, suffix: str, account_id: str, **changes: object) -> Order:
    name = f"{exit_.parent}{suffix}"
    return exit_.model_copy(update={"client_order_id": name, "broker_order_id": broker_id(account_id, name), **changes})
