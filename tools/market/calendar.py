"""The trading days of the New York exchanges: holidays, half-days and the clock's changes, from exchange-calendars."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from perun.tools.domain.market import Session

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar  # type: ignore[import-untyped] # the package has no types

_NAME: Final = "XNYS"
_SPAN: Final = timedelta(days=400)
"""How far around the day of interest the calendar is made: it takes a fifth of a second."""
_LONGEST_PAUSE: Final = 15
"""Days without a session that are searched: the longest closure since 1914 was seven."""


class TradingDays:
    """Which days are sessions, and from when to when."""

    def __init__(self, around: date) -> None:
        self._around = around

    def on(self, day: date) -> Session | None:
        """The session of that day; None when the exchange is closed all day.

        Raises:
            ValueError: the day lies too far from the one that the calendar was made for.
        """
        if not self._around - _SPAN <= day <= self._around + _SPAN:
            raise ValueError(f"the calendar was made around {self._around}, too far from {day}")
        known = self._calendar
        if not known.is_session(day.isoformat()):
            return None
        return Session(
            day=day,
            opens=known.session_open(day.isoformat()).to_pydatetime().astimezone(UTC),
            closes=known.session_close(day.isoformat()).to_pydatetime().astimezone(UTC),
        )

    def from_day(self, day: date) -> Iterator[Session]:
        """The sessions of `day` and after, as far as the calendar goes."""
        while day <= self._around + _SPAN:
            if session := self.on(day):
                yield session
            day += timedelta(days=1)

    def next_close(self, now: datetime) -> datetime:
        """The first close after `now`.

        Raises:
            ValueError: as for `on`.
        """
        days = (now.date() + timedelta(days=number) for number in range(-1, _LONGEST_PAUSE))
        closes = (session.closes for day in days if (session := self.on(day)))
        return next(close for close in closes if close > now)

    @cached_property
    def _calendar(self) -> "ExchangeCalendar":
        import exchange_calendars

        first, last = self._around - _SPAN, self._around + _SPAN
        return exchange_calendars.get_calendar(_NAME, start=first.isoformat(), end=last.isoformat())
