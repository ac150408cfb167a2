"""What is known when an order is judged: complete, or a list of what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pydantic import Field

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import MarketClock, Quote, Symbol
from perun.tools.domain.money import CENT, ZERO, Amount
from perun.tools.domain.orders import Order, OrderStatus, Side
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.standing import Standing
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, holds, missing


class Reservation(Frozen):
    """An entry cleared a moment ago in the same batch: it counts as if it were filled at its worst price."""

    symbol: Symbol
    notional: Amount


class Situation(Frozen):
    """Portfolio, clock and prices at one moment. A symbol without a quote or volatility is simply not in the maps."""

    portfolio: Portfolio
    clock: MarketClock
    quotes: dict[Symbol, Quote]
    atr: dict[Symbol, Amount]
    """Average true range, US dollars a share."""
    standing: Standing
    """Trading state, and orders in doubt; each of those counts in exposure and buying power as if it stood."""
    reserved: tuple[Reservation, ...] = ()
    leaving: dict[Symbol, Amount] = Field(default_factory=dict)
    """Shares that exits cleared a moment ago in the same batch will sell."""

    def sellable(self, symbol: str) -> Decimal:
        """Shares that nothing else is selling yet; a protective stop does not count, for an exit takes its place."""
        exits = (order for order in self.portfolio.working(symbol) if order.side is Side.SELL)
        selling = sum((order.open_qty for order in exits if not order.is_protective), self.leaving.get(symbol, ZERO))
        return max(ZERO, self.portfolio.held(symbol) - selling)

    def selling(self, symbol: str, qty: Decimal) -> "Situation":
        """The situation in which that exit is already on its way."""
        return self.model_copy(update={"leaving": {**self.leaving, symbol: self.leaving.get(symbol, ZERO) + qty}})

    def reserving(self, symbol: str, notional: Decimal) -> "Situation":
        """The situation in which that entry is already on its way."""
        return self.model_copy(update={"reserved": (*self.reserved, Reservation(symbol=symbol, notional=notional))})


def unguarded(portfolio: Portfolio, symbol: str) -> Decimal:
    """Shares held that no working order would sell: they need a protective stop."""
    selling = (order.open_qty for order in portfolio.working(symbol) if order.side is Side.SELL)
    return max(ZERO, portfolio.held(symbol) - sum(selling, ZERO))


@dataclass(frozen=True)
class EntryFacts:
    """Everything the entry rules measure, in US dollars. It exists only when every part is known."""

    quote: Quote
    quote_age_seconds: Decimal
    """How old the quote is by the market's clock; negative when it claims to come from the future."""
    atr: Decimal
    equity: Decimal
    buying_power: Decimal
    """What the broker would lend or let spend, less what this batch reserved."""
    symbol_exposure: Decimal
    """Position, working entries and reservations in this symbol."""
    gross_exposure: Decimal
    """The same over all symbols, each at its absolute value."""
    open_symbols: frozenset[str]
    """Symbols with a position, a working entry or a reservation."""


def entry_facts(symbol: str, situation: Situation) -> EntryFacts | tuple[Check, ...]:
    """The facts for an entry in `symbol`, or one failed check for each that is missing or contradicts another."""
    portfolio = situation.portfolio
    entries = [order for order in portfolio.working_orders if _may_enlarge(order, portfolio)]
    gaps = tuple(_gaps(symbol, situation, entries))
    if gaps:
        return gaps
    exposure = _exposure(situation, entries)
    quote = situation.quotes[symbol]
    return EntryFacts(
        quote=quote,
        quote_age_seconds=Decimal(str((situation.clock.now - quote.at).total_seconds())),
        atr=situation.atr[symbol],
        equity=portfolio.account.equity,
        buying_power=portfolio.account.buying_power - sum(on_their_way for _, on_their_way in _coming(situation)),
        symbol_exposure=exposure.get(symbol, ZERO),
        gross_exposure=sum(exposure.values(), ZERO),
        open_symbols=frozenset(exposure),
    )


def _may_enlarge(order: Order, portfolio: Portfolio) -> bool:
    """True unless the order only reduces a position that is there, or waits for an entry that is counted itself."""
    if order.status is OrderStatus.HELD:
        return False
    held = portfolio.held(order.symbol)
    reduces = held > 0 if order.side is Side.SELL else held < 0
    return not (reduces and order.open_qty <= abs(held))


def _gaps(symbol: str, situation: Situation, entries: list[Order]) -> list[Check]:
    """A failed check for every fact that is missing or contradictory."""
    gaps = []
    if situation.portfolio.account.equity < CENT:
        equity = str(situation.portfolio.account.equity)
        gaps.append(holds(Code.MISSING_EQUITY, passed=False, measured=equity, allowed="at least a cent of equity"))
    if symbol not in situation.quotes:
        gaps.append(missing(Code.MISSING_QUOTE, "a quote for the symbol"))
    if situation.atr.get(symbol, ZERO) <= 0:
        gaps.append(missing(Code.MISSING_VOLATILITY, "an average true range above zero"))
    doubted = {doubt.symbol for doubt in situation.standing.doubts if doubt.entering > 0}
    unpriced = sorted(
        {order.symbol for order in entries if _price(order, situation) is None} | doubted - situation.quotes.keys()
    )
    if unpriced:
        gaps.append(missing(Code.MISSING_ORDER_PRICE, f"a price for the working orders in {', '.join(unpriced)}"))
    for position in situation.portfolio.positions:
        if position.qty and position.qty * position.market_value <= 0:
            said = f"{position.symbol}: {position.qty} shares worth {position.market_value}"
            gaps.append(
                holds(Code.CONTRADICTING_POSITION, passed=False, measured=said, allowed="a value of the same sign")
            )
    return gaps


def _exposure(situation: Situation, entries: list[Order]) -> dict[str, Decimal]:
    """Dollars at risk by symbol: positions, working entries and reservations at full size."""
    exposure: dict[str, Decimal] = {}
    for position in situation.portfolio.positions:
        exposure[position.symbol] = exposure.get(position.symbol, ZERO) + abs(position.market_value)
    for order in entries:
        value = abs(order.open_qty) * (_price(order, situation) or ZERO)
        exposure[order.symbol] = exposure.get(order.symbol, ZERO) + value
    for symbol, notional in _coming(situation):
        exposure[symbol] = exposure.get(symbol, ZERO) + notional
    return exposure


def _coming(situation: Situation) -> Iterator[tuple[str, Decimal]]:
    """Symbol and dollars of entries that the broker does not show: cleared in this batch, or in doubt."""
    yield from ((held.symbol, held.notional) for held in situation.reserved)
    for doubt in situation.standing.doubts:
        quote = situation.quotes.get(doubt.symbol)
        if doubt.entering > 0 and quote:
            yield doubt.symbol, doubt.entering * quote.ask


def _price(order: Order, situation: Situation) -> Decimal | None:
    """The highest price known for an order: its own, the quote's ask, or the position's."""
    quote = situation.quotes.get(order.symbol)
    position = situation.portfolio.position(order.symbol)
    known = [order.limit_price, order.stop_price, quote and quote.ask, position and position.current_price]
    return max((price for price in known if price and price > 0), default=None)
