"""The books: cash, holdings and working orders of one account, and how fills and endings change them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from perun.tools.brokerage.embedded.holdings import Holding, after
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import ZERO, Amount
from perun.tools.domain.orders import Fill, Order, OrderClass, OrderStatus, OrderType, Side, TimeInForce

_MICRO: Final = Decimal("0.000001")
_WAITED_FOR_STOP: Final = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP}


class Standing(Frozen):
    """Where the account stands: its cash, and the session at whose close its clock stands."""

    account_id: str
    day: date
    cash: Amount
    last_equity: Amount
    """Equity at the close of the session before `day`."""
    suspended: bool = False
    """True while the account's owner lets the exchange refuse every new order."""


@dataclass(frozen=True)
class Books:
    """Everything that one moment of the exchange reads and changes. `orders` are by client id, oldest first."""

    standing: Standing
    holdings: Mapping[str, Holding]
    orders: Mapping[str, Order]

    def held(self, symbol: str) -> Decimal:
        """Shares of `symbol`; zero when there are none."""
        holding = self.holdings.get(symbol)
        return holding.qty if holding else ZERO

    def available(self, symbol: str) -> Decimal:
        """Shares of `symbol` that no working sell order holds.

        A held exit holds none before it wakes, and two exits of which only one can trade hold the same shares.
        """
        holds: dict[str, Decimal] = {}
        for order in self.orders.values():
            if order.symbol == symbol and order.side is Side.SELL and order.status is not OrderStatus.HELD:
                group = _group(order)
                holds[group] = max(holds.get(group, ZERO), order.open_qty)
        return self.held(symbol) - sum(holds.values(), ZERO)

    def group(self, order: Order) -> tuple[Order, ...]:
        """The other working orders that came in one ticket with this one: its entry, its exits."""
        return tuple(
            other
            for other in self.orders.values()
            if _group(other) == _group(order)
            and other.client_order_id != order.client_order_id
            and not other.status.is_terminal
        )

    def with_orders(self, *orders: Order) -> "Books":
        """These orders added, or put in the place of those with the same client id."""
        return replace(self, orders={**self.orders, **{order.client_order_id: order for order in orders}})

    def without(self, *orders: Order) -> "Books":
        """As if these orders were not there."""
        gone = {order.client_order_id for order in orders}
        return replace(self, orders={name: order for name, order in self.orders.items() if name not in gone})

    def booked(self, fill: Fill) -> "Books":
        """The fill entered: cash and shares moved, its order filled by so much, and its group put right."""
        order = _filled(self.orders[fill.client_order_id], fill)
        cash = self.standing.cash + fill.cash_flow
        booked = replace(
            self.with_orders(order),
            standing=self.standing.model_copy(update={"cash": cash}),
            holdings=after(self.holdings, fill),
        )
        return booked.with_orders(*(_put_right(other, order, fill) for other in booked.group(order)))

    def ended(self, order: Order, status: OrderStatus, reason: str, at: datetime) -> "Books":
        """The order ended without a fill, and the exits that waited for it cancelled."""
        ended = order.model_copy(update={"status": status, "reason": reason, "updated_at": at})
        why = {"status": OrderStatus.CANCELED, "reason": f"its entry is {status}", "updated_at": at}
        waited = (other for other in self.group(order) if other.parent == order.client_order_id)
        orphans = [other.model_copy(update=why) for other in waited if other.status is OrderStatus.HELD]
        return self.with_orders(ended, *orphans)

    def cancelled(self, order: Order, at: datetime) -> "Books":
        """The order cancelled by request, and with it all that came in one ticket with it."""
        why = {"status": OrderStatus.CANCELED, "reason": "cancelled by request", "updated_at": at}
        return self.with_orders(*(each.model_copy(update=why) for each in (order, *self.group(order))))

    def closed(self, at: datetime) -> "Books":
        """The session over: day orders that still work expire, accepted ones stand on the book as new."""
        books = self
        for name in self.orders:
            order = books.orders[name]
            if order.status.is_terminal or order.status is OrderStatus.HELD:
                continue
            if order.time_in_force is TimeInForce.DAY:
                books = books.ended(order, OrderStatus.EXPIRED, "the session ended", at)
            elif order.status is OrderStatus.ACCEPTED:
                books = books.with_orders(order.model_copy(update={"status": OrderStatus.NEW, "updated_at": at}))
        return books

    def lapsed(self, at: datetime) -> "Books":
        """GTC orders whose time is over expired, at the instant at which it was over."""
        books = self
        for name in self.orders:
            order = books.orders[name]
            if not order.status.is_terminal and order.expires_at is not None and order.expires_at <= at:
                books = books.ended(order, OrderStatus.EXPIRED, "its 90 days are over", order.expires_at)
        return books

    def at(self, day: date, last_equity: Decimal) -> "Books":
        """The clock moved to the close of `day`; `last_equity` is what they were worth where it stood before."""
        return replace(self, standing=self.standing.model_copy(update={"day": day, "last_equity": last_equity}))

    def with_suspension(self, suspended: bool) -> "Books":
        """New orders refused from now on, or taken again."""
        return replace(self, standing=self.standing.model_copy(update={"suspended": suspended}))


def _group(order: Order) -> str:
    return order.parent or order.client_order_id


def _filled(order: Order, fill: Fill) -> Order:
    qty = order.filled_qty + fill.qty
    paid = order.filled_qty * (order.filled_avg_price or ZERO) + fill.qty * fill.price
    changes = {
        "status": OrderStatus.FILLED if qty == order.qty else OrderStatus.PARTIALLY_FILLED,
        "filled_qty": qty,
        "filled_avg_price": fill.price if fill.qty == qty else (paid / qty).quantize(_MICRO, ROUND_HALF_EVEN),
        "triggered": order.type in _WAITED_FOR_STOP,
        "updated_at": fill.at,
    }
    return order.model_copy(update=changes)


def _put_right(other: Order, filled: Order, fill: Fill) -> Order:
    """Another order of the group after a fill: exits wake when their entry is filled, and one exit ends the other."""
    is_exit = filled.parent is not None or filled.order_class is OrderClass.OCO
    done = filled.status is OrderStatus.FILLED
    if not is_exit:
        return other.model_copy(update={"status": OrderStatus.NEW, "updated_at": fill.at}) if done else other
    if done:
        why = {"status": OrderStatus.CANCELED, "reason": "the other exit is filled", "updated_at": fill.at}
        return other.model_copy(update=why)
    return other.model_copy(update={"qty": other.qty - fill.qty, "updated_at": fill.at})
