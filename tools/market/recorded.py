"""Recorded days as a market: every look is fixed in time and cannot see past it."""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from perun.tools.domain.errors import ConfigurationError, UnknownSymbol
from perun.tools.domain.market import Bar, Quote, Session
from perun.tools.market.folder import MANIFEST, Manifest, read_bars, read_manifest, read_sessions
from perun.tools.market.sheets import Sheet


class RecordedView:
    """The recorded market as it could be known at one instant. It says nothing later."""

    __slots__ = ("_as_of", "_known")

    def __init__(self, as_of: datetime, known: Callable[[str, datetime, int], Sequence[Bar]]) -> None:
        self._as_of = as_of
        self._known = known

    @property
    def as_of(self) -> datetime:
        """The instant of the view."""
        return self._as_of

    def bars(self, symbol: str, count: int) -> Sequence[Bar]:
        """The last `count` bars that had ended by *as of*, oldest first; fewer when there are fewer.

        Raises:
            UnknownSymbol: the recording does not hold the symbol, or not yet at *as of*.
        """
        return self._known(symbol, self._as_of, count)

    def quote(self, symbol: str) -> Quote:
        """The close of the last ended bar as bid, ask and last; its time is that bar's end.

        Raises:
            UnknownSymbol: the recording does not hold the symbol, or not yet at *as of*.
        """
        bar = self.bars(symbol, 1)[-1]
        return Quote(symbol=symbol, bid=bar.close, ask=bar.close, last=bar.close, at=bar.ended)


class RecordedMarket:
    """The days of a folder (see `folder`), read symbol by symbol when first asked for."""

    def __init__(self, folder: Traversable, manifest: Manifest, sessions: Sequence[Session]) -> None:
        self._folder = folder
        self._manifest = manifest
        self._sessions = tuple(sessions)
        self._by_day = {session.day: session for session in sessions}
        self._histories: dict[str, tuple[Bar, ...]] = {}

    @classmethod
    def shipped(cls) -> Self:
        """The market that comes with Perun, wherever the working directory is.

        Raises:
            ConfigurationError: it is not installed, or damaged.
        """
        try:
            folder = files("perun.recorded")
        except ModuleNotFoundError as error:
            raise ConfigurationError("the recorded market is not installed: install Perun again") from error
        return cls._read(folder)

    @classmethod
    def from_folder(cls, path: Path) -> Self:
        """The market of any folder of that format.

        Raises:
            ConfigurationError: there is none, or it is damaged.
        """
        return cls._read(path)

    @classmethod
    def _read(cls, folder: Traversable) -> Self:
        manifest = read_manifest(folder)
        return cls(folder, manifest, read_sessions(folder, manifest))

    def at(self, as_of: datetime) -> RecordedView:
        """The market as known at `as_of`.

        Raises:
            ValueError: `as_of` has no time zone.
        """
        if as_of.utcoffset() is None:
            raise ValueError("a view of the market needs an aware instant")
        return RecordedView(as_of, self._known)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that name all its bars and sessions."""
        return hashlib.sha256((self._folder / MANIFEST).read_bytes()).hexdigest()[:12]

    def files(self) -> dict[str, bytes]:
        """All that stands in its folder, by name: written elsewhere it is the same market."""
        return {each.name: each.read_bytes() for each in self._folder.iterdir() if each.is_file()}

    def symbols(self) -> Sequence[str]:
        """Every symbol it holds, sorted."""
        return sorted(self._manifest.symbols)

    def sessions(self) -> Sequence[Session]:
        """Every session it holds, oldest first."""
        return self._sessions

    def first_session(self, symbol: str) -> Session:
        """The session of the symbol's first bar.

        Raises:
            UnknownSymbol: the recording does not hold the symbol.
        """
        return self.session(self._sheet(symbol).first)

    def last_session(self) -> Session:
        """The session with which the recording ends."""
        return self._sessions[-1]

    def session(self, day: date) -> Session:
        """The session of that day.

        Raises:
            UnknownSymbol: the recording has no session that day.
        """
        session = self._by_day.get(day)
        if session is None:
            first, last = self._sessions[0].day, self._sessions[-1].day
            why = "the exchange was closed that day" if first < day < last else f"it holds {first} to {last}"
            raise UnknownSymbol(f"the recorded market has no session on {day}; {why}")
        return session

    def next_session(self, day: date) -> Session | None:
        """The first session after `day`; None when the recording ends."""
        place = bisect_right(self._sessions, day, key=lambda session: session.day)
        return self._sessions[place] if place < len(self._sessions) else None

    def bar(self, symbol: str, day: date) -> Bar | None:
        """The bar of that session; None when the symbol did not trade. For the exchange's matching only.

        Raises:
            UnknownSymbol: the recording does not hold the symbol.
        """
        history = self._history(symbol)
        place = bisect_left(history, day, key=lambda bar: bar.session)
        return history[place] if place < len(history) and history[place].session == day else None

    def _known(self, symbol: str, as_of: datetime, count: int) -> Sequence[Bar]:
        history = self._history(symbol)
        end = bisect_right(history, as_of, key=lambda bar: bar.ended)
        if end == 0:
            first = history[0].ended
            raise UnknownSymbol(
                f"the recorded market knows {symbol} from {_instant(first)}, not yet at {_instant(as_of)}"
            )
        return history[max(0, end - count) : end]

    def _history(self, symbol: str) -> tuple[Bar, ...]:
        # Two threads may both read a symbol the first time; they read the same bars, so no lock is needed.
        if symbol not in self._histories:
            self._sheet(symbol)
            closes = {session.day: session.closes for session in self._sessions}
            self._histories[symbol] = read_bars(self._folder, self._manifest, symbol, closes)
        return self._histories[symbol]

    def _sheet(self, symbol: str) -> Sheet:
        sheet = self._manifest.symbols.get(symbol)
        if sheet is None:
            raise UnknownSymbol(f"the recorded market has no {symbol}; it holds {', '.join(self.symbols())}")
        return sheet


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
