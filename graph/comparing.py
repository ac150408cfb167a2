"""What the broker holds that our fills do not explain: booked when two looks in a row agree on it.

A broker has no one moment at which positions, cash and fills can be read together: an order that fills between two
requests is in the one answer and not yet in the other. A difference seen once is therefore news that has not come yet,
until the same difference is seen with all news noted in between.
"""

from decimal import Decimal
from typing import Final

from perun.graph.bookkeeping import keep_books
from perun.graph.ledger.adjustments import CASH
from perun.graph.submission import OrderDesk
from perun.tools.domain.events import DifferenceBooked
from perun.tools.domain.money import ZERO, cents, plain
from perun.tools.domain.portfolio import Portfolio

LOOKS: Final = 5
"""An account that moves under so many looks is compared at the next reconciliation."""


def compare(desk: OrderDesk) -> tuple[Portfolio, list[str]]:
    """Book what positions and cash have beyond our fills; the broker is right.

    Returns:
        The portfolio as it was read last, and a line for each difference that was booked.

    Raises:
        BrokerUnavailable: the broker cannot be read.
        Halted: news held an order of ours of which the ledger knows nothing.
    """
    portfolio, seen = _look(desk)
    for _ in range(LOOKS - 1):
        if not seen:
            break
        keep_books(desk.book, desk.ledger, desk.account, desk.recorder, desk.clock.now())
        before = seen
        portfolio, seen = _look(desk)
        if seen == before:
            return portfolio, [_book(symbol, amount, desk) for symbol, amount in seen.items()]
    return portfolio, []


def _look(desk: OrderDesk) -> tuple[Portfolio, dict[str, Decimal]]:
    """The broker's portfolio, and by symbol (or CASH) what it has and the ledger does not explain."""
    portfolio, ours = desk.book.portfolio(), desk.ledger.books.tally(desk.account)
    explained, cash = dict(ours.shares), ours.cash
    for each in desk.ledger.adjustments.all(desk.account):
        if each.symbol == CASH:
            cash += each.amount
        else:
            explained[each.symbol] = explained.get(each.symbol, ZERO) + each.amount
    theirs = {position.symbol: position.qty for position in portfolio.positions}
    found = {
        symbol: theirs.get(symbol, ZERO) - explained.get(symbol, ZERO)
        for symbol in sorted(explained.keys() | theirs.keys())
    }
    # To the cent: brokers round what they charge, and a fraction of a cent is nobody's deposit.
    found[CASH] = cents(portfolio.account.cash - cash)
    return portfolio, {symbol: amount for symbol, amount in found.items() if amount}


def _book(symbol: str, difference: Decimal, desk: OrderDesk) -> str:
    first = symbol == CASH and not any(each.symbol == CASH for each in desk.ledger.adjustments.all(desk.account))
    reason = "opening balance" if first else "EXTERNAL: the broker has it and our fills do not explain it"
    desk.ledger.adjustments.book(desk.account, symbol, difference, reason, desk.clock.now())
    desk.recorder.record(DifferenceBooked(symbol=symbol, amount=difference, reason=reason))
    return f"{symbol or 'cash'} {plain(difference)}: {reason}"
