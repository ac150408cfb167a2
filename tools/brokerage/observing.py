"""One look at broker and market: the situation in which the gate judges."""

from collections.abc import Iterable
from decimal import Decimal

from perun.tools.domain.errors import MarketUnavailable, UnknownSymbol
from perun.tools.domain.market import MarketClock, Quote
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.ports import BookReader, Market, MarketView
from perun.tools.domain.standing import Standing
from perun.tools.market.indicators import atr
from perun.tools.risk.facts import Situation

ATR_SESSIONS = 14
"""Sessions in the average true range from which a stop's distance is taken."""


def observe(book: BookReader, market: Market, symbols: Iterable[str], standing: Standing) -> Situation:
    """Read portfolio, clock and prices now. A price that cannot be had is left out, never made up.

    Raises:
        BrokerUnavailable: portfolio or clock cannot be read: nothing may be judged.
    """
    clock = book.clock()
    return situation(book.portfolio(), clock, market.at(clock.now), symbols, standing)


def situation(
    portfolio: Portfolio, clock: MarketClock, view: MarketView, symbols: Iterable[str], standing: Standing
) -> Situation:
    """The situation from facts that were read already."""
    doubted = (doubt.symbol for doubt in standing.doubts)
    watched = sorted({*symbols, *(order.symbol for order in portfolio.working_orders), *doubted})
    quotes = {symbol: quote for symbol in watched if (quote := _quote(view, symbol))}
    ranges = {symbol: value for symbol in watched if (value := _atr(view, symbol))}
    return Situation(portfolio=portfolio, clock=clock, quotes=quotes, atr=ranges, standing=standing)


def _quote(view: MarketView, symbol: str) -> Quote | None:
    try:
        return view.quote(symbol)
    except (UnknownSymbol, MarketUnavailable):
        return None


def _atr(view: MarketView, symbol: str) -> Decimal | None:
    try:
        return atr(view.bars(symbol, ATR_SESSIONS + 1), ATR_SESSIONS)
    except (UnknownSymbol, MarketUnavailable):
        return None
