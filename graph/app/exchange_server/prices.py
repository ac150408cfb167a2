"""The doors to prices: recorded bars, quotes and trades as Alpaca's market data, never later than the clock."""

from datetime import UTC, datetime, time
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from perun.graph.app.exchange_server.pages import Row, page
from perun.graph.app.exchange_server.papers import Paper, instant
from perun.graph.app.exchange_server.venue import Venue, venue_of
from perun.tools.brokerage.embedded.refusing import INVALID, reject
from perun.tools.domain.errors import UnknownSymbol
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import EXCHANGE_TIME, Bar

At = Annotated[Venue, Depends(venue_of)]
ALL: Final = 1_000_000
"""More sessions than any recording has."""

router: Final = APIRouter(prefix="/v2/stocks", tags=["prices"])


class AskedBars(Frozen):
    """Which bars a client wants. Prices are adjusted as the recording has them, whatever adjustment is asked for."""

    timeframe: str = "1Day"
    start: datetime | None = None
    end: datetime | None = None
    limit: int = Field(1000, ge=1, le=10_000)
    page_token: str | None = None
    sort: Literal["asc", "desc"] = "asc"
    adjustment: str | None = None
    feed: str | None = None
    asof: str | None = None
    currency: str | None = None


class AskedBarsOfMany(AskedBars):
    """The same for several symbols, comma separated."""

    symbols: str


@router.get("/bars")
def bars_of_many(asked: Annotated[AskedBarsOfMany, Query()], at: At) -> Paper:
    """Daily bars of several symbols, page by page."""
    symbols = sorted(set(asked.symbols.split(",")))
    rows, token = page([row for symbol in symbols for row in _rows(symbol, asked, at)], asked.page_token, asked.limit)
    told: dict[str, list[Paper]] = {}
    for row in rows:
        told.setdefault(row.symbol, []).append(row.paper)
    return {"bars": told, "next_page_token": token}


@router.get("/bars/latest")
def latest_bars(symbols: str, at: At) -> Paper:
    """The last daily bar of several symbols; the recording has none shorter."""
    return {"bars": {symbol: _bar(bars[-1]) for symbol, bars in _latest(symbols, 1, at).items()}}


@router.get("/quotes/latest")
def latest_quotes(symbols: str, at: At) -> Paper:
    """The last close as bid and ask."""
    return {"quotes": {symbol: _quote(bars[-1]) for symbol, bars in _latest(symbols, 1, at).items()}}


@router.get("/trades/latest")
def latest_trades(symbols: str, at: At) -> Paper:
    """The last close as a trade."""
    return {"trades": {symbol: _trade(bars[-1]) for symbol, bars in _latest(symbols, 1, at).items()}}


@router.get("/snapshots")
def snapshots(symbols: str, at: At) -> Paper:
    """Trade, quote and the last two daily bars of several symbols."""
    return {symbol: _snapshot(bars) for symbol, bars in _latest(symbols, 2, at).items()}


@router.get("/{symbol}/bars")
def bars(symbol: str, asked: Annotated[AskedBars, Query()], at: At) -> Paper:
    """Daily bars of one symbol, page by page."""
    rows, token = page(_rows(symbol, asked, at), asked.page_token, asked.limit)
    return {"symbol": symbol, "bars": [row.paper for row in rows], "next_page_token": token}


@router.get("/{symbol}/quotes/latest")
def latest_quote(symbol: str, at: At) -> Paper:
    """The last close as bid and ask."""
    return {"symbol": symbol, "quote": _quote(_known(symbol, 1, at)[-1])}


@router.get("/{symbol}/trades/latest")
def latest_trade(symbol: str, at: At) -> Paper:
    """The last close as a trade."""
    return {"symbol": symbol, "trade": _trade(_known(symbol, 1, at)[-1])}


@router.get("/{symbol}/snapshot")
def snapshot(symbol: str, at: At) -> Paper:
    """Trade, quote and the last two daily bars."""
    return {"symbol": symbol, **_snapshot(_known(symbol, 2, at))}


def _rows(symbol: str, asked: AskedBars, at: Venue) -> list[Row]:
    if asked.timeframe.lower() not in {"1day", "1d", "day"}:
        reject(INVALID, f"invalid timeframe {asked.timeframe}: the recording has daily bars only")
    start = _aware(asked.start) if asked.start else _midnight(at.now())
    end = _aware(asked.end) if asked.end else at.now()
    try:
        known = at.view().bars(symbol, ALL)
    except UnknownSymbol:
        return []
    rows = [Row(symbol, _bar(bar)) for bar in known if start <= _midnight(bar.ended) <= end]
    return rows if asked.sort == "asc" else rows[::-1]


def _known(symbol: str, count: int, at: Venue) -> list[Bar]:
    return list(at.view().bars(symbol, count))


def _latest(symbols: str, count: int, at: Venue) -> dict[str, list[Bar]]:
    """The last bars of each symbol that the market holds by now; the others are left out, as Alpaca does."""
    found = {}
    for symbol in dict.fromkeys(symbols.split(",")):
        try:
            found[symbol] = _known(symbol, count, at)
        except UnknownSymbol:
            continue
    return found


def _bar(bar: Bar) -> Paper:
    """A daily bar; how many trades it had, and their weighted price, was not recorded."""
    numbers = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close}
    return {"t": instant(_midnight(bar.ended)), **_floats(numbers), "v": bar.volume, "n": None, "vw": None}


def _quote(bar: Bar) -> Paper:
    sizes = {"as": 1, "bs": 1, "ax": "V", "bx": "V", "c": ["R"], "z": "C"}
    return {"t": instant(bar.ended), **_floats({"ap": bar.close, "bp": bar.close}), **sizes}


def _trade(bar: Bar) -> Paper:
    return {"t": instant(bar.ended), **_floats({"p": bar.close}), "s": 1, "x": "V", "i": 1, "c": ["@"], "z": "C"}


def _snapshot(bars: list[Bar]) -> Paper:
    last = bars[-1]
    return {
        "latestTrade": _trade(last),
        "latestQuote": _quote(last),
        "minuteBar": None,
        "dailyBar": _bar(last),
        "prevDailyBar": _bar(bars[0]) if len(bars) > 1 else None,
    }


def _floats(numbers: dict[str, Any]) -> Paper:
    """Alpaca's market data is the one place whose protocol writes prices as JSON numbers and not as strings."""
    return {name: float(value) for name, value in numbers.items()}


def _midnight(moment: datetime) -> datetime:
    """A daily bar is dated at the New York midnight with which its day begins."""
    return datetime.combine(moment.astimezone(EXCHANGE_TIME).date(), time(), EXCHANGE_TIME)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
