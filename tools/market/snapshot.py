"""One look at market and account: everything a cycle knows, stamped with the instant at which it was true."""

from collections.abc import Iterable

from pydantic import AwareDatetime

from perun.tools.domain.errors import MarketUnavailable
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Bar, MarketClock, Quote, Symbol
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.ports import BookReader, Market, MarketView
from perun.tools.market.indicators import Indicators, indicators

HISTORY = 300
"""Sessions read for the indicators; enough for the longest of them."""

SHOWN = 5
"""Bars that travel with the snapshot and reach a prompt."""


class SymbolSnapshot(Frozen):
    """One symbol as known at the snapshot's instant."""

    symbol: Symbol
    quote: Quote | None
    """None when the market has none to give: no entry is possible then."""
    bars: tuple[Bar, ...]
    """The last few sessions, oldest first."""
    indicators: Indicators


class Snapshot(Frozen):
    """Account, positions, working orders, clock, bars, quotes and indicators as of one instant."""

    as_of: AwareDatetime
    clock: MarketClock
    portfolio: Portfolio
    symbols: dict[Symbol, SymbolSnapshot]


def take_snapshot(book: BookReader, market: Market, symbols: Iterable[str]) -> Snapshot:
    """Read everything once.

    Raises:
        BrokerUnavailable: account or clock cannot be read.
        UnknownSymbol: the market does not hold a symbol.
    """
    clock = book.clock()
    view = market.at(clock.now)
    return Snapshot(
        as_of=clock.now,
        clock=clock,
        portfolio=book.portfolio(),
        symbols={symbol: _look(view, symbol) for symbol in symbols},
    )


def _look(view: MarketView, symbol: str) -> SymbolSnapshot:
    bars = view.bars(symbol, HISTORY)
    try:
        quote = view.quote(symbol)
    except MarketUnavailable:
        quote = None
    return SymbolSnapshot(symbol=symbol, quote=quote, bars=tuple(bars[-SHOWN:]), indicators=indicators(bars))
