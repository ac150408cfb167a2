"""What is known when an order is judged: the situation, the book added up, and the facts of one entry."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from pydantic import Field

from perun.tools.domain.conduct import Conduct, Sent
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import EXCHANGE_TIME, Asset, MarketClock, Quote, Symbol
from perun.tools.domain.money import CENT, ZERO, Amount
from perun.tools.domain.orders import Order, OrderStatus, Side
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.standing import Standing
from perun.tools.domain.verdicts import Check
from perun.tools.risk.breaches import Code, holds, missing
from perun.tools.risk.statistics import Returns
from perun.tools.risk.totals import Totals, add_up

_GROWS: Final = {"reserved", "leaving", "cleared"}
"""What every order of a batch adds to."""


class Reservation(Frozen):
    """An entry cleared a moment ago in the same batch: it counts as if it were filled at its worst price."""

    symbol: Symbol
    notional: Amount
    at_risk: Amount | None = None
    """US dollars that it may lose down to its stop; None when not told, and then all of it counts."""


class Situation(Frozen):
    """Portfolio, clock and prices at one moment. A symbol without a quote or volatility is simply not in the maps."""

    portfolio: Portfolio
    clock: MarketClock
    quotes: dict[Symbol, Quote]
    atr: dict[Symbol, Amount]
    """Average true range, US dollars a share."""
    previous_close: dict[Symbol, Amount] = Field(default_factory=dict)
    """Close of the session before that of the quote, US dollars a share."""
    volume: dict[Symbol, Amount] = Field(default_factory=dict)
    """Average daily volume of the last 20 sessions, shares."""
    returns: Returns = Returns({})
    """Close-to-close returns of the last sessions as ratios, oldest first and of the same sessions for every symbol."""
    assets: dict[Symbol, Asset] = Field(default_factory=dict)
    """What the broker lists."""
    sectors: dict[Symbol, str] = Field(default_factory=dict)
    """Sector by symbol, as far as it is known."""
    skew_seconds: Amount | None = None
    """How far the machine's clock stands from the broker's; None when the market lives in a time of its own."""
    standing: Standing
    """Trading state, and orders in doubt; each of those counts in exposure and buying power as if it stood."""
    reserved: tuple[Reservation, ...] = ()
    leaving: dict[Symbol, Amount] = Field(default_factory=dict)
    """Shares that exits cleared a moment ago in the same batch will sell."""
    cleared: tuple[str, ...] = ()
    """Client order ids of what was cleared a moment ago in the same batch."""

    @property
    def book(self) -> "Book":
        """All that is held and on its way, added up once."""
        return self._book

    @cached_property
    def _book(self) -> "Book":
        return Book(self)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Situation":
        """A copy. What was added up goes along where it still holds, that is while a batch grows."""
        copied = super().model_copy(update=update, deep=deep)
        if set(update or ()) - _GROWS:
            copied.__dict__.pop("_book", None)
        return copied

    def sellable(self, symbol: str) -> Decimal:
        """Shares that nothing else is selling yet; a protective stop does not count, for an exit takes its place."""
        exits = (order for order in self.portfolio.working(symbol) if order.side is Side.SELL)
        selling = sum((order.open_qty for order in exits if not order.is_protective), self.leaving.get(symbol, ZERO))
        return max(ZERO, self.portfolio.held(symbol) - selling)

    def selling(self, symbol: str, qty: Decimal, client_order_id: str = "") -> "Situation":
        """The situation in which that exit is already on its way."""
        leaving = {**self.leaving, symbol: self.leaving.get(symbol, ZERO) + qty}
        return self.model_copy(update={"leaving": leaving, "cleared": (*self.cleared, client_order_id)})

    def reserving(
        self, symbol: str, notional: Decimal, at_risk: Decimal | None = None, client_order_id: str = ""
    ) -> "Situation":
        """The situation in which that entry is already on its way."""
        reserved = (*self.reserved, Reservation(symbol=symbol, notional=notional, at_risk=at_risk))
        return self.model_copy(update={"reserved": reserved, "cleared": (*self.cleared, client_order_id)})

    def knows(self, client_order_id: str) -> bool:
        """True when an order of that name went to the broker lately, or was cleared in the same batch."""
        sent = self.standing.conduct.sent if self.standing.conduct else ()
        return client_order_id in self.cleared or any(each.client_order_id == client_order_id for each in sent)


def unguarded(portfolio: Portfolio, symbol: str) -> Decimal:
    """Shares held that no working order would sell: they need a protective stop."""
    selling = (order.open_qty for order in portfolio.working(symbol) if order.side is Side.SELL)
    return max(ZERO, portfolio.held(symbol) - sum(selling, ZERO))


@dataclass(frozen=True)
class Book:
    """What is held and on its way before a batch, added up once for all its orders; each part when first asked for."""

    situation: Situation
    """What it reserves and what leaves it is not counted here: both grow with every order of a batch."""

    @cached_property
    def entries(self) -> tuple[Order, ...]:
        """Working orders that may open or enlarge a position."""
        portfolio = self.situation.portfolio
        return tuple(order for order in portfolio.working_orders if _may_enlarge(order, portfolio))

    @cached_property
    def doubted(self) -> tuple[tuple[str, Decimal], ...]:
        """Symbol and dollars of the entries in doubt; one without a quote is among the missing facts."""
        quotes = self.situation.quotes
        doubts = (doubt for doubt in self.situation.standing.doubts if doubt.entering > 0 and doubt.symbol in quotes)
        return tuple((doubt.symbol, doubt.entering * quotes[doubt.symbol].ask) for doubt in doubts)

    @cached_property
    def gaps(self) -> tuple[Check, ...]:
        """A failed check for each fact that is missing or contradictory whatever would be bought."""
        return tuple(self._gaps())

    def totals(self, reserved: tuple[Reservation, ...]) -> Totals:
        """What limits are held against once these reservations stand in it; a batch goes on from what it had."""
        known, totals = self._steps[-1]
        if reserved[: len(known)] != known:
            known, totals = self._steps[0]
        for each in reserved[len(known) :]:
            totals = totals.joined(each.symbol, each.notional, each.at_risk)
        self._steps[1:] = [(reserved, totals)]
        return totals

    @cached_property
    def _steps(self) -> list[tuple[tuple[Reservation, ...], Totals]]:
        """The totals before the batch, and those asked for last."""
        desk = self.situation
        entries = [(order, abs(order.open_qty) * (self.price(order) or ZERO)) for order in self.entries]
        return [((), add_up(desk.portfolio, entries, self.doubted, desk.sectors, desk.returns))]

    @cached_property
    def session_began(self) -> datetime:
        """Midnight of the market's day in New York: what was sent since then was sent in this session."""
        return self._midnight.astimezone(UTC)

    @cached_property
    def session_opened(self) -> datetime:
        """When the market's day began to trade. Sessions may close early; they open at 09:30 in New York."""
        return self._midnight.replace(hour=9, minute=30).astimezone(UTC)

    @cached_property
    def _midnight(self) -> datetime:
        return datetime.combine(self.situation.clock.now.astimezone(EXCHANGE_TIME), time(), EXCHANGE_TIME)

    @cached_property
    def sent_today(self) -> tuple[Sent, ...]:
        """Orders of ours that went to the broker in this session."""
        return tuple(sent for sent in self._sent if sent.at >= self.session_began)

    def sent_within(self, span: timedelta) -> list[Sent]:
        """Orders of ours that went to the broker less than so long ago."""
        since = self.situation.clock.now - span
        return [sent for sent in self._sent if sent.at > since]

    def price(self, order: Order) -> Decimal | None:
        """The highest price known for an order: its own, the quote's ask, or the position's."""
        quote = self.situation.quotes.get(order.symbol)
        position = self.situation.portfolio.position(order.symbol)
        known = [order.limit_price, order.stop_price, quote and quote.ask, position and position.current_price]
        return max((price for price in known if price and price > 0), default=None)

    def _gaps(self) -> Iterator[Check]:
        desk, equity = self.situation, self.situation.portfolio.account.equity
        if equity < CENT:
            yield holds(Code.MISSING_EQUITY, passed=False, measured=str(equity), allowed="at least a cent of equity")
        if desk.standing.conduct is None:
            yield missing(Code.MISSING_HISTORY, "what the desk did lately, from its ledger")
        doubted = {doubt.symbol for doubt in desk.standing.doubts if doubt.entering > 0}
        unpriced = {order.symbol for order in self.entries if self.price(order) is None}
        if unknown := sorted(unpriced | doubted - desk.quotes.keys()):
            yield missing(Code.MISSING_ORDER_PRICE, f"a price for the working orders in {', '.join(unknown)}")
        for each in desk.portfolio.positions:
            if each.qty and each.qty * each.market_value <= 0:
                said = f"{each.symbol}: {each.qty} shares worth {each.market_value}"
                yield holds(
                    Code.CONTRADICTING_POSITION, passed=False, measured=said, allowed="a value of the same sign"
                )
        for order in desk.portfolio.working_orders:
            if order.qty < 0:
                said = f"{order.client_order_id}: an order for {order.qty} shares"
                yield holds(Code.CONTRADICTING_POSITION, passed=False, measured=said, allowed="none or more")

    @cached_property
    def _sent(self) -> tuple[Sent, ...]:
        conduct = self.situation.standing.conduct
        return conduct.sent if conduct else ()


