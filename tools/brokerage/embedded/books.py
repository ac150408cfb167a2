"""The books: cash, holdings and working orders of one account, and how fills and endings change them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.money import ZERO, Amount, Quantity
from perun.tools.domain.orders import Fill, Order, OrderStatus, Side, TimeInForce

_MICRO: Final = Decimal("0.000001")


class Standing(Frozen):
    """Where the account stands: its cash, and the session at whose close its clock stands."""

    account_id: str
    day: date
    cash: Amount
    last_equity: Amount
    """Equity at the close of the session before `day`."""


class Holding(Frozen):
    """Shares of one symbol; there is no holding of zero."""

    qty: Quantity
    avg_entry_price: Amount
    """US dollars a share, commission aside, to six decimals."""


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
        """Shares of `symbol` that no working sell order holds. A held child holds none before it wakes."""
        selling = (o for o in self.orders.values() if o.symbol == symbol and o.side is Side.SELL)
        return self.held(symbol) - sum((o.open_qty for o in selling if o.status is not OrderStatus.HELD), ZERO)

    def with_orders(self, *orders: Order) -> "Books":
        """These orders added, or put in the place of those with the same client id."""
        return replace(self, orders={**self.orders, **{order.client_order_id: order for order in orders}})

    def booked(self, fill: Fill) -> "Books":
        """The fill entered: cash and shares moved, its order filled, and the stop that waited for it awake."""
        order = self.orders[fill.client_order_id]
        filled = order.model_copy(
            update={"status": OrderStatus.FILLED, "filled_qty": fill.qty, "filled_avg_price": fill.price}
        )
        awake = [child.model_copy(update={"status": OrderStatus.NEW}) for child in self._held_children(order)]
        cash = self.standing.cash + fill.cash_flow
        return replace(
            self.with_orders(filled, *awake),
            standing=self.standing.model_copy(update={"cash": cash}),
            holdings=_after(self.holdings, fill),
        )

    def ended(self, order: Order, status: OrderStatus, reason: str) -> "Books":
        """The order ended without a fill, and the child that waited for it cancelled."""
        ended = order.model_copy(update={"status": status, "reason": reason})
        orphans = [
            child.model_copy(update={"status": OrderStatus.CANCELED, "reason": f"its entry is {status}"})
            for child in self._held_children(order)
        ]
        return self.with_orders(ended, *orphans)

    def closed(self) -> "Books":
        """The session over: day orders that still work expire, accepted ones stand on the book as new."""
        books = self
        for order in self.orders.values():
            if order.status.is_terminal or order.status is OrderStatus.HELD:
                continue
            if order.time_in_force is TimeInForce.DAY:
                books = books.ended(order, OrderStatus.EXPIRED, "the session ended")
            elif order.status is OrderStatus.ACCEPTED:
                books = books.with_orders(order.model_copy(update={"status": OrderStatus.NEW}))
        return books

    def at(self, day: date, last_equity: Decimal) -> "Books":
        """The clock moved to the close of `day`; `last_equity` is what they were worth where it stood before."""
        return replace(self, standing=self.standing.model_copy(update={"day": day, "last_equity": last_equity}))

    def _held_children(self, entry: Order) -> list[Order]:
        return [
            order
            for order in self.orders.values()
            if order.parent == entry.client_order_id and order.status is OrderStatus.HELD
        ]


def _after(holdings: Mapping[str, Holding], fill: Fill) -> dict[str, Holding]:
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
