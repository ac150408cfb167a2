"""One session played over the books: what fills at the open, what fills through the day, what expires."""

from collections.abc import Callable
from decimal import Decimal

from perun.tools.brokerage.embedded.books import Books
from perun.tools.brokerage.embedded.costs import commission, fill_price
from perun.tools.brokerage.embedded.matching import Moment, reference_price
from perun.tools.brokerage.embedded.settings import ExchangeSettings
from perun.tools.domain.market import Bar, Session
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill, Order, OrderStatus, OrderType

BarOf = Callable[[str], Bar | None]


def play(books: Books, session: Session, bar_of: BarOf, settings: ExchangeSettings) -> tuple[Books, tuple[Fill, ...]]:
    """The books after the session, and its fills in the order in which they happened.

    The opening comes first, then the day. In each, orders go by the instant of submission and then by client order
    id, so that the same orders always give the same fills. A protective stop sorts right behind its entry
    (`x`, `x-stop`): woken by the entry's fill, it may trigger at the same moment. A symbol without a bar does not
    trade.
    """
    fills: list[Fill] = []
    for moment in Moment:
        for client_order_id in _queue(books):
            fill = _fill(books.orders[client_order_id], session, bar_of, moment, settings)
            if fill is not None:
                books = books.booked(fill)
                fills.append(fill)
    return books.closed(), tuple(fills)


def _queue(books: Books) -> list[str]:
    first_come = sorted(books.orders.values(), key=lambda order: (order.submitted_at, order.client_order_id))
    return [order.client_order_id for order in first_come]


def _fill(order: Order, session: Session, bar_of: BarOf, moment: Moment, settings: ExchangeSettings) -> Fill | None:
    if order.status.is_terminal or order.status is OrderStatus.HELD:
        return None
    bar = bar_of(order.symbol)
    reference = reference_price(order, bar, moment) if bar else None
    if reference is None:
        return None
    price = fill_price(order.side, reference, _slippage(order, settings))
    return Fill(
        fill_id=f"{order.broker_order_id}:1",
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        qty=order.open_qty,
        price=price,
        commission=commission(order.open_qty, price, settings),
        at=session.opens if moment is Moment.OPEN else session.closes,
    )


def _slippage(order: Order, settings: ExchangeSettings) -> Decimal:
    """A limit order never fills worse than its limit, so it pays none."""
    return ZERO if order.type is OrderType.LIMIT else settings.slippage_bps
