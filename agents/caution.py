"""What lowers an agent's confidence, by rule: numbers that nobody was shown, and evidence from outside alone.

- Each unverified number takes 10 points of a hundred, 30 at most. From a SELL nothing is taken: an exit stays open. For
  the risk manager, who states no confidence, it takes them from the percentage that a purchase may keep: to approve or
  to shrink on numbers that nobody was shown lets through less, and a veto stays one.
- A stance without evidence that the desk itself vouches for is worth a coin's toss at most, 50 points; a BUY without
  any becomes a HOLD. What comes from outside may make the desk more careful, never bolder.

Nothing here can raise a confidence.
"""

from collections.abc import Iterable
from typing import Final

POINTS_A_NUMBER: Final = 10
MOST_POINTS: Final = 30
COIN_TOSS: Final = 50
_OUTSIDE: Final = "[news:"
"""How every id of a text from outside begins."""


def less_for_numbers(points: int, unverified: Iterable[str]) -> int:
    """What is left of a confidence in points after its unverified numbers."""
    return max(0, points - min(MOST_POINTS, POINTS_A_NUMBER * len(tuple(unverified))))


def less_for_taint(points: int, evidence: Iterable[str], tainted: Iterable[str]) -> int:
    """What is left of a conviction in points, by what it rests on."""
    return points if vouched(evidence, tainted) else min(points, COIN_TOSS)


def vouched(evidence: Iterable[str], tainted: Iterable[str]) -> tuple[str, ...]:
    """The evidence that does not come from outside. `tainted` names what does, beside the news itself."""
    outside = frozenset(tainted)
    return tuple(id_ for id_ in evidence if id_ not in outside and not id_.startswith(_OUTSIDE))
