"""The moments that a schedule names: `open+10m`, `close-15m`, `every 30m`, from a session's opening to its close."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import EXCHANGE_TIME, Session

_ANCHORED: Final = re.compile(r"(open\+|close-)(\d{1,3})m")
_LONGEST_MINUTES: Final = 390
"""From half past nine to four."""
_REPEATED: Final = re.compile(r"every (\d{1,4})m")


@dataclass(frozen=True)
class Moment:
    """One instant at which a cycle is due, and the slot that it takes."""

    at: datetime
    slot: str
    """`2026-11-27-close-15m`; for a repeated moment its time at the exchange, `2026-11-27-at-1030`."""


@dataclass(frozen=True)
class Schedule:
    """What a person wrote in TRADING_SCHEDULE."""

    text: str

    def __post_init__(self) -> None:
        for event in self._events():
            anchored, repeated = _ANCHORED.fullmatch(event), _REPEATED.fullmatch(event)
            if not anchored and not (repeated and int(repeated[1])):
                raise ConfigurationError(
                    f"{event!r} is no moment of a session: write open+10m, close-15m or every 30m, separated by commas"
                )
            if anchored and int(anchored[2]) > _LONGEST_MINUTES:
                raise ConfigurationError(f"{event!r} lies in no session: the longest has {_LONGEST_MINUTES} minutes")

    def moments(self, session: Session) -> list[Moment]:
        """Every moment of the session, oldest first; two at one instant are one, under the name that came first.

        A moment that falls outside of a short session is left out.
        """
        found: dict[datetime, Moment] = {}
        for event in self._events():
            for at, name in _instants(event, session):
                if session.opens <= at <= session.closes:
                    found.setdefault(at, Moment(at, f"{session.day}-{name}"))
        return [found[at] for at in sorted(found)]

    def _events(self) -> list[str]:
        return [part.strip() for part in self.text.split(",")]


def _instants(event: str, session: Session) -> Iterator[tuple[datetime, str]]:
    if anchored := _ANCHORED.fullmatch(event):
        distance = timedelta(minutes=int(anchored[2]))
        opening = anchored[1] == "open+"
        yield (
            (session.opens + distance, f"open-{anchored[2]}m")
            if opening
            else (
                session.closes - distance,
                f"close-{anchored[2]}m",
            )
        )
    elif repeated := _REPEATED.fullmatch(event):
        step, at = timedelta(minutes=int(repeated[1])), session.opens
        while at < session.closes:
            yield at, f"at-{at.astimezone(EXCHANGE_TIME):%H%M}"
            at += step
