"""A recorded market altered for a control: returns permuted, prices mirrored, or names and dates masked.

A desk that sees skill where there is none, answers as if nothing had changed, or knows the shares by their names, is
found out on these days. What is altered: bars and sessions; news would speak of prices that never were, and is dropped.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from perun.tools.domain.market import EXCHANGE_TIME, Bar, Session

ERA: Final = timedelta(weeks=2000)
"""How far masked days lie ahead of their own: whole weeks, so that a Monday stays a Monday."""
_TICK: Final = Decimal("0.0001")

Histories = Mapping[str, Sequence[Bar]]
"""Bars by symbol, oldest first."""


@dataclass(frozen=True)
class Disguise:
    """What the desk is shown in place of the recorded days, and how to find back."""

    sessions: Sequence[Session]
    bars: Histories
    names: Mapping[str, str]
    """True symbol to shown one."""
    shift: timedelta = timedelta()
    """From the true day to the shown one."""


def shuffled(sessions: Sequence[Session], bars: Histories, seed: int) -> Disguise:
    """Whole days drawn in another order, the same for all symbols, from where all of them have a close before.

    A day keeps its return from the close before, its open, high and low against its close, its volume, and what the
    other symbols did on it; so risk, drift and their ties stay, and whatever the order of days foretold is gone.
    """
    start = max(history[0].session for history in bars.values())
    days = [session.day for session in sessions if session.day > start]
    drawn = random.Random(seed).sample(days, len(days))
    sources = dict(zip(days, drawn, strict=True))
    redrawn = {symbol: _redrawn(history, sources, sessions) for symbol, history in bars.items()}
    return Disguise(sessions, redrawn, _own_names(bars))


def contradicted(sessions: Sequence[Session], bars: Histories, pivot: date) -> Disguise:
    """Every log return with its sign turned: what rose falls as much. Prices are mirrored at the close of `pivot`."""
    mirrored = {symbol: _mirrored(history, pivot) for symbol, history in bars.items()}
    return Disguise(sessions, mirrored, _own_names(bars))


def blind(sessions: Sequence[Session], bars: Histories, seed: int) -> Disguise:
    """Symbols named S01, S02, … in an order that the seed draws, and days of another era; the prices stay."""
    drawn = random.Random(seed).sample(sorted(bars), len(bars))
    names = {symbol: f"S{number:02}" for number, symbol in enumerate(drawn, 1)}
    shown = {session.day: _moved(session) for session in sessions}
    masked = {names[symbol]: _masked(history, names[symbol], shown) for symbol, history in bars.items()}
    return Disguise(tuple(shown.values()), masked, names, ERA)


def _redrawn(history: Sequence[Bar], sources: Mapping[date, date], sessions: Sequence[Session]) -> list[Bar]:
    """The history with each day's shape taken from the day that was drawn for it; a day without a bar moves too."""
    shapes = {bar.session: (before.close, bar) for before, bar in pairwise(history)}
    told = [bar for bar in history if bar.session not in sources]
    close = told[-1].close
    for session in sessions:
        if session.day not in sources or (shape := shapes.get(sources[session.day])) is None:
            continue
        before, drawn = shape
        scale, close = close / before, close * drawn.close / before
        moved = {"session": session.day, "ended": session.closes}
        told.append(_priced(drawn, scale.__mul__).model_copy(update=moved))
    return told


def _masked(history: Sequence[Bar], name: str, shown: Mapping[date, Session]) -> list[Bar]:
    there = (shown[bar.session] for bar in history)
    moved = ({"symbol": name, "session": session.day, "ended": session.closes} for session in there)
    return [bar.model_copy(update=update) for bar, update in zip(history, moved, strict=True)]


def _mirrored(history: Sequence[Bar], pivot: date) -> list[Bar]:
    square = next((bar.close for bar in history if bar.session >= pivot), history[-1].close) ** 2
    turned = (_priced(bar, square.__truediv__) for bar in history)
    return [bar.model_copy(update={"high": bar.low, "low": bar.high}) for bar in turned]


def _priced(bar: Bar, turn: Callable[[Decimal], Decimal]) -> Bar:
    """The bar with every price turned into another."""
    names = ("open", "high", "low", "close")
    return bar.model_copy(update={name: max(_TICK, turn(getattr(bar, name)).quantize(_TICK)) for name in names})


def _moved(session: Session) -> Session:
    """The session in another era, at the same time on the exchange's clock."""
    return Session(day=session.day + ERA, opens=_ahead(session.opens), closes=_ahead(session.closes))


def _ahead(moment: datetime) -> datetime:
    # Arithmetic within one zone keeps the clock on the wall, which is what an exchange opens by.
    return (moment.astimezone(EXCHANGE_TIME) + ERA).astimezone(UTC)


def _own_names(bars: Histories) -> dict[str, str]:
    return {symbol: symbol for symbol in bars}