def _may_enlarge(order: Order, portfolio: Portfolio) -> bool:
    """True unless the order only reduces a position that is there, or waits for an entry that is counted itself."""
    if order.status is OrderStatus.HELD:
        return False
    held = portfolio.held(order.symbol)
    reduces = held > 0 if order.side is Side.SELL else held < 0
    return not (reduces and order.open_qty <= abs(held))


@dataclass(frozen=True)
class EntryFacts:
    """Everything the entry rules measure, in US dollars. It exists only when every part is known."""

    symbol: str
    situation: Situation
    """As this order finds it, with what the batch reserved before."""
    book: Book
    totals: Totals
    """The book's, with what the batch reserved before."""
    conduct: Conduct
    quote: Quote
    quote_age_seconds: Decimal
    """How old the quote is by the market's clock; negative when it claims to come from the future."""
    decision_age_seconds: Decimal
    """How old the decision is, likewise."""
    previous_close: Decimal
    """US dollars a share, of the session before the quote's."""
    volume: Decimal
    """Average daily volume, shares."""
    atr: Decimal
    equity: Decimal
    buying_power: Decimal
    """What the broker would lend or let spend, less what this batch reserved."""
    reserved: Decimal
    """What the batch reserved before this order, in all symbols."""
    symbol_exposure: Decimal
    """Position, working entries and reservations in this symbol."""
    gross_exposure: Decimal
    """The same over all symbols, each at its absolute value."""
    open_symbols: Collection[str]
    """Symbols with a position, a working entry or a reservation."""
