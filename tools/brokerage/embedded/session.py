"""One session played over the books: what fills at the open, what fills through the day, what expires."""

import hashlib
from collections.abc import Callable
from decimal import Decimal

from perun.tools.brokerage.embedded.books import Books
from perun.tools.brokerage.embedded.costs import commission, fill_price
from perun.tools.brokerage.embedded.matching import Moment, reference_price, watched
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.domain.market import Bar, Session
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill, Order, OrderClass, OrderStatus, OrderType

BarOf = Callable[[str], Bar | None]


def play(books: Books, session: Session, bar_of: BarOf, settings: ExchangeSettings) -> tuple[Books, tuple[Fill, ...]]:
    """The books after the session, and its fills in the order in which they happened.

    The opening comes first, then the day. In each, orders go by the instant of submission and then by client order
    id, so that the same orders always give the same fills; an entry goes before its exits, and targets go last.
    Woken by the entry's fill, a stop may trigger at the same moment, but a target may not: nobody knows whether the
    price came there after the entry. An order has one fill a session: what is left waits for the next. A symbol
    without a bar, or halted, does not trade.
    """
    fills: list[Fill] = []
    filled: set[str] = set()
    books = books.lapsed(session.opens)
    for moment in Moment:
        asleep = {name for name, order in books.orders.items() if order.status is OrderStatus.HELD}
        for name in _queue(books):
            order, bar = books.orders[name], _trading(books.orders[name], session, bar_of, settings)
            if bar is None or name in filled or (name in asleep and order.type is OrderType.LIMIT):
                continue
            fill = _fill(order, session, bar, moment, settings)
            if fill is None:
                books = books.with_orders(watched(order, bar, moment))
            else:
                books = books.booked(fill)
                fills.append(fill)
                filled.add(name)
    return books.closed(session.closes), tuple(fills)


def _queue(books: Books) -> list[str]:
    return [order.client_order_id for order in sorted(books.orders.values(), key=_precedence)]


def _precedence(order: Order) -> tuple[object, ...]:
    is_exit = order.parent is not None or order.order_class is OrderClass.OCO
    is_target = is_exit and order.type is OrderType.LIMIT
    return is_target, order.submitted_at, order.parent or order.client_order_id, is_exit, order.client_order_id


def _trading(order: Order, session: Session, bar_of: BarOf, settings: ExchangeSettings) -> Bar | None:
    """The bar in which the order may trade; None when it is over or asleep, or its symbol does not trade."""
    if order.status.is_terminal or order.status is OrderStatus.HELD or (order.symbol, session.day) in settings.halts:
        return None
    return bar_of(order.symbol)


def _fill(order: Order, session: Session, bar: Bar, moment: Moment, settings: ExchangeSettings) -> Fill | None:
    reference = reference_price(order, bar, moment)
    if reference is None:
        return None
    price = fill_price(order.side, reference, _slippage(order, settings))
    qty = _executed(order, settings.partial_fill_percent)
    return Fill(
        fill_id=f"{order.broker_order_id}:{2 if order.filled_qty else 1}",
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=qty,
        price=price,
        commission=commission(qty, price, settings),
        at=session.opens if moment is Moment.OPEN else session.closes,
    )


def _slippage(order: Order, settings: ExchangeSettings) -> Decimal:
    """An order with a limit never fills worse than its limit, so it pays none."""
    return settings.slippage_bps if order.limit_price is None else ZERO


def _executed(order: Order, percent: int) -> Decimal:
    """Shares of this execution: all that is open, or for some orders, chosen by their id, only a part at first."""
    if order.filled_qty or order.qty < 2:
        return order.open_qty
    seed = int.from_bytes(hashlib.sha256(order.broker_order_id.encode()).digest()[:8], "big")
    if seed % 100 >= percent:
        return order.open_qty
    return 1 + Decimal(seed // 100) % (order.qty - 1)
