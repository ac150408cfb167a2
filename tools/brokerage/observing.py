"""One look at broker and market: the situation in which the gate judges."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final

from perun.tools.domain.errors import BrokerUnavailable, MarketUnavailable, UnknownSymbol
from perun.tools.domain.market import EXCHANGE_TIME, Asset, Bar, MarketClock, Quote
from perun.tools.domain.money import ZERO
from perun.tools.domain.portfolio import Portfolio
from perun.tools.domain.ports import BookReader, Market, MarketView
from perun.tools.domain.standing import Standing
from perun.tools.market.indicators import atr
from perun.tools.market.sectors import SectorOf, sector_of
from perun.tools.risk.facts import Situation
from perun.tools.risk.statistics import Returns

ATR_SESSIONS: Final = 14
"""Sessions in the average true range from which a stop's distance is taken."""
VOLUME_SESSIONS: Final = 20
"""Sessions in the average daily volume; a younger symbol's is of those it has, if they are enough for a range."""
RETURN_SESSIONS: Final = 60
"""Sessions whose returns tell what moves together and what may be lost on a bad day."""
_RETURN: Final = Decimal("1E-8")


def observe(
    book: BookReader, market: Market, symbols: Iterable[str], standing: Standing, sector: SectorOf = sector_of
) -> Situation:
    """Read portfolio, clock and prices now. A fact that cannot be had is left out, never made up.

    Raises:
        BrokerUnavailable: portfolio or clock cannot be read: nothing may be judged.
    """
    clock = book.clock()
    skew = book.skew_seconds(clock)
    symbols = sorted(set(symbols))
    seen = situation(book.portfolio(), clock, market.at(clock.now), symbols, standing)
    named = {name: said for name in seen.returns.root.keys() | set(symbols) if (said := sector(name))}
    return seen.model_copy(update={"assets": _assets(book, symbols), "sectors": named, "skew_seconds": skew})


def situation(
    portfolio: Portfolio, clock: MarketClock, view: MarketView, symbols: Iterable[str], standing: Standing
) -> Situation:
    """The situation from facts that were read already; what the broker lists is not among them."""
    doubted = (doubt.symbol for doubt in standing.doubts)
    watched = sorted({*symbols, *(order.symbol for order in portfolio.working_orders), *doubted})
    quotes = {symbol: quote for symbol in watched if (quote := _quote(view, symbol))}
    bars = {symbol: _bars(view, symbol) for symbol in {*watched, *(each.symbol for each in portfolio.positions)}}
    return Situation(
        portfolio=portfolio,
        clock=clock,
        quotes=quotes,
        atr={symbol: value for symbol in watched if (value := atr(bars[symbol], ATR_SESSIONS))},
        previous_close={
            name: close for name, quote in quotes.items() if (close := _close_before(quote.at, bars[name]))
        },
        volume={symbol: value for symbol in watched if (value := _average_volume(bars[symbol]))},
        returns=Returns(_returns(bars)),
        standing=standing,
    )


def _quote(view: MarketView, symbol: str) -> Quote | None:
    try:
        return view.quote(symbol)
    except (UnknownSymbol, MarketUnavailable):
        return None


def _bars(view: MarketView, symbol: str) -> Sequence[Bar]:
    try:
        return view.bars(symbol, RETURN_SESSIONS + 1)
    except (UnknownSymbol, MarketUnavailable):
        return ()


def _assets(book: BookReader, symbols: Iterable[str]) -> dict[str, Asset]:
    """What the broker lists; an answer that does not come must not stop an exit."""
    assets = {}
    for symbol in symbols:
        with suppress(BrokerUnavailable):
            if asset := book.asset(symbol):
                assets[symbol] = asset
    return assets


def _close_before(at: datetime, bars: Sequence[Bar]) -> Decimal | None:
    """The close of the last session before the one to which the instant belongs."""
    day = at.astimezone(EXCHANGE_TIME).date()
    return next((bar.close for bar in reversed(bars) if bar.session < day), None)


def _average_volume(bars: Sequence[Bar]) -> Decimal | None:
    if len(bars) <= ATR_SESSIONS:
        return None
    last = bars[-VOLUME_SESSIONS:]
    return sum((Decimal(bar.volume) for bar in last), ZERO) / len(last)


def _returns(bars: Mapping[str, Sequence[Bar]]) -> dict[str, tuple[Decimal, ...]]:
    """Returns of the last sessions that any symbol has; a symbol that lacks one of these sessions is left out."""
    sessions = sorted({bar.session for history in bars.values() for bar in history})[-RETURN_SESSIONS - 1 :]
    returns = {}
    for symbol, history in bars.items():
        last = history[-len(sessions) :] if sessions else ()
        if last and [bar.session for bar in last] == sessions:
            returns[symbol] = tuple((bar.close / before.close - 1).quantize(_RETURN) for before, bar in pairwise(last))
    return returns
