"""The orders that cleared terms become: the order itself, and the protective stop that waits for its fill."""

from datetime import datetime
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from perun.tools.domain.orders import Order, OrderStatus, OrderTerms, OrderType, Side, TimeInForce

_STOP_SUFFIX: Final = "-stop"


def tickets(terms: OrderTerms, account_id: str, at: datetime) -> tuple[Order, ...]:
    """The order, and with a `stop_loss` its child `<client id>-stop`, which is held until the entry is filled."""
    entry = Order(
        client_order_id=terms.client_order_id,
        broker_order_id=_broker_id(account_id, terms.client_order_id),
        symbol=terms.symbol,
        side=terms.side,
        qty=terms.qty,
        type=terms.type,
        time_in_force=terms.time_in_force,
        status=OrderStatus.ACCEPTED,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        submitted_at=at,
    )
    if terms.stop_loss is None:
        return (entry,)
    child_id = terms.client_order_id + _STOP_SUFFIX
    child = entry.model_copy(
        update={
            "client_order_id": child_id,
            "broker_order_id": _broker_id(account_id, child_id),
            "side": Side.SELL,
            "type": OrderType.STOP,
            "time_in_force": TimeInForce.GTC,
            "status": OrderStatus.HELD,
            "limit_price": None,
            "stop_price": terms.stop_loss,
            "parent": terms.client_order_id,
        }
    )
    return entry, child


def _broker_id(account_id: str, client_order_id: str) -> str:
    """A UUID, as Alpaca's ids are; derived, so that the same submissions give the same books."""
    return str(uuid5(NAMESPACE_OID, f"{account_id}/{client_order_id}"))
