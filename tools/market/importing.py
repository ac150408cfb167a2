"""Makes the recorded market out of the daily files of `bokeh-sampledata`: `python -m perun.tools.market.importing`.

Open, high, low and close are scaled by adjusted close over close, so that splits and dividends leave no jump; volume
stays in shares as they were traded that day.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import Bar, Session
from perun.tools.market.folder import Origin, write_folder

PACKAGE: Final = "bokeh-sampledata"
LICENCE: Final = "package BSD-3-Clause; stock data public domain (Quandl WIKI Prices)"
SYMBOLS: Final = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
FOUR_PLACES: Final = Decimal("0.0001")

Columns = Mapping[str, Sequence[Any]]
"""A symbol's history as the package gives it: a column's name to its values, `date` as ISO text."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Import into the folder named on the command line; the exit code is 2 when that cannot be done."""
    parser = argparse.ArgumentParser(description="Write the recorded market from the package bokeh-sampledata.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(str(files("perun.recorded"))), metavar="OUT_DIR")
    try:
        import_market(parser.parse_args(arguments).folder)
    except (ConfigurationError, OSError) as error:
        _note(f"error: {error}")
        return ConfigurationError.exit_code
    return 0


def import_market(folder: Path) -> None:
    """Read the package, check it against the exchange's calendar, and write the folder.

    Raises:
        ConfigurationError: an import package is missing, or its data contradict themselves or the calendar.
        OSError: the folder cannot be written.
    """
    stocks = _needed("bokeh_sampledata.stocks")
    histories: dict[str, Columns] = {symbol: getattr(stocks, symbol) for symbol in SYMBOLS}
    sessions = exchange_sessions(
        date.fromisoformat(min(columns["date"][0] for columns in histories.values())),
        date.fromisoformat(max(columns["date"][-1] for columns in histories.values())),
    )
    bars = {symbol: adjusted_bars(symbol, columns, sessions) for symbol, columns in histories.items()}
    origin = Origin(package=PACKAGE, version=version(PACKAGE), licence=LICENCE)
    try:
        write_folder(folder, origin, sessions, bars)
    except ValueError as error:
        raise ConfigurationError(f"{PACKAGE} {origin.version} has data that cannot be used: {error}") from error
    _note(f"wrote {len(bars)} symbols and {len(sessions)} sessions to {folder}")


def exchange_sessions(first: date, last: date) -> list[Session]:
    """The New York Stock Exchange's sessions from `first` to `last`, half-days included, in UTC.

    Raises:
        ConfigurationError: exchange-calendars is missing.
    """
    calendar = _needed("exchange_calendars").get_calendar("XNYS", start=first.isoformat(), end=last.isoformat())
    return [
        Session(
            day=day.date(),
            opens=calendar.session_open(day).to_pydatetime(),
            closes=calendar.session_close(day).to_pydatetime(),
        )
        for day in calendar.sessions
    ]


def adjusted_bars(symbol: str, columns: Columns, sessions: Sequence[Session]) -> list[Bar]:
    """A bar for each row, its prices scaled to the adjusted close; says on stderr which sessions have none.

    Raises:
        ConfigurationError: a row lies on a day without a session, or holds a number that no bar may have.
    """
    closes = {session.day: session.closes for session in sessions}
    days = [date.fromisoformat(day) for day in columns["date"]]
    strays = [day for day in days if day not in closes]
    if strays:
        raise ConfigurationError(
            f"{symbol} has a bar on {strays[0]} ({len(strays)} such days), but the calendar XNYS has no session then"
        )
    silent = sorted(day for day in set(closes) - set(days) if days[0] < day < days[-1])
    named = f" ({', '.join(map(str, silent))})" if silent else ""
    _note(f"{symbol}: {len(days)} bars from {days[0]} to {days[-1]}; sessions without a bar: {len(silent)}{named}")
    return [_adjusted_bar(symbol, day, columns, row, closes) for row, day in enumerate(days)]


def _adjusted_bar(symbol: str, day: date, columns: Columns, row: int, closes: Mapping[date, datetime]) -> Bar:
    # A float's repr is the shortest text that means it: the very digits of the package's file.
    numbers = {name: Decimal(repr(columns[name][row])) for name in ("open", "high", "low", "close", "adj_close")}
    try:
        factor = numbers["adj_close"] / numbers["close"]
        return Bar(
            symbol=symbol,
            session=day,
            ended=closes[day],
            open=_rounded(numbers["open"] * factor),
            high=_rounded(numbers["high"] * factor),
            low=_rounded(numbers["low"] * factor),
            close=_rounded(numbers["adj_close"]),
            volume=columns["volume"][row],
        )
    except (ValueError, ArithmeticError) as error:
        raise ConfigurationError(f"{symbol} on {day}: {PACKAGE} has a number that no bar may have") from error


def _rounded(price: Decimal) -> Decimal:
    return price.quantize(FOUR_PLACES, ROUND_HALF_EVEN)


def _needed(module: str) -> ModuleType:
    """Import what only the importer needs; the desk itself runs without it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or module).partition(".")[0]
        raise ConfigurationError(f"{package} is missing: pip install 'perun-trading[import]'") from error


def _note(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
