"""What the exchange refuses when it holds a ticket against the books and the last close, as Alpaca does."""

from datetime import date
from decimal import Decimal

from perun.tools.brokerage.embedded.books import Books
from perun.tools.brokerage.embedded.refusing import FORBIDDEN, INVALID, reject
from perun.tools.brokerage.embedded.tape import Closes
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.brokerage.embedded.valuation import buying_power, set_aside
from perun.tools.domain.errors import UnknownSymbol
from perun.tools.domain.money import CENT, ZERO, plain
from perun.tools.domain.orders import Order, OrderClass, OrderType, Side

Halts = frozenset[tuple[str, date]]
"""Symbols that do not trade on a day: no fills, no new buys."""

_STOP_TYPES = {OrderType.STOP, OrderType.STOP_LIMIT}
_EXEMPT = {OrderClass.BRACKET, OrderClass.OCO}


def check(ticket: Ticket, books: Books, closes: Closes, halts: Halts = frozenset()) -> None:
    """Let a ticket of good form pass, or refuse it with the first rule that it breaks. The books hold open orders only.

    Raises:
        Refused: a rule is broken; the books are as they were.
    """
    if books.standing.suspended:
        reject(FORBIDDEN, "new orders are rejected: trading is suspended by the user")
    last = last_close(ticket.symbol, closes)
    if ticket.side is Side.BUY and (ticket.symbol, books.standing.day) in halts:
        reject(INVALID, f"asset {ticket.symbol} is not tradable: trading is halted")
    check_stop_side(ticket, last)
    _check_exits(ticket, last)
    check_wash_trade(ticket, books)
    check_means(ticket, books, closes)


def check_means(ticket: Ticket, books: Books, closes: Closes) -> None:
    """A buy needs buying power, a sell needs shares that nothing else holds.

    Raises:
        Refused: there is not enough.
    """
    if ticket.side is Side.BUY:
        _check_buying_power(ticket, books, closes)
    else:
        _check_shares(ticket, books)


def check_stop_side(ticket: Ticket, last: Decimal) -> None:
    """A stop waits on the far side of the market: above it for a buy, below it for a sell.

    Raises:
        Refused: the last close is beyond the stop already.
    """
    stop = ticket.stop_price
    if ticket.type not in _STOP_TYPES or stop is None:
        return
    if stop <= last if ticket.side is Side.BUY else stop >= last:
        side = "above" if ticket.side is Side.BUY else "below"
        reject(
            INVALID,
            f"stop price must be {side} the market price",
            market_price=plain(last),
            stop_price=plain(stop),
        )


def last_close(symbol: str, closes: Closes) -> Decimal:
    """The symbol's last close.

    Raises:
        Refused: the market does not hold the symbol yet.
    """
    try:
        return closes(symbol)
    except UnknownSymbol:
        reject(INVALID, f"asset {symbol} not found")


def _check_exits(ticket: Ticket, last: Decimal) -> None:
    """Exits lie a cent or more from the base: the last close, or an entry's limit where that is nearer to them."""
    limit = ticket.limit_price if ticket.order_class is not OrderClass.OCO else None
    if ticket.stop_loss is not None:
        stop, base = ticket.stop_loss.stop_price, min(last, limit or last)
        if stop > base - CENT:
            reject(INVALID, f"stop_loss {plain(stop)} must be <= base_price - 0.01 (base_price {plain(base)})")
    if ticket.take_profit is not None:
        target, base = ticket.take_profit, max(last, limit or last)
        if target < base + CENT:
            reject(INVALID, f"take_profit {plain(target)} must be >= base_price + 0.01 (base_price {plain(base)})")


def check_wash_trade(ticket: Ticket, books: Books) -> None:
    """A simple order must not meet a resting one of ours on the other side.

    An order that carries its exits is complex, and an exit is its child: both are exempt, and so is a trailing stop.

    Raises:
        Refused: the two could trade with each other.
    """
    if ticket.order_class is not OrderClass.SIMPLE or ticket.type is OrderType.TRAILING_STOP:
        return
    for order in books.orders.values():
        opposite = order.symbol == ticket.symbol and order.side is not ticket.side
        if opposite and not _is_exempt(order) and _would_meet(ticket, order):
            reject(
                FORBIDDEN,
                f"potential wash trade detected: opposite side {order.type} order {order.client_order_id} exists",
                reject_reason=f"opposite side {order.type} order exists",
                existing_order_id=order.broker_order_id,
            )


def _is_exempt(order: Order) -> bool:
    return order.parent is not None or order.order_class in _EXEMPT or order.type is OrderType.TRAILING_STOP


def _would_meet(ticket: Ticket, order: Order) -> bool:
    """Two limits meet when the buyer pays what the seller asks; any other pair may always meet."""
    if ticket.limit_price is None or order.limit_price is None:
        return True
    crossing = ticket.limit_price - order.limit_price
    return crossing >= 0 if ticket.side is Side.BUY else crossing <= 0


def _check_buying_power(ticket: Ticket, books: Books, closes: Closes) -> None:
    needed, power = set_aside(ticket, ticket.qty, closes(ticket.symbol)), buying_power(books, closes)
    if needed > power:
        reject(
            FORBIDDEN,
            f"insufficient buying power (requested: {plain(needed)}, available: {plain(power)})",
            buying_power=plain(power),
            cost_basis=plain(needed),
        )


def _check_shares(ticket: Ticket, books: Books) -> None:
    available, held = books.available(ticket.symbol), books.held(ticket.symbol)
    if ticket.qty > available:
        reject(
            FORBIDDEN,
            f"insufficient qty available for order (requested: {plain(ticket.qty)}, available: {plain(available)})",
            symbol=ticket.symbol,
            existing_qty=plain(held),
            available=plain(available),
            held_for_orders=plain(max(ZERO, held - available)),
        )
