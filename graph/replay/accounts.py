"""An account from its fills alone: what it was worth at each close, and the trades that were closed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from perun.tools.domain.market import Session
from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Fill, Side

Closes = Callable[[str, datetime], Decimal]
"""A symbol's last close as known at an instant; US dollars."""


@dataclass(frozen=True)
class Standing:
    """The account at the close of a session; US dollars."""

    day: date
    equity: Decimal
    cash: Decimal
    held: Mapping[str, Decimal]
    """Market value by symbol."""

    @property
    def exposure(self) -> Decimal:
        """What is invested."""
        return sum(self.held.values(), ZERO)


@dataclass(frozen=True)
class Trade:
    """Shares that were bought and sold again; what was bought first is sold first."""

    symbol: str
    entered: datetime
    left: datetime
    qty: Decimal
    entry_price: Decimal
    exit_price: Decimal
    commission: Decimal

    @property
    def profit(self) -> Decimal:
        """US dollars, after commission."""
        return self.qty * (self.exit_price - self.entry_price) - self.commission


def curve(cash: Decimal, fills: Iterable[Fill], days: Sequence[Session], closes: Closes) -> Iterator[Standing]:
    """The account at each close, from its opening cash and its fills."""
    coming = sorted(fills, key=lambda fill: fill.at)
    shares: dict[str, Decimal] = {}
    for session in days:
        while coming and coming[0].at <= session.closes:
            fill = coming.pop(0)
            cash += fill.cash_flow
            shares[fill.symbol] = shares.get(fill.symbol, ZERO) + _signed(fill)
        held = {symbol: qty * closes(symbol, session.closes) for symbol, qty in sorted(shares.items()) if qty}
        yield Standing(session.day, cash + sum(held.values(), ZERO), cash, held)


def trades(fills: Iterable[Fill]) -> Iterator[Trade]:
    """Every sale matched with the purchases it closed, in the order of the sales."""
    lots: dict[str, list[_Lot]] = {}
    for fill in sorted(fills, key=lambda each: each.at):
        queue = lots.setdefault(fill.symbol, [])
        if fill.side is Side.BUY:
            queue.append(_Lot(fill, fill.qty))
            continue
        left = fill.qty
        while left and queue:
            qty = min(left, queue[0].left)
            yield _closed(queue[0].fill, fill, qty)
            left, queue[0].left = left - qty, queue[0].left - qty
            if not queue[0].left:
                queue.pop(0)


@dataclass
class _Lot:
    """Shares of one purchase that are still held."""

    fill: Fill
    left: Decimal = field(default=ZERO)


def _closed(bought: Fill, sold: Fill, qty: Decimal) -> Trade:
    share = bought.commission * qty / bought.qty + sold.commission * qty / sold.qty
    return Trade(sold.symbol, bought.at, sold.at, qty, bought.price, sold.price, share)


def _signed(fill: Fill) -> Decimal:
    return fill.qty if fill.side is Side.BUY else -fill.qty
