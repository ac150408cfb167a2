"""Time, asked in one place: the only home of the wall clock."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol


class Clock(Protocol):
    """Something that knows what time it is on the desk's market."""

    def now(self) -> datetime:
        """The present instant, time-zone aware."""
        ...


class SystemClock:
    """The computer's own clock, in UTC."""

    def now(self) -> datetime:
        """The wall clock's instant in UTC."""
        return datetime.now(UTC)


class StoppedClock:
    """A clock that stands at one instant; for recorded moments and tests."""

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._instant = instant

    def now(self) -> datetime:
        """The instant at which it stands."""
        return self._instant


def stopwatch() -> float:
    """Seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()


def seconds_between(earlier: datetime, later: datetime) -> Decimal:
    """Seconds to the microsecond, exactly; negative when `earlier` is the later one."""
    gone = later - earlier
    whole = Decimal(gone.days * 86_400 + gone.seconds)
    return whole + Decimal(gone.microseconds).scaleb(-6) if gone.microseconds else whole
