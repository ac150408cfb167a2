"""Bars that a person brings, as CSV or Parquet: checked against the exchange's calendar and kept as recorded days.

All files are checked before anything is written, and everything that is wrong is said at once. The recorded days stand
in a folder that is named by their content, so that the same bars always come to the same market, whatever the files.
"""

import hashlib
import re
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import Bar, Session
from perun.tools.market.folder import Origin, write_folder
from perun.tools.market.importing import exchange_sessions
from perun.tools.market.own_rows import PRICES, Fault, Row, leaps, out_of_order, read_rows

_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9.]{0,9}")
_KINDS: Final = (".csv", ".parquet")
_WEEK: Final = timedelta(days=7)
_MOST_SAID: Final = 5
"""Faults of one file that are written out; the others are counted."""


@dataclass(frozen=True)
class Leave:
    """What a person lets pass, having looked."""

    splits: bool = False
    """Prices may leap overnight."""
    gaps: bool = False
    """Sessions may lack a bar, and symbols may begin and end on other days."""


STRICT: Final = Leave()
"""Nothing passes."""


@dataclass(frozen=True)
class _Share:
    """What was read of one symbol, and from which file."""

    file: str
    rows: list[Row]


def import_own(folder: Path, home: Path, leave: Leave = STRICT) -> Path:
    """Check the files and keep them as a recorded market; where it stands.

    Args:
        folder: of `SYMBOL.csv` or `SYMBOL.parquet` files with the columns date, open, high, low, close, volume.
        home: below which the recorded market is kept.
        leave: what may pass.

    Raises:
        ConfigurationError: something is wrong with the files, a line for each; nothing was written.
    """
    histories = _read(folder, leave)
    place = home / _digest(histories)
    if not place.exists():
        _write(place, histories)
    return place


def _read(folder: Path, leave: Leave) -> dict[str, list[Row]]:
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder: name one that holds a SYMBOL.csv for each symbol")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _KINDS)
    if not files:
        raise ConfigurationError(f"{folder} holds no SYMBOL.csv and no SYMBOL.parquet")
    shares: dict[str, _Share] = {}
    faults: list[Fault] = []
    for path in files:
        if not _SYMBOL.fullmatch(path.stem):
            faults.append(Fault(path.name, 1, f"{path.stem} is no symbol: name the file such as AAPL.csv"))
        elif path.stem in shares:
            faults.append(Fault(path.name, 1, f"{shares[path.stem].file} has {path.stem} already: keep one of them"))
        else:
            rows, wrong = read_rows(path)
            faults += wrong or out_of_order(path.name, rows)
            shares[path.stem] = _Share(path.name, rows)
    faults = faults or list(_against_each_other(shares.values(), leave))
    if faults:
        raise ConfigurationError(_told(folder, faults))
    return {symbol: share.rows for symbol, share in shares.items()}


def _against_each_other(shares: Collection[_Share], leave: Leave) -> Iterator[Fault]:
    """What only shows beside the calendar and the other files."""
    sessions = [session.day for session in _sessions(share.rows for share in shares)]
    places = {day: place for place, day in enumerate(sessions)}
    ends = (sessions[0], sessions[-1]) if sessions else None
    for name, rows in ((share.file, share.rows) for share in shares):
        strays = [Fault(name, row.number, _stray(row.day)) for row in rows if row.day not in places]
        yield from strays
        if not leave.gaps and not strays:
            yield from _gaps(name, rows, places)
            yield from _mixed(name, rows, ends)
        if not leave.splits:
            yield from leaps(name, rows)


def _gaps(name: str, rows: Sequence[Row], places: Mapping[date, int]) -> Iterator[Fault]:
    for before, row in pairwise(rows):
        if missing := places[row.day] - places[before.day] - 1:
            said = f"{missing} session{'s' if missing > 1 else ''} without a bar between {before.day} and {row.day}"
            yield Fault(name, row.number, f"{said} (--allow-gaps if it was not traded)")


def _mixed(name: str, rows: Sequence[Row], ends: tuple[date, date] | None) -> Iterator[Fault]:
    if ends is None:
        return
    for row, end, word in ((rows[0], ends[0], "begins"), (rows[-1], ends[1], "ends")):
        if row.day != end:
            said = f"it {word} on {row.day}, another symbol on {end}"
            yield Fault(name, row.number, f"{said} (--allow-gaps if it was not traded)")


def _stray(day: date) -> str:
    return f"the exchange had no session on {day}, a {day:%A}"


def _sessions(histories: Iterable[Sequence[Row]]) -> list[Session]:
    """The exchange's sessions from the first to the last day of any file."""
    days = [row.day for rows in histories for row in rows]
    first, last = min(days), max(days)
    return [each for each in exchange_sessions(first - _WEEK, last + _WEEK) if first <= each.day <= last]


def _digest(histories: Mapping[str, Sequence[Row]]) -> str:
    """Names the bars, and not on which rows of a file they stood."""
    bars = [(symbol, [(row.day, row.prices, row.volume) for row in rows]) for symbol, rows in sorted(histories.items())]
    return hashlib.sha256(repr(bars).encode()).hexdigest()[:16]


def _write(place: Path, histories: Mapping[str, Sequence[Row]]) -> None:
    """All of it, or nothing: it is written beside its place and then moved there."""
    sessions = _sessions(histories.values())
    closes = {session.day: session for session in sessions}
    bars = {symbol: [_bar(symbol, row, closes[row.day]) for row in rows] for symbol, rows in histories.items()}
    origin = Origin(package="a person's own files", version=place.name, licence="the person's to know")
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(dir=place.parent, prefix=".part-"))
    try:
        write_folder(beside, origin, sessions, bars)
        beside.replace(place)
    except OSError:
        if not place.exists():  # otherwise another process was faster, with the same bars
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _bar(symbol: str, row: Row, session: Session) -> Bar:
    prices = dict(zip(PRICES, row.prices, strict=True))
    return Bar(symbol=symbol, session=row.day, ended=session.closes, volume=row.volume, **prices)


def _told(folder: Path, faults: Sequence[Fault]) -> str:
    """A line for each fault, in the order of the files; of many in one file, the first few."""
    by_file: defaultdict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_file[fault.file].append(fault)
    lines = [f"the bars in {folder} cannot be used:"]
    for file, own in by_file.items():
        lines += map(str, own[:_MOST_SAID])
        if len(own) > _MOST_SAID:
            lines.append(f"{file}: and {len(own) - _MOST_SAID} more")
    return "\n".join(lines)
