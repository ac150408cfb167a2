"""What a decision was worth, paired: the same cycles with two prompts, scored by what the share did then.

A stated confidence is a probability: that the share does better than the mean of the watched ones over the horizon. The
score is quadratic (Brier), because only the truth, honestly doubted, does best under it: 0 is perfect, 0.25 a coin, 1
certain and wrong. A HOLD says a half. Money is a guard-rail and not the score: it would take years to tell two prompts
apart by it, and decisions tell in weeks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perun.graph.replay.telling import Decision

HORIZON: Final = 5
"""Sessions after which a decision is judged."""
COIN: Final = 0.25
"""The loss of whoever always says a half."""

Losses = NDArray[np.float64]


@dataclass(frozen=True)
class Paired:
    """Losses of several prompts on the same cycles: the mean over the symbols of each, cycles oldest first."""

    slots: tuple[str, ...]
    incumbent: Losses
    """One loss for each cycle."""
    candidates: Mapping[str, Losses]
    """By the candidate's name."""

    def effect(self, name: str) -> float:
        """By how much the candidate's mean loss is smaller than the incumbent's; above zero is better."""
        return float(np.mean(self.incumbent - self.candidates[name]))


def loss(decision: Decision) -> float | None:
    """The quadratic loss of one decision; None when the days do not say yet what came of it."""
    change = decision.excess[HORIZON]
    if change is None:
        return None
    came = 1.0 if change > 0 else 0.0
    return (stated(decision) - came) ** 2


def stated(decision: Decision) -> float:
    """The probability that the decision states for its share to do better than the others."""
    match decision.action:
        case "BUY":
            return decision.confidence
        case "SELL":
            return 1.0 - decision.confidence
        case _:
            return 0.5


def pair(incumbent: Sequence[Decision], candidates: Mapping[str, Sequence[Decision]]) -> Paired:
    """Put losses side by side for the cycles and symbols that all of them decided on.

    Raises:
        ValueError: there is no such cycle.
    """
    own = _by_place(incumbent)
    others = {name: _by_place(decisions) for name, decisions in candidates.items()}
    common = sorted(set(own).intersection(*others.values()) if others else set(own))
    if not common:
        raise ValueError("no decision was taken by all of them on the same cycle")
    slots = tuple(sorted({slot for slot, _ in common}))
    return Paired(
        slots, _means(own, common, slots), {name: _means(each, common, slots) for name, each in others.items()}
    )


def _by_place(decisions: Sequence[Decision]) -> dict[tuple[str, str], float]:
    told = ((decision, loss(decision)) for decision in decisions)
    return {(decision.slot, decision.symbol): value for decision, value in told if value is not None}


def _means(losses: Mapping[tuple[str, str], float], places: Sequence[tuple[str, str]], slots: Sequence[str]) -> Losses:
    by_slot: dict[str, list[float]] = {slot: [] for slot in slots}
    for place in places:
        by_slot[place[0]].append(losses[place])
    return np.array([np.mean(each) for each in by_slot.values()], dtype=np.float64)
