"""Alpaca's data as a market: every look is fixed in time, and shows no day that had not ended then.

Bars are adjusted for splits *and* dividends (`adjustment=all`): a split or a special dividend is no fall in price, and
would otherwise widen every average true range and turn every trend. Adjusted prices end at today's, so that the latest
bar and the latest quote are in the same dollars. They are adjusted by what is known today: this market serves decisions
taken now; for past decisions there is the recorded one.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Protocol
from urllib.parse import quote as quote_for_url

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from perun.tools.domain.errors import MarketUnavailable, UnknownSymbol
from perun.tools.domain.market import EXCHANGE_TIME, Bar, Quote, Session, Symbol

Row = Mapping[str, Any]
"""One JSON object, as Alpaca sent it."""

SKEW: Final = timedelta(seconds=5)
"""A quote may come this much after the instant of a view: the clock was read a moment before the quote."""

_INSTANT: Final = TypeAdapter[datetime](AwareDatetime)
_SYMBOL: Final = TypeAdapter[str](Symbol)
_BARS_A_PAGE: Final = 10_000
_DAYS_FOR_TEN_SESSIONS: Final = 16
_DAYS_OF_HOLIDAYS: Final = 10


class Source(Protocol):
    """A server that is asked for JSON. It raises MarketUnavailable when it does not answer."""

    def read(self, path: str, **query: Any) -> Any:
        """The JSON at `path`, which must be there."""
        ...

    def find(self, path: str, **query: Any) -> Any | None:
        """The JSON at `path`; None when there is no such thing."""
        ...


class AlpacaView:
    """The market at one instant. Each bar and quote is asked for once."""

    def __init__(self, as_of: datetime, market: "AlpacaMarket") -> None:
        self._as_of = as_of
        self._market = market
        self._bars: dict[str, Sequence[Bar]] = {}
        self._asked: dict[str, int] = {}
        self._quotes: dict[str, Quote] = {}

    @property
    def as_of(self) -> datetime:
        """The instant of the view."""
        return self._as_of

    def bars(self, symbol: str, count: int) -> Sequence[Bar]:
        """The last `count` bars that had ended by *as of*, oldest first; fewer when there are fewer.

        Raises:
            UnknownSymbol: Alpaca does not know the symbol.
            MarketUnavailable: no answer, or no bars of a symbol that it knows.
        """
        if self._asked.get(symbol, 0) < count:
            self._bars[symbol] = self._market.ended_bars(symbol, count, self._as_of)
            self._asked[symbol] = count
        return self._bars[symbol][-count:]

    def quote(self, symbol: str) -> Quote:
        """The latest quote not after *as of*; one that came within SKEW after it counts as of that instant.

        Raises:
            UnknownSymbol: Alpaca does not know the symbol.
            MarketUnavailable: no answer, no bid, no ask or no trade, or the latest quote is of a later time.
        """
        if symbol not in self._quotes:
            self._quotes[symbol] = self._market.latest_quote(symbol, self._as_of)
        return self._quotes[symbol]


class AlpacaMarket:
    """US stocks at Alpaca. `feed` is `iex` (free) or `sip` (every exchange, by subscription)."""

    def __init__(self, data: Source, trading: Source, feed: str = "iex") -> None:
        self._data = data
        self._trading = trading
        self._feed = feed
        self._symbols: Sequence[str] | None = None
        self._calendars: dict[tuple[date, date], Mapping[date, Session]] = {}

    def at(self, as_of: datetime) -> AlpacaView:
        """The market as known at `as_of`.

        Raises:
            ValueError: `as_of` has no time zone.
        """
        if as_of.utcoffset() is None:
            raise ValueError("a view of the market needs an aware instant")
        return AlpacaView(as_of, self)

    def symbols(self) -> Sequence[str]:
        """Every US stock that can be traded, sorted; asked for once.

        Raises:
            MarketUnavailable: no answer.
        """
        if self._symbols is None:
            assets = self._trading.read("/assets", status="active", asset_class="us_equity")
            self._symbols = sorted({name for asset in _objects(assets) if (name := _traded(asset))})
        return self._symbols

    def ended_bars(self, symbol: str, count: int, as_of: datetime) -> Sequence[Bar]:
        """The bars of sessions that had closed by `as_of`: the last `count`, or more; see `AlpacaView.bars`."""
        today = as_of.astimezone(EXCHANGE_TIME).date()
        first = today - timedelta(days=count * _DAYS_FOR_TEN_SESSIONS // 10 + _DAYS_OF_HOLIDAYS)
        sessions = self._calendar(first, today)
        rows = self._bar_rows(symbol, first, as_of)
        bars = [bar for row in rows if (bar := _bar(symbol, row, sessions)) and bar.ended <= as_of]
        if not bars:
            raise self._absence(symbol, "bars")
        return tuple(bars)

    def latest_quote(self, symbol: str, as_of: datetime) -> Quote:
        """The latest quote and trade; see `AlpacaView.quote`."""
        answer = self._data.read("/stocks/snapshots", symbols=symbol, feed=self._feed)
        snapshot = _object(_object(answer).get(symbol))
        bid_ask, trade = _object(snapshot.get("latestQuote")), _object(snapshot.get("latestTrade"))
        if not bid_ask or not trade:
            raise self._absence(symbol, "quote")
        return _quote(symbol, bid_ask, trade, as_of)

    def _bar_rows(self, symbol: str, first: date, as_of: datetime) -> list[Row]:
        query: dict[str, Any] = {
            "symbols": symbol,
            "timeframe": "1Day",
            "start": first.isoformat(),
            "end": as_of.isoformat(),
            "adjustment": "all",
            "feed": self._feed,
            "limit": _BARS_A_PAGE,
        }
        rows: list[Row] = []
        while True:
            page = _object(self._data.read("/stocks/bars", **query))
            rows += _objects(_object(page.get("bars")).get(symbol) or [])
            token = page.get("next_page_token")
            if not token or token == query.get("page_token"):
                return rows
            query["page_token"] = token

    def _calendar(self, first: date, last: date) -> Mapping[date, Session]:
        if (first, last) not in self._calendars:
            rows = _objects(self._trading.read("/calendar", start=first.isoformat(), end=last.isoformat()))
            sessions = (session for row in rows if (session := _session(row)))
            self._calendars = {(first, last): {session.day: session for session in sessions}, **self._calendars}
        return self._calendars[first, last]

    def _absence(self, symbol: str, what: str) -> UnknownSymbol | MarketUnavailable:
        """Why there is nothing: Alpaca does not know the symbol, or it does."""
        if self._trading.find(f"/assets/{quote_for_url(symbol, safe='')}") is None:
            return UnknownSymbol(f"Alpaca knows no {symbol}")
        return MarketUnavailable(f"Alpaca has no {what} of {symbol} now")


def _bar(symbol: str, row: Row, sessions: Mapping[date, Session]) -> Bar | None:
    """The bar; None when it cannot be used, or is of no session that is known: when it ended is not known then."""
    try:
        session = sessions[_INSTANT.validate_python(row.get("t")).astimezone(EXCHANGE_TIME).date()]
        return Bar(
            symbol=symbol,
            session=session.day,
            ended=session.closes,
            open=row["o"],
            high=row["h"],
            low=row["l"],
            close=row["c"],
            volume=row["v"],
        )
    except (KeyError, ValidationError):
        return None


def _session(row: Row) -> Session | None:
    """A day of the calendar, which tells hours in the exchange's own time: `"date": "2024-01-02", "open": "09:30"`."""
    try:
        day = date.fromisoformat(str(row.get("date")))
        opens, closes = (time.fromisoformat(str(row.get(name))) for name in ("open", "close"))
    except ValueError:
        return None
    at = {"opens": opens, "closes": closes}
    return Session(day=day, **{name: datetime.combine(day, hour, EXCHANGE_TIME) for name, hour in at.items()})


def _traded(asset: Row) -> str | None:
    try:
        return _SYMBOL.validate_python(asset.get("symbol")) if asset.get("tradable") is True else None
    except ValidationError:
        return None


def _quote(symbol: str, bid_ask: Row, trade: Row, as_of: datetime) -> Quote:
    try:
        at = _INSTANT.validate_python(bid_ask.get("t"))
        stamp = min(at, as_of).astimezone(UTC)
        quote = Quote(symbol=symbol, bid=bid_ask.get("bp"), ask=bid_ask.get("ap"), last=trade.get("p"), at=stamp)
    except ValidationError:
        raise MarketUnavailable(f"{symbol} has no quote with both sides now") from None
    if at > as_of + SKEW:
        raise MarketUnavailable(f"the latest quote of {symbol} is of {at}, later than {as_of}")
    return quote


def _object(body: Any) -> Row:
    return body if isinstance(body, Mapping) else {}


def _objects(body: Any) -> list[Row]:
    return [row for row in body if isinstance(row, Mapping)] if isinstance(body, list) else []
