"""Totals of a book that limits are held against: gross, net, sectors, heat, margin and tail, with what is coming."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from perun.tools.domain.money import ZERO
from perun.tools.domain.orders import Order, OrderStatus, Side
from perun.tools.domain.portfolio import Portfolio, Position
from perun.tools.risk.statistics import Returns, Tail, tail

MARGIN: Final = Decimal("0.30")
"""What Alpaca asks to be kept of a position's value."""
SHORT_MARGIN: Final = Decimal(5)
"""US dollars that are kept for a share sold short, if that is more than 30%."""

Priced = tuple[Order, Decimal]
"""A working order that may open or enlarge a position, with its dollars at the highest known price."""


@dataclass(frozen=True)
class Totals:
    """What is held and on its way, in US dollars. Nothing that works against a position is counted as done."""

    sector_of: Mapping[str, str]
    returns: Returns
    exposure: dict[str, Decimal]
    """By symbol, never negative: positions, working entries, entries in doubt, reservations."""
    gross: Decimal
    purchases: Decimal
    """What working purchases, entries in doubt and reservations will take from cash."""
    net: Decimal
    """Long positions less short ones, once every purchase is filled and no sale is."""
    sectors: dict[str, Decimal]
    """By sector; what has no known sector stands under an empty name."""
    heat: Decimal
    """What would be lost if every working stop were reached; what has none is lost altogether."""
    maintenance: Decimal
    """Margin to be kept: what the broker asks for positions, or Alpaca's rule; and for what is on its way."""
    tail: Tail
    """What the book would have lost on each of the last sessions."""
    stakes: dict[str, int]
    """By symbol: one for a position, and one for each entry on its way."""
    reserved: Decimal = ZERO
    """What the batch reserved of all this."""

    def joined(self, symbol: str, notional: Decimal, at_risk: Decimal | None) -> "Totals":
        """The totals once an entry that was cleared a moment ago stands in them; one without a stop risks all of it."""
        sector = self.sector_of.get(symbol, "")
        return replace(
            self,
            exposure={**self.exposure, symbol: self.exposure.get(symbol, ZERO) + notional},
            gross=self.gross + notional,
            purchases=self.purchases + notional,
            net=self.net + notional,
            sectors={**self.sectors, sector: self.sectors.get(sector, ZERO) + notional},
            heat=self.heat + (notional if at_risk is None else at_risk),
            maintenance=self.maintenance + MARGIN * notional,
            tail=self.tail.joined(notional, self.returns.moves(symbol)),
            stakes={**self.stakes, symbol: self.stakes.get(symbol, 0) + 1},
            reserved=self.reserved + notional,
        )


def add_up(
    portfolio: Portfolio,
    entries: Sequence[Priced],
    doubted: Sequence[tuple[str, Decimal]],
    sector_of: Mapping[str, str],
    returns: Returns,
) -> Totals:
    """The totals before a batch.

    Args:
        portfolio: positions and working orders.
        entries: those orders that may open or enlarge a position.
        doubted: symbol and dollars of entries in doubt.
        sector_of: sector by symbol, as far as it is known.
        returns: of the last sessions.
    """
    coming = [*((order.symbol, dollars) for order, dollars in entries), *doubted]
    exposure = _by_name([*((each.symbol, abs(each.market_value)) for each in portfolio.positions), *coming])
    doubts = sum((dollars for _, dollars in doubted), ZERO)
    purchases = sum((dollars for order, dollars in entries if order.side is Side.BUY), doubts)
    held = {position.symbol for position in portfolio.positions if position.qty}
    return Totals(
        sector_of=sector_of,
        returns=returns,
        exposure=exposure,
        gross=sum(exposure.values(), ZERO),
        purchases=purchases,
        net=sum((position.market_value for position in portfolio.positions), purchases),
        sectors=_by_name([(sector_of.get(symbol, ""), dollars) for symbol, dollars in exposure.items()]),
        heat=sum(_losses_to_stops(portfolio, entries), doubts),
        maintenance=_maintenance(portfolio) + MARGIN * sum((dollars for _, dollars in coming), ZERO),
        tail=tail(exposure.items(), returns),
        stakes=Counter([*held, *(symbol for symbol, _ in coming)]),
    )


def _by_name(lines: Sequence[tuple[str, Decimal]]) -> dict[str, Decimal]:
    dollars: dict[str, Decimal] = {}
    for name, value in lines:
        dollars[name] = dollars.get(name, ZERO) + value
    return dollars


def _losses_to_stops(portfolio: Portfolio, entries: Sequence[Priced]) -> Iterator[Decimal]:
    """Dollars that each position and each working entry would lose."""
    stops = [order for order in portfolio.working_orders if order.is_protective and order.stop_price]
    working = _working_stops(stops)
    for position in portfolio.positions:
        yield abs(position.market_value) - _saved(position, working.get(position.symbol, []))
    waiting = {order.parent: order.stop_price or ZERO for order in stops if order.status is OrderStatus.HELD}
    for order, dollars in entries:
        yield max(ZERO, dollars - order.open_qty * waiting.get(order.client_order_id, ZERO))


def _working_stops(stops: Sequence[Order]) -> dict[str, list[tuple[Decimal, Decimal]]]:
    """Shares and price of working stops by symbol, the highest first; one that waits for its entry guards nothing."""
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for order in sorted(stops, key=lambda order: order.stop_price or ZERO, reverse=True):
        if order.status is not OrderStatus.HELD:
            found.setdefault(order.symbol, []).append((order.open_qty, order.stop_price or ZERO))
    return found


def _saved(position: Position, stops: list[tuple[Decimal, Decimal]]) -> Decimal:
    """Dollars of a long position that its stops would bring in, the lowest counted first and each share once."""
    bare, saved = position.qty, ZERO
    while stops and bare > 0:
        shares, price = stops.pop()
        guarded = min(bare, max(ZERO, shares))
        saved += min(guarded * price, position.market_value * guarded / position.qty)
        bare -= guarded
        if shares > guarded:
            stops.append((shares - guarded, price))
    return saved


def _maintenance(portfolio: Portfolio) -> Decimal:
    """What the broker asks to be kept for positions; by Alpaca's rule when it does not say."""
    told = portfolio.account.maintenance_margin
    return sum(map(_kept, portfolio.positions), ZERO) if told is None else told


def _kept(position: Position) -> Decimal:
    """What is kept for one position; for a short one at least five dollars a share."""
    return max(MARGIN * abs(position.market_value), SHORT_MARGIN * -position.qty)
