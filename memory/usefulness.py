"""How useful a memory has been: what followed the decisions that cited it, as far as it was known by then."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from perun.memory.aftermath import Credit
from perun.memory.entries import MemoryEntry
from perun.tools.domain.money import ZERO

DOUBT: Final = 5
"""Decisions without excess that are counted in beside the real ones: one lucky decision proves little."""
MOST_CREDITS: Final = 90
"""Credits kept with an entry, the latest: some thirty decisions at three horizons."""
_CITED: Final = re.compile(r"\[mem:([a-z]+-[0-9a-f]{12})\]")


def earned(entry: MemoryEntry, as_of: datetime) -> float:
    """The entry's usefulness as known by `as_of`: a ratio, 0.01 for one per cent a decision; harm is below 0.

    Each decision counts once, with the excess in its direction at the farthest horizon known by then. The mean is
    shrunk as if DOUBT decisions without any excess stood beside them.
    """
    farthest: dict[str, Credit] = {}
    for credit in sorted(entry.credits, key=lambda each: each.horizon.rank):
        if credit.known_at <= as_of:
            farthest[credit.decision] = credit
    total = sum((credit.value for credit in farthest.values()), ZERO)
    return float(total / (len(farthest) + DOUBT))


def cited(evidence: Iterable[str]) -> list[str]:
    """Ids of the memories among the evidence, once each."""
    return list(dict.fromkeys(id_ for text in evidence for id_ in _CITED.findall(text)))


def credits_of(signal: MemoryEntry, direction: int) -> Iterator[Credit]:
    """What a labelled signal earns for whatever it rests on; nothing when it took no side or nothing is to compare.

    Args:
        signal: The signal's entry, with its outcomes.
        direction: 1 when it bought, -1 when it sold, 0 when it held.
    """
    for outcome in signal.outcomes:
        if direction and outcome.excess is not None:
            yield Credit(
                decision=signal.id,
                horizon=outcome.horizon,
                known_at=outcome.known_at,
                value=Decimal(direction) * outcome.excess,
            )


def credited(entry: MemoryEntry, new: Iterable[Credit]) -> MemoryEntry:
    """The entry with these credits; one that it has already, for the same decision and horizon, it keeps."""
    known = {(each.decision, each.horizon): each for each in entry.credits}
    for credit in new:
        known.setdefault((credit.decision, credit.horizon), credit)
    latest = sorted(known.values(), key=lambda each: (each.known_at, each.decision, each.horizon.rank))[-MOST_CREDITS:]
    return entry.model_copy(update={"credits": tuple(latest)})
