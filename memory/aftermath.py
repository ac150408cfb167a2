"""What followed an entry, each piece with the instant from which it is known: outcomes, and credit for being cited."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from perun.tools.domain.frozen import Frozen

Ratio = Annotated[Decimal, Field(ge=-1000, le=1000, allow_inf_nan=False)]
"""0.05 is five per cent; kept to four decimals."""


class Horizon(StrEnum):
    """From where one looks back on an entry: the end of its first, fifth or twentieth session, or the trade's end."""

    ONE = "1"
    FIVE = "5"
    TWENTY = "20"
    CLOSED = "closed"

    @property
    def rank(self) -> int:
        """Its place in the order above; of two outcomes the later horizon tells more."""
        return list(Horizon).index(self)


class Outcome(Frozen):
    """What the share did from the entry on, as it stood at one later moment; `outcomes.py` says how it is measured."""

    horizon: Horizon
    known_at: AwareDatetime
    """The market time from which it is known. Nothing that looks from an earlier time may see it."""
    sessions: Annotated[int, Field(ge=1)]
    """Sessions from the first to the last that count, both included."""
    change: Ratio
    """How the price changed. A share that was sold and rose has a positive change: the direction is the entry's."""
    excess: Ratio | None
    """The change, less that of the benchmark over the same sessions; None when there is none to compare with."""
    worst: Annotated[Ratio, Field(le=0)]
    """How far the price went against what was wished, at the worst moment of those sessions."""


class Credit(Frozen):
    """What followed one decision that cited the entry."""

    decision: str
    """Id of the signal's entry."""
    horizon: Horizon
    known_at: AwareDatetime
    """As for an outcome."""
    value: Ratio
    """The excess in the decision's direction: positive when it was right, whether it bought or sold."""
