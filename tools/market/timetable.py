"""When the desk is due: a schedule laid over the exchange's calendar."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from perun.tools.domain.market import Session
from perun.tools.market.calendar import TradingDays
from perun.tools.market.schedule import Moment, Schedule

_LONGEST_PAUSE: Final = timedelta(days=15)
"""Within so long there is a session: the longest closure since 1914 was seven days."""
_REACH: Final = timedelta(days=300)
"""How far from the day for which a calendar was made another one is made."""


class Timetable:
    """Every moment at which a cycle is due."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._days: tuple[datetime, TradingDays] | None = None

    def after(self, instant: datetime) -> Moment:
        """The first moment after that instant."""
        return next(self.between(instant, instant + _LONGEST_PAUSE))

    def between(self, after: datetime, until: datetime) -> Iterator[Moment]:
        """The moments after the one instant, up to and with the other, oldest first."""
        for session in self.sessions(after, until):
            yield from (moment for moment in self._schedule.moments(session) if after < moment.at <= until)

    def sessions(self, after: datetime, until: datetime) -> Iterator[Session]:
        """The sessions that may hold an instant between the two: a day in New York may be another one in UTC."""
        day, last = (after - timedelta(days=1)).date(), (until + timedelta(days=1)).date()
        while day <= last:
            if session := self._calendar(datetime(day.year, day.month, day.day, tzinfo=UTC)).on(day):
                yield session
            day += timedelta(days=1)

    def last_of(self, session: Session) -> Moment | None:
        """The last moment of the session; None when all fall outside of a short one."""
        moments = self._schedule.moments(session)
        return moments[-1] if moments else None

    def _calendar(self, around: datetime) -> TradingDays:
        if self._days is None or abs(around - self._days[0]) > _REACH:
            self._days = around, TradingDays(around.date())
        return self._days[1]
