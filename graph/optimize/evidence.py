"""Is a prompt better than the one in use, or only the luckiest of those that were tried? And how much would tell?

Hansen's test of superior predictive ability asks it of all candidates at once, so that trying more prompts makes no
prompt better; draws are of blocks of cycles, because a decision's outcome overlaps the next ones'.
"""

from dataclasses import dataclass
from math import cbrt, ceil
from statistics import NormalDist
from typing import Final

import numpy as np

from perun.graph.optimize.scoring import HORIZON, Losses, Paired

ALPHA: Final = 0.05
"""The share of searches among equals that may end with a prompt called better."""
POWER: Final = 0.8
_DRAWS: Final = 1000
FEWEST: Final = 4 * HORIZON
"""Cycles below which nothing is said."""


@dataclass(frozen=True)
class Evidence:
    """What a search has shown of its best candidate."""

    best: str
    effect: float
    """By how much its mean loss is smaller than the incumbent's, on the scale of the quadratic score."""
    low: float
    high: float
    """An interval that holds the effect in 95 of 100 cases, for this candidate alone."""
    p_value: float
    """Of the best of all candidates being no better than the incumbent, with all that were tried counted."""
    tried: int
    cycles: int
    needed: int
    """Cycles with which an effect of the size asked for would be seen in four searches of five."""


def weigh(paired: Paired, wanted: float, seed: int = 0) -> Evidence:
    """What the pairs show.

    Args:
        paired: losses of the incumbent and of every candidate that was tried.
        wanted: the smallest effect that is worth promoting; above zero.
        seed: of the draws.

    Raises:
        ValueError: there is no candidate, or fewer cycles than say anything.
    """
    from arch.bootstrap import SPA

    cycles = len(paired.incumbent)
    if not paired.candidates:
        raise ValueError("there is no candidate")
    if cycles < FEWEST:
        raise ValueError(f"{cycles} cycles say nothing: at least {FEWEST} are needed")
    best = max(paired.candidates, key=paired.effect)
    gains = paired.incumbent - paired.candidates[best]
    models = np.column_stack(list(paired.candidates.values()))
    if np.all(models == paired.incumbent[:, None]):
        return Evidence(best, 0.0, 0.0, 0.0, 1.0, len(paired.candidates), cycles, _needed(gains, wanted))
    test = SPA(paired.incumbent, models, block_size=_block(cycles), reps=_DRAWS, seed=seed)
    test.compute()
    low, high = interval(gains, seed)
    return Evidence(
        best=best,
        effect=paired.effect(best),
        low=low,
        high=high,
        p_value=float(test.pvalues["consistent"]),
        tried=len(paired.candidates),
        cycles=cycles,
        needed=_needed(gains, wanted),
    )


def _block(cycles: int) -> int:
    """Long enough for outcomes that overlap."""
    return max(HORIZON, ceil(cbrt(cycles)))


def interval(gains: Losses, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Holds the mean of gains, cycles oldest first, in that share of cases; by a stationary bootstrap."""
    from arch.bootstrap import StationaryBootstrap

    draws = StationaryBootstrap(_block(len(gains)), gains, seed=seed)
    low, high = draws.conf_int(np.mean, reps=_DRAWS, method="percentile", size=level).ravel()
    return float(low), float(high)


def _needed(gains: Losses, wanted: float) -> int:
    """Cycles for an effect of that size, by the variance of sums over overlapping outcomes (Bartlett's weights)."""
    centred = gains - np.mean(gains)
    spread = float(np.mean(centred**2))
    for lag in range(1, min(HORIZON, len(gains) - 1) + 1):
        spread += 2 * (1 - lag / (HORIZON + 1)) * float(np.mean(centred[lag:] * centred[:-lag]))
    normal = NormalDist()
    reach = normal.inv_cdf(1 - ALPHA) + normal.inv_cdf(POWER)
    return max(FEWEST, ceil(reach * reach * max(spread, 0.0) / (wanted * wanted)))
