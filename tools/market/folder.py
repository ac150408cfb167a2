"""A recorded market on disk: a sheet of bars per symbol, one of sessions, and the manifest that vouches for each."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Bar, Session, Symbol
from perun.tools.domain.money import plain
from perun.tools.market.sheets import Sheet, damaged, read_sheet, write_sheet

MANIFEST: Final = "manifest.json"
SESSIONS: Final = "sessions"
_SESSION_COLUMNS: Final = ("day", "opens", "closes")
_BAR_COLUMNS: Final = ("session", "open", "high", "low", "close", "volume")


class Origin(Frozen):
    """Where the numbers came from, and under which licence they may be passed on."""

    package: str
    version: str
    licence: str


class Manifest(Frozen):
    """The table of contents of a recorded market."""

    origin: Origin
    sessions: Sheet
    symbols: dict[Symbol, Sheet]


def write_folder(folder: Path, origin: Origin, sessions: Sequence[Session], bars: Mapping[str, Sequence[Bar]]) -> None:
    """Write a recorded market; the same market always gives the same bytes.

    Raises:
        ValueError: sessions or bars are out of order, or a bar's prices contradict each other.
    """
    check_sessions(sessions)
    for history in bars.values():
        check_bars(history)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(
        origin=origin,
        sessions=write_sheet(folder, SESSIONS, _SESSION_COLUMNS, [_session_row(session) for session in sessions]),
        symbols={
            symbol: write_sheet(folder, symbol, _BAR_COLUMNS, [_bar_row(bar) for bar in bars[symbol]])
            for symbol in sorted(bars)
        },
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Traversable) -> Manifest:
    """The folder's table of contents.

    Raises:
        ConfigurationError: there is no folder, no manifest, or one that cannot be read.
    """
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise ConfigurationError(f"{folder} holds no recorded market: {MANIFEST}: {reason}") from error
    except ValidationError as error:
        raise ConfigurationError(
            f"{folder / MANIFEST} is not a manifest of a recorded market: restore it or import it again"
        ) from error


def read_sessions(folder: Traversable, manifest: Manifest) -> tuple[Session, ...]:
    """Every session, oldest first.

    Raises:
        ConfigurationError: the file is missing, damaged, or not what the manifest vouches for.
    """
    rows = read_sheet(folder, SESSIONS, _SESSION_COLUMNS, manifest.sessions)
    try:
        sessions = tuple(_session(row) for row in rows)
        check_sessions(sessions)
    except ValueError as error:
        raise damaged(folder, SESSIONS, "its rows are not sessions in order") from error
    return sessions


def read_bars(folder: Traversable, manifest: Manifest, symbol: str, closes: Mapping[date, datetime]) -> tuple[Bar, ...]:
    """Every bar of the symbol, oldest first; `closes` tells from when each session's bar may be known.

    Raises:
        ConfigurationError: the file is missing, damaged, or not what the manifest vouches for.
    """
    rows = read_sheet(folder, symbol, _BAR_COLUMNS, manifest.symbols[symbol])
    try:
        bars = tuple(_bar(symbol, row, closes) for row in rows)
        check_bars(bars)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise damaged(folder, symbol, "its rows are not bars of these sessions in order") from error
    return bars


def check_sessions(sessions: Sequence[Session]) -> None:
    """Each session must open before it closes and close before the next one opens.

    Raises:
        ValueError: one does not, or there are none.
    """
    _check_order([session.day for session in sessions])
    _check_order([instant for session in sessions for instant in (session.opens, session.closes)])


def check_bars(bars: Sequence[Bar]) -> None:
    """Bars must be sorted by day, one a day, with open and close between low and high.

    Raises:
        ValueError: they are not, or there are none.
    """
    _check_order([bar.session for bar in bars])
    for bar in bars:
        if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
            raise ValueError(f"{bar.symbol} on {bar.session}: open or close lies outside low to high")


def _check_order(times: Sequence[date]) -> None:
    if not times:
        raise ValueError("there are no rows")
    for before, after in pairwise(times):
        if before >= after:
            raise ValueError(f"{after} follows {before}: rows must be sorted, one a day")


def _session_row(session: Session) -> tuple[str, ...]:
    return session.day.isoformat(), session.opens.isoformat(), session.closes.isoformat()


def _session(row: Sequence[str]) -> Session:
    day, opens, closes = row
    return Session(
        day=date.fromisoformat(day), opens=datetime.fromisoformat(opens), closes=datetime.fromisoformat(closes)
    )


def _bar_row(bar: Bar) -> tuple[str, ...]:
    prices = (bar.open, bar.high, bar.low, bar.close)
    return bar.session.isoformat(), *(plain(price) for price in prices), str(bar.volume)


def _bar(symbol: str, row: Sequence[str], closes: Mapping[date, datetime]) -> Bar:
    day, first, high, low, last, volume = row
    session = date.fromisoformat(day)
    return Bar(
        symbol=symbol,
        session=session,
        ended=closes[session],
        open=Decimal(first),
        high=Decimal(high),
        low=Decimal(low),
        close=Decimal(last),
        volume=int(volume),
    )
