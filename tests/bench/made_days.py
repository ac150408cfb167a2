"""Made days for a large replay: twenty shares, each a drawn walk of its own, the same whenever they are made."""

import csv
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from perun.tools.market.importing import exchange_sessions

SYMBOLS: Final = tuple(f"M{number:02}" for number in range(1, 21))
FIRST: Final = date(2008, 6, 2)
"""Long enough before the replay that every indicator has its history."""
BEGINS: Final = date(2010, 1, 4)
ENDS: Final = date(2014, 12, 31)
"""Five years: 1,258 sessions."""


def make(folder: Path) -> Path:
    """Write a CSV file for each share."""
    folder.mkdir(parents=True, exist_ok=True)
    days = [session.day for session in exchange_sessions(FIRST, ENDS)]
    for symbol in SYMBOLS:
        with (folder / f"{symbol}.csv").open("w", newline="") as file:
            sheet = csv.writer(file)
            sheet.writerow(["date", "open", "high", "low", "close", "volume"])
            sheet.writerows(_walk(days, Random(symbol)))
    return folder


def _walk(days: list[date], drawn: Random) -> list[tuple[str, ...]]:
    close, rows = drawn.uniform(20, 200), []
    for day in days:
        opening = close * drawn.gauss(1, 0.004)
        close = opening * drawn.gauss(1.0003, 0.014)
        high = max(opening, close) * (1 + abs(drawn.gauss(0, 0.004)))
        low = min(opening, close) * (1 - abs(drawn.gauss(0, 0.004)))
        prices = (f"{price:.4f}" for price in (opening, high, low, close))
        rows.append((day.isoformat(), *prices, str(drawn.randrange(1_000_000, 9_000_000))))
    return rows
