"""An order replaced by one with other terms: which may be, what takes its place, and what becomes of its group."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from perun.tools.brokerage.embedded.books import Books
from perun.tools.brokerage.embedded.drafting import broker_id, expiry
from perun.tools.brokerage.embedded.form import check_form
from perun.tools.brokerage.embedded.matching import trailing_stop
from perun.tools.brokerage.embedded.refusing import INVALID, MALFORMED, reject
from perun.tools.brokerage.embedded.rules import check_means, check_stop_side, check_wash_trade, last_close
from perun.tools.brokerage.embedded.tape import Closes
from perun.tools.brokerage.embedded.ticket import ClientName, Ticket
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import Price, Quantity, plain
from perun.tools.domain.orders import Order, OrderClass, OrderStatus, OrderType, TimeInForce

_REPLACEABLE: Final = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.HELD}


class Change(Frozen):
    """What a client wants otherwise; None leaves it as it is."""

    client_order_id: ClientName
    qty: Quantity | None = None
    """Shares in all, those that were filled already among them."""
    time_in_force: TimeInForce | None = None
    limit_price: Price | None = None
    stop_price: Price | None = None
    trail: Price | None = None
    """Of a trailing stop: dollars or hundredths, as the order has it."""


def replacement(order: Order, change: Change, books: Books, closes: Closes, at: datetime) -> Order:
    """The order that takes the place of `order`: new ids, the changed terms, and what is not filled yet.

    Raises:
        Refused: the order cannot be replaced as it stands, or its new terms break a rule.
    """
    if order.status not in _REPLACEABLE:
        reject(INVALID, f"cannot replace order in {order.status} status")
    changes = _changes(order, change)
    if not changes:
        reject(MALFORMED, "at least one of qty, time_in_force, limit_price, stop_price and trail must change")
    if order.type is OrderType.TRAILING_STOP and "stop_price" in changes:
        reject(INVALID, "the stop of a trailing stop follows the market: change its trail")
    new = order.model_copy(
        update={
            **changes,
            "client_order_id": change.client_order_id,
            "broker_order_id": broker_id(books.standing.account_id, change.client_order_id),
            "filled_qty": Decimal(0),
            "filled_avg_price": None,
            "submitted_at": at,
            "updated_at": at,
            "expires_at": expiry(change.time_in_force or order.time_in_force, at),
            "replaces": order.broker_order_id,
        }
    )
    if new.high_water is not None:
        new = new.model_copy(update={"stop_price": trailing_stop(new, new.high_water)})
    if new.qty != order.open_qty and (order.parent is not None or order.order_class is OrderClass.OCO):
        reject(INVALID, "the qty of an exit follows its position: cancel it and place another")
    _check(new, order, books.without(order, *books.group(order)), closes)
    return new


def replaced(books: Books, order: Order, new: Order) -> Books:
    """The books with the new order in the old one's place; exits that waited for the old one wait for the new one."""
    ended = {"status": OrderStatus.REPLACED, "replaced_by": new.broker_order_id, "updated_at": new.updated_at}
    more = new.qty - order.open_qty
    waiting = (other for other in books.group(order) if other.parent == order.client_order_id)
    follow = [other.model_copy(update={"parent": new.client_order_id, "qty": other.qty + more}) for other in waiting]
    return books.with_orders(order.model_copy(update=ended), new, *follow)


def _changes(order: Order, change: Change) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "time_in_force": change.time_in_force,
        "limit_price": change.limit_price,
        "stop_price": change.stop_price,
        "trail_price": change.trail if order.trail_price is not None else None,
        "trail_percent": change.trail if order.trail_percent is not None else None,
    }
    changes = {name: value for name, value in wanted.items() if value is not None and value != getattr(order, name)}
    total = change.qty if change.qty is not None else order.qty
    if total <= order.filled_qty:
        reject(INVALID, f"qty must be > filled_qty ({plain(order.filled_qty)})")
    if total != order.qty:
        changes["qty"] = total
    return {**changes, "qty": total - order.filled_qty} if changes else {}


def _check(new: Order, old: Order, books: Books, closes: Closes) -> None:
    ticket = Ticket(
        client_order_id=new.client_order_id,
        symbol=new.symbol,
        side=new.side,
        qty=new.qty,
        type=new.type,
        time_in_force=new.time_in_force,
        limit_price=new.limit_price,
        stop_price=None if new.type is OrderType.TRAILING_STOP else new.stop_price,
        trail_price=new.trail_price,
        trail_percent=new.trail_percent,
    )
    check_form(ticket)
    if new.stop_price != old.stop_price:
        check_stop_side(ticket, last_close(new.symbol, closes))
    if new.order_class is OrderClass.SIMPLE:
        check_wash_trade(ticket, books)
    if new.status is not OrderStatus.HELD:
        check_means(ticket, books, closes)
