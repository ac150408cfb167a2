"""Does a decision rest on what came later? The same session with its future cut off, and with another future.

What a desk may know at *as of* is the same in all three, so whatever it saw, said and measured must be the same too.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.ledger import Ledger
from perun.graph.replay.disguise import Histories
from perun.tools.domain.market import Bar

_DECISION: Final = frozenset(
    {
        "cycle.started", "snapshot", "memory.recalled", "research", "model.asked", "tool.called", "numbers.unverified",
        "evidence.tainted", "agent.abstained", "report", "signal", "advice", "verdict", "intent",
    }
)  # fmt: skip
"""Kinds of events that make up a decision. The others tell what became of it later, or how long it took."""
_AROUND: Final = 60
"""Characters of each text that a difference shows."""

Facts = Mapping[str, str]
"""All that a cycle saw, said and measured, by what it is, e.g. `signal AAPL`; each as JSON without durations."""


@dataclass(frozen=True)
class Difference:
    """The first thing that was not the same."""

    what: str
    was: str
    became: str


def cut_after(bars: Histories, day: date) -> dict[str, list[Bar]]:
    """The bars up to `day`."""
    return {symbol: [bar for bar in history if bar.session <= day] for symbol, history in bars.items()}


def other_after(bars: Histories, day: date, seed: int = 0) -> dict[str, list[Bar]]:
    """The same bars up to `day`, and later ones at other prices: each between half and twice its own."""
    draw = random.Random(seed)
    return {
        symbol: [bar if bar.session <= day else _priced(bar, Decimal(draw.randint(50, 200)) / 100) for bar in history]
        for symbol, history in bars.items()
    }


def facts(ledger: Ledger, cycle: Cycle) -> Facts:
    """What the cycle saw, said and measured, by what it is."""
    told: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for stored in ledger.events.read(cycle.cycle_id):
        if stored.event.kind not in _DECISION:
            continue
        row = stored.event.model_dump(mode="json", exclude={"seconds"})
        name = _name(row)
        seen[name] += 1
        told[name if seen[name] == 1 else f"{name} ({seen[name]})"] = json.dumps(row, sort_keys=True)
    return told


def first_difference(was: Facts, became: Facts) -> Difference | None:
    """Where the two part; None when they are the same to the byte."""
    for what in _all(was, became):
        if (one := was.get(what, "")) != (other := became.get(what, "")):
            return Difference(what, *_excerpts(one, other))
    return None


def sampled(sessions: int, samples: int) -> Sequence[int]:
    """Numbers of so many sessions, evenly spread up to the last."""
    count = min(samples, sessions)
    return [(place + 1) * sessions // count - 1 for place in range(count)]


def _name(row: Mapping[str, Any]) -> str:
    """What an event is about: its kind, and whose or which."""
    inner: Mapping[str, Any] = next(
        (row[kind] for kind in ("signal", "advice", "verdict", "report", "terms") if kind in row), {}
    )
    about = (row["kind"], row.get("stage"), row.get("key") or row.get("role"), row.get("symbol") or inner.get("symbol"))
    return " ".join(str(part) for part in about if part)


def _all(was: Facts, became: Facts) -> Iterable[str]:
    return dict.fromkeys((*was, *became))


def _excerpts(one: str, other: str) -> tuple[str, str]:
    places = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    start = max(0, next(places, min(len(one), len(other))) - _AROUND // 2)
    return one[start : start + _AROUND], other[start : start + _AROUND]


def _priced(bar: Bar, factor: Decimal) -> Bar:
    names = ("open", "high", "low", "close")
    return bar.model_copy(update={name: getattr(bar, name) * factor for name in names})
