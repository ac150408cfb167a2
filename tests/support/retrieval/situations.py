"""Real recorded days, what happened on them, and how alike two of them are: none of it read from any text.

The measures here are not the ones from which the desk makes its tags and words (`memory/bands.py`): other windows, no
bounds, ranks instead of values. Whoever judges must not mark his own paper.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from statistics import fmean, pstdev

from perun.tools.domain.market import Bar, Session
from perun.tools.market.indicators import indicators
from perun.tools.market.recorded import RecordedMarket
from perun.tools.market.snapshot import HISTORY, SHOWN, SymbolSnapshot

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
EVENTS = ("gap-down", "gap-up", "stopped", "new-low", "new-high", "rebound", "quiet")
"""In the order in which they are looked for: a day has the first that fits, or none."""
BEGINNING = 260
"""Sessions of a share that every measure has behind it."""


@dataclass(frozen=True)
class Day:
    """One session of one share."""

    symbol: str
    session: Session
    event: str
    measures: tuple[float, ...]
    """How the share stood, each as its rank among all its days, 0 to 1."""
    bars: tuple[Bar, ...]
    """The history up to and with this day, as far back as the desk reads it."""

    @property
    def name(self) -> str:
        return f"{self.symbol}-{self.session.day}"

    @property
    def seen(self) -> SymbolSnapshot:
        """The day as the desk's own snapshot has it."""
        return SymbolSnapshot(symbol=self.symbol, quote=None, bars=self.bars[-SHOWN:], indicators=indicators(self.bars))


def chance(*parts: object) -> float:
    """A number from 0 to 1 that is always the same for the same parts."""
    return int.from_bytes(sha256("|".join(map(str, parts)).encode()).digest()[:8]) / 2**64


def distance(one: Day, other: Day) -> float:
    """How unlike two days are: the mean difference of their measures' ranks."""
    return fmean(abs(a - b) for a, b in zip(one.measures, other.measures, strict=True))


@cache
def eventful() -> tuple[Day, ...]:
    """Every day with an event, of every share, oldest first."""
    market = RecordedMarket.shipped()
    sessions = {session.day: session for session in market.sessions()}
    found = [day for symbol in SYMBOLS for day in _of(market, symbol, sessions)]
    return tuple(sorted(found, key=lambda day: (day.session.day, day.symbol)))


def _of(market: RecordedMarket, symbol: str, sessions: dict[object, Session]) -> Iterator[Day]:
    bars = tuple(market.at(market.last_session().closes).bars(symbol, 100_000))
    closes = [float(bar.close) for bar in bars]
    raw = {at: _measures(closes, at) for at in range(BEGINNING, len(bars))}
    sorted_ = [sorted(column) for column in zip(*raw.values(), strict=True)]
    for at, measures in raw.items():
        if event := _event(bars, closes, at):
            ranks = tuple(
                bisect_left(column, value) / len(column) for column, value in zip(sorted_, measures, strict=True)
            )
            yield Day(symbol, sessions[bars[at].session], event, ranks, bars[max(0, at + 1 - HISTORY) : at + 1])


def _measures(closes: Sequence[float], at: int) -> tuple[float, ...]:
    """Return over 60 sessions and 10, deviation over 60, distance from the mean of 100, place in the range of 120."""
    now, changes = closes[at], [closes[i] / closes[i - 1] - 1 for i in range(at - 59, at + 1)]
    low, high = min(closes[at - 119 : at + 1]), max(closes[at - 119 : at + 1])
    return (
        now / closes[at - 60] - 1,
        now / closes[at - 10] - 1,
        pstdev(changes),
        now / fmean(closes[at - 99 : at + 1]) - 1,
        (now - low) / (high - low),
    )


def _event(bars: Sequence[Bar], closes: Sequence[float], at: int) -> str:
    """What happened, by the bars alone; empty when nothing did."""
    gap, change = float(bars[at].open) / closes[at - 1] - 1, closes[at] / closes[at - 1] - 1
    year = closes[at - 250 : at]
    swing = fmean(float(bar.high) - float(bar.low) for bar in bars[at - 19 : at - 4])
    widest = max(abs(closes[i] / closes[i - 1] - 1) for i in range(at - 9, at + 1))
    happened = {
        "gap-down": gap < -0.035,
        "gap-up": gap > 0.035,
        "stopped": float(bars[at].low) < closes[at - 5] - 2.5 * swing <= min(closes[at - 4 : at]),
        "new-low": closes[at] < min(year),
        "new-high": closes[at] > max(year),
        "rebound": change > 0.035 and closes[at - 1] / closes[at - 60] < 0.85,
        "quiet": widest < 0.012,
    }
    return next((event for event in EVENTS if happened[event]), "")
