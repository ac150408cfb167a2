"""What the memory learned of the past, as typed events: outcomes of earlier entries, and lessons."""

from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime

from perun.tools.domain.frozen import Frozen


class OutcomeRow(Frozen):
    """What followed one entry, at one horizon; ratios, 0.05 is five per cent."""

    id: str
    horizon: str
    """Sessions, or `closed` for a trade that ended."""
    known_at: AwareDatetime
    """The market time from which it is known."""
    change: Decimal
    excess: Decimal | None
    worst: Decimal


class OutcomesKnown(Frozen):
    """What came of earlier decisions, as far as it became known when this cycle began."""

    kind: Literal["memory.outcomes"] = "memory.outcomes"
    outcomes: tuple[OutcomeRow, ...]


class LessonLearned(Frozen):
    """A lesson was written, from entries of the memory."""

    kind: Literal["memory.lesson"] = "memory.lesson"
    id: str
    symbol: str
    text: str
    sources: tuple[str, ...]
    """Ids of the entries that it comes from."""
    tainted: bool
