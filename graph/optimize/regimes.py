"""How the market had gone before a decision: rising, falling or sideways, by what the watched shares did."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from perun.tools.domain.market import Bar
from perun.tools.domain.money import ZERO

LOOK_BACK: Final = 60
"""Sessions over which the market is looked at."""
MOVED: Final = Decimal("0.05")
"""From this mean change on it rose or fell; 0.05 is five per cent."""


def regime(histories: Iterable[Sequence[Bar]], as_of: datetime) -> str:
    """`rising`, `falling`, `sideways`; `unknown` when no share has a history so long."""
    changes = [change for bars in histories if (change := _change(bars, as_of)) is not None]
    if not changes:
        return "unknown"
    mean = sum(changes, ZERO) / len(changes)
    return "rising" if mean >= MOVED else "falling" if mean <= -MOVED else "sideways"


def _change(bars: Sequence[Bar], as_of: datetime) -> Decimal | None:
    known = [bar for bar in bars if bar.ended <= as_of][-LOOK_BACK - 1 :]
    return known[-1].close / known[0].close - 1 if len(known) > LOOK_BACK else None
