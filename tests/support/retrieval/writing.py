"""What a desk might have written on a recorded day, in several wordings; and what would be asked on another one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.tools.market.indicators import Indicators
from support.retrieval.situations import Day, chance

WRITTEN = datetime(2026, 11, 22, tzinfo=UTC)

HAPPENED = {
    "gap-down": (
        "The shares opened far below yesterday's close and sellers stayed in charge.",
        "A hard markdown overnight: the first print was several percent lower.",
        "It gapped lower at the bell on bad news.",
    ),
    "gap-up": (
        "The shares opened far above yesterday's close on good news.",
        "A jump overnight: the first print was several percent higher.",
        "Buyers were waiting at the bell and it gapped higher.",
    ),
    "stopped": (
        "The slide went through the level at which we had placed our protective stop.",
        "We were taken out of the position by the stop after a few sour sessions.",
        "The price fell to our exit level and the stop sold everything.",
    ),
    "new-low": (
        "No close in a year has been lower than this one.",
        "Support of the past twelve months broke.",
        "It made a fresh 52-week low.",
    ),
    "new-high": (
        "No close in a year has been higher than this one.",
        "Resistance of the past twelve months gave way.",
        "It made a fresh 52-week high.",
    ),
    "rebound": (
        "A sharp bounce after weeks of losses; short sellers covered.",
        "Relief at last: a big green day within a long fall.",
        "It recovered strongly from a beaten-down level.",
    ),
    "quiet": (
        "Nothing moves: day after day within one percent.",
        "Trading has gone to sleep and ranges are tiny.",
        "A calm drift without news.",
    ),
}
"""Wordings of the entries, by event."""

FOUND = {
    "gap-down": ("Stock tumbles at the open after the company's announcement.", "Heavy selling hit before the start."),
    "gap-up": (
        "Stock leaps at the open after the company's announcement.",
        "Strong demand before the start of trading.",
    ),
    "stopped": ("Holders were forced out as the decline reached stop-loss orders.", "The drop triggered stop orders."),
    "new-low": ("The stock has sunk to its weakest level since last year.", "Worst price in twelve months."),
    "new-high": ("The stock has climbed to its strongest level since last year.", "Best price in twelve months."),
    "rebound": ("The battered stock surged as bargain hunters returned.", "A violent upswing after heavy declines."),
    "quiet": ("There is no news and hardly any movement.", "An uneventful stretch with narrow trading."),
}
"""Wordings of the questions: what a researcher found, by event. None of them stands in an entry."""

VIEW = {
    "gap-down": "I would not catch it today.",
    "gap-up": "Chasing it is risky, holding it is not.",
    "stopped": "Stay out until it stops falling.",
    "new-low": "Weakness tends to go on.",
    "new-high": "Strength tends to go on.",
    "rebound": "One day does not end a fall.",
    "quiet": "Wait for a move.",
}


def entries_of(day: Day) -> Iterator[MemoryEntry]:
    """An analysis, what was wished or done, now and then a lesson, and now and then a second cycle of the same day."""
    yield _entry(day, Kind.ANALYSIS, f"{day.symbol}: {_said(day, 0)} {' '.join(_aspects(day))} {VIEW[day.event]}", {})
    if day.event == "stopped":
        yield _entry(day, Kind.TRADE, f"sell 100 {day.symbol} stop: filled. {_said(day, 1)}", _STOP)
    else:
        action = {"new-high": "BUY", "new-low": "SELL"}.get(day.event, "HOLD")
        yield _entry(day, Kind.SIGNAL, f"{day.symbol}: {action}. {_said(day, 1)} {VIEW[day.event]}", {"action": action})
    if chance("lesson", day.name) < 0.3:
        yield _entry(day, Kind.LESSON, f"Lesson from {day.symbol}: {_said(day, 2)} {_outlook(day)}", {})
    if chance("twice", day.name) < 0.15:
        text = f"{day.symbol}: {_said(day, 2)} {' '.join(_aspects(day))}"
        yield _entry(day, Kind.ANALYSIS, text, {}, hours=-3)


def noise(days: list[Day]) -> Iterator[MemoryEntry]:
    """Lines that help nobody: every tenth day something went wrong."""
    for day in days[::10]:
        yield _entry(day, Kind.ERROR, "the analyst abstained: the provider did not answer within 60 seconds", {})


def market_of(day: Day) -> MemoryEntry:
    """The day's snapshot, from which the organizer tells how the share stood."""
    return _entry(day, Kind.MARKET, day.name, day.seen.model_dump(mode="json"))


def finding(day: Day) -> str:
    """What a researcher would report on that day."""
    wordings = FOUND[day.event]
    return wordings[int(chance("found", day.name) * len(wordings))]


_STOP = {"side": "sell", "type": "stop", "status": "filled"}


def _said(day: Day, turn: int) -> str:
    wordings = HAPPENED[day.event]
    return wordings[(int(chance("said", day.name) * len(wordings)) + turn) % len(wordings)]


def _outlook(day: Day) -> str:
    return "What followed was worse." if chance("outlook", day.name) < 0.5 else "Patience would have paid."


def _aspects(day: Day) -> list[str]:
    """Two or three sides of how the share stood, in words of an analyst's own choice."""
    told = list(_told(day.seen.indicators))
    return sorted(told, key=lambda text: chance("aspect", day.name, text))[: 2 + int(chance("many", day.name) * 2)]


def _told(now: Indicators) -> Iterator[str]:
    assert now.rsi_14 is not None
    assert now.volatility_20 is not None
    assert now.return_20 is not None
    assert now.sma_50 is not None
    assert now.sma_200 is not None
    yield f"RSI stands at {now.rsi_14:.0f}{', stretched' if abs(now.rsi_14 - 50) > 22 else ''}."
    yield "Swings are wide." if now.volatility_20 > 0.35 else "Swings are moderate."
    yield f"{'Up' if now.return_20 > 0 else 'Down'} {abs(now.return_20) * 100:.0f}% in a month."
    yield "The long trend points up." if now.sma_50 > now.sma_200 else "The long trend points down."


def _entry(day: Day, kind: Kind, text: str, data: dict[str, object], hours: int = 0) -> MemoryEntry:
    cycle = f"{day.session.day}{hours or ''}"
    return MemoryEntry(
        id=entry_id(kind, cycle, day.symbol),
        kind=kind,
        symbols=(day.symbol,),
        as_of=day.session.closes + timedelta(hours=hours),
        written_at=WRITTEN,
        cycle_id=str(day.session.day),
        source="retrieval set",
        text=text,
        data=data,
    )
