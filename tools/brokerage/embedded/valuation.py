"""What the books are worth at the last closes: equity, positions, the account, and its buying power."""

from decimal import Decimal
from typing import Final

from perun.tools.brokerage.embedded.books import Books
from perun.tools.brokerage.embedded.holdings import Holding
from perun.tools.brokerage.embedded.tape import Closes
from perun.tools.brokerage.embedded.ticket import Ticket
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Order, Side
from perun.tools.domain.portfolio import Account, Position

COLLAR: Final = Decimal("1.04")
"""A buy without a limit may cost more than the last close: this much of it is set aside."""


def equity(books: Books, closes: Closes) -> Decimal:
    """Cash and holdings, in US dollars."""
    return books.standing.cash + sum((h.qty * closes(symbol) for symbol, h in books.holdings.items()), ZERO)


def account(books: Books, closes: Closes) -> Account:
    """The account as the broker reports it."""
    return Account(
        account_id=books.standing.account_id,
        status="ACTIVE",
        cash=books.standing.cash,
        equity=equity(books, closes),
        last_equity=books.standing.last_equity,
        buying_power=buying_power(books, closes),
        trading_blocked=books.standing.suspended,
    )


def positions(books: Books, closes: Closes) -> tuple[Position, ...]:
    """Every holding at its last close, sorted by symbol."""
    return tuple(
        _position(symbol, holding, closes(symbol), books.available(symbol))
        for symbol, holding in sorted(books.holdings.items())
    )


def buying_power(books: Books, closes: Closes) -> Decimal:
    """Cash less what open buys set aside; never below zero. Sells add nothing before they fill."""
    buys = (order for order in books.orders.values() if order.side is Side.BUY)
    held = sum((set_aside(order, order.open_qty, closes(order.symbol)) for order in buys), ZERO)
    return max(ZERO, books.standing.cash - held)


def set_aside(buy: Order | Ticket, qty: Decimal, last: Decimal) -> Decimal:
    """Dollars that a buy holds for `qty` shares while it works, given the last close."""
    if buy.limit_price is not None:
        return qty * buy.limit_price
    return qty * max(last, buy.stop_price or ZERO) * COLLAR


def _position(symbol: str, holding: Holding, price: Decimal, available: Decimal) -> Position:
    value = holding.qty * price
    return Position(
        symbol=symbol,
        qty=holding.qty,
        avg_entry_price=holding.avg_entry_price,
        market_value=value,
        current_price=price,
        unrealized_pl=value - holding.qty * holding.avg_entry_price,
        qty_available=available,
    )
