"""What the recorded market tells the exchange: the clock, the last closes, and the bar to match against."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Protocol

from perun.tools.domain.errors import MarketUnavailable
from perun.tools.domain.market import Bar, MarketClock, Session
from perun.tools.domain.ports import Market, RecordedSessions

Closes = Callable[[str], Decimal]
"""The last close of a symbol, in US dollars; raises UnknownSymbol when the market does not hold it yet."""


class RecordedPrices(Market, RecordedSessions, Protocol):
    """A market that also knows its trading days."""


class Tape:
    """The recorded market, read from a session at whose close the exchange stands."""

    def __init__(self, market: RecordedPrices) -> None:
        self._market = market
        self._clocks: dict[date, MarketClock] = {}  # what is recorded does not change

    def session(self, day: date) -> Session:
        """The session of that day.

        Raises:
            UnknownSymbol: the recording has no session that day.
        """
        return self._market.session(day)

    def following(self, day: date) -> Session:
        """The session after `day`.

        Raises:
            MarketUnavailable: the recording ends on `day`.
        """
        session = self._market.next_session(day)
        if session is None:
            raise MarketUnavailable(
                f"the recording ends on {day}; start a fresh account with another DATA_DIR or EMBEDDED_START"
            )
        return session

    def clock(self, day: date) -> MarketClock:
        """The market's clock at the close of `day`: the closing instant still belongs to the session."""
        if day not in self._clocks:
            standing, following = self._market.session(day), self._market.next_session(day)
            ahead = following or standing
            self._clocks[day] = MarketClock(
                now=standing.closes, is_open=following is not None, next_open=ahead.opens, next_close=ahead.closes
            )
        return self._clocks[day]

    def closes(self, day: date) -> Closes:
        """Looks up last closes as they are known at the close of `day`."""
        view = self._market.at(self._market.session(day).closes)
        return lambda symbol: view.bars(symbol, 1)[-1].close

    def bars(self, day: date) -> Callable[[str], Bar | None]:
        """Looks up the bars of `day`."""
        return lambda symbol: self._market.bar(symbol, day)
