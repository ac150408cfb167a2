"""One file of bars that a person brings: read row by row, and whatever is wrong with a row is said with its number."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

from perun.tools.market.own_parquet import Unreadable, read_parquet

COLUMNS: Final = ("date", "open", "high", "low", "close", "volume")
"""Of a file, in any order; prices in US dollars, volume in whole shares."""
MOST_OVERNIGHT: Final = Decimal("0.4")
"""Of the last close; an open that is further away looks like a split that was not adjusted."""
PRICES: Final = ("open", "high", "low", "close")

_PLACES: Final = Decimal("0.0001")
_HIGHEST: Final = Decimal(10) ** 9
_NUMBER: Final = re.compile(r"-?\d+(\.\d*)?([eE][+-]?\d{1,3})?")


@dataclass(frozen=True)
class Row:
    """A row that could be read; prices to four decimals."""

    number: int
    """Its place in the file: of a CSV its line, with the titles on line 1; of a Parquet file the first is 1."""
    day: date
    prices: tuple[Decimal, Decimal, Decimal, Decimal]
    """Open, high, low and close."""
    volume: int


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file, and in which of its rows."""

    file: str
    row: int
    said: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.said}"


def read_rows(path: Path) -> tuple[list[Row], list[Fault]]:
    """The rows of a CSV or Parquet file that could be read, and what is wrong with the others.

    Raises:
        ConfigurationError: it is Parquet, and what reads it is not installed.
    """
    read = read_parquet if path.suffix.lower() == ".parquet" else _read_csv
    try:
        said, lines = read(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return [], [Fault(path.name, 1, f"it cannot be read: {type(error).__name__}")]
    except Unreadable as error:
        return [], [Fault(path.name, 1, str(error))]
    titles = [each.strip().lower() for each in said]
    if sorted(titles) != sorted(COLUMNS):
        return [], [Fault(path.name, 1, f"its columns should be {','.join(COLUMNS)}, not {','.join(titles) or 'none'}")]
    rows, faults = _rows(path.name, titles, enumerate(lines, 1 if read is read_parquet else 2))
    if not rows and not faults:
        faults = [Fault(path.name, 1, "there are no rows under the titles")]
    return rows, faults


def _read_csv(path: Path) -> tuple[list[str], list[list[str]]]:
    lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    return (lines[0], lines[1:]) if lines else ([], [])


def _rows(name: str, titles: Sequence[str], lines: Iterable[tuple[int, list[str]]]) -> tuple[list[Row], list[Fault]]:
    rows, faults = [], []
    for number, cells in lines:
        if any(each.strip() for each in cells):
            try:
                rows.append(_row(number, titles, cells))
            except ValueError as error:
                faults.append(Fault(name, number, str(error)))
    return rows, faults


def out_of_order(name: str, rows: Sequence[Row]) -> Iterator[Fault]:
    """Days that come twice, or after a later one."""
    seen: dict[date, int] = {}
    latest = date.min
    for row in rows:
        if row.day in seen:
            yield Fault(name, row.number, f"{row.day} comes again: it stands on row {seen[row.day]}")
        elif row.day < latest:
            said = f"{row.day} comes after {latest}: rows should be sorted by date, oldest first"
            yield Fault(name, row.number, said)
        seen.setdefault(row.day, row.number)
        latest = max(latest, row.day)


def leaps(name: str, rows: Sequence[Row]) -> Iterator[Fault]:
    """Nights over which the price leapt as it does when a split was not adjusted."""
    for before, row in pairwise(rows):
        change = row.prices[0] / before.prices[3] - 1
        if abs(change) > MOST_OVERNIGHT:
            yield Fault(
                name,
                row.number,
                f"{before.prices[3]} at the close before and {row.prices[0]} at the open of {row.day}, "
                f"{change * 100:+.0f} %: a split that is not adjusted? (--allow-splits if the price really leapt)",
            )


def _row(number: int, titles: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(titles):
        raise ValueError(f"it has {len(cells)} values under {len(titles)} titles")
    told = {title: cell.strip() for title, cell in zip(titles, cells, strict=True)}
    first, high, low, last = (_price(title, told[title]) for title in PRICES)
    if high < low:
        raise ValueError(f"the high {told['high']} lies below the low {told['low']}")
    if not low <= min(first, last) <= max(first, last) <= high:
        raise ValueError(f"open {told['open']} or close {told['close']} lies outside {told['low']} to {told['high']}")
    return Row(number, _day(told["date"]), (first, high, low, last), _volume(told["volume"]))


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"date {text!r} is no day such as 2009-06-01") from None
    if not 1900 <= day.year <= 2100:
        raise ValueError(f"date {text!r} lies in no year that can be meant")
    return day


def _price(title: str, text: str) -> Decimal:
    price = _number(title, text).quantize(_PLACES, ROUND_HALF_EVEN)
    if price <= 0:
        raise ValueError(f"{title} {text} should be above zero")
    return price


def _volume(text: str) -> int:
    volume = _number("volume", text)
    if volume < 0:
        raise ValueError(f"volume {text} should not be below zero")
    if volume != int(volume):
        raise ValueError(f"volume {text} should be whole")
    return int(volume)


def _number(title: str, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{title} {text!r} is no number")
    number = Decimal(text)
    if abs(number) > _HIGHEST * (10**6 if title == "volume" else 1):
        raise ValueError(f"{title} {text} is larger than anything traded")
    return number
