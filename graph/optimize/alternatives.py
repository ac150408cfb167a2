"""Would other settings have done better on the same days: paired daily returns, with all that were tried counted.

Returns are after commission, slippage and what the models cost. The question is asked of all alternatives at once, and
each interval is as wide as so many questions make it; most searches over few months rightly end with no evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np

from perun.graph.optimize.evidence import ALPHA, FEWEST, interval, weigh
from perun.graph.optimize.scoring import Losses, Paired
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.metrics import SESSIONS_A_YEAR, daily_returns
from perun.tools.domain.money import ZERO

WORTH: Final = 0.02
"""The least gain worth a change of settings: a fraction of equity in a year."""


@dataclass(frozen=True)
class Arm:
    """What one way of trading came to on the days."""

    name: str
    returns: Losses
    """Daily, from close to close, fractions."""
    trades: int
    turnover: float
    """Sold again, in multiples of the first equity."""
    cost_usd: Decimal
    """What models cost."""

    @property
    def total(self) -> float:
        """The return over all days, a fraction."""
        return float(np.prod(1 + self.returns) - 1)


@dataclass(frozen=True)
class Finding:
    """What the alternatives showed against the settings as they are."""

    rows: tuple[dict[str, Any], ...]
    """The settings as they are first."""
    p_value: float
    """Of the best of all being no better, with all that were tried counted."""
    tried: int
    best: str | None
    """The one that is better beyond chance and by enough to be worth it; None is no evidence."""
    needed: int | None
    """Sessions with which a gain that is worth it would be seen in four searches of five."""


def arm(name: str, told: RunTold) -> Arm:
    """A replay as an arm; the models' cost is taken off on the day that it arose."""
    spent: dict[str, Decimal] = {}
    for cost in told.costs:
        spent[cost.slot] = spent.get(cost.slot, ZERO) + cost.usage.cost_usd
    days = {f"{each.as_of.date()}": spent.get(each.slot, ZERO) for each in told.decisions}
    gone, equity = ZERO, []
    for standing in told.standings:
        gone += days.get(standing.day.isoformat(), ZERO)
        equity.append(standing.equity - gone)
    sold = sum((trade.qty * trade.exit_price for trade in told.trades), ZERO)
    turnover = float(sold / told.standings[0].equity)
    return Arm(name, daily_returns(equity), len(told.trades), turnover, sum(spent.values(), ZERO))


def compare(own: Arm, others: Sequence[Arm]) -> Finding:
    """Hold the alternatives against the settings as they are.

    Raises:
        ValueError: the days are fewer than say anything.
    """
    if len(own.returns) < FEWEST:
        raise ValueError(f"{len(own.returns)} sessions say nothing: at least {FEWEST} are needed")
    otherwise = {each.name: each for each in others if not np.array_equal(each.returns, own.returns)}
    gains = {name: each.returns - own.returns for name, each in otherwise.items()}
    level = 1 - ALPHA / max(1, len(others))
    rows = tuple(_row(each, gains.get(each.name), level) for each in (own, *others))
    if not otherwise:
        return Finding(rows, 1.0, len(others), None, None)
    days = tuple(str(number) for number in range(len(own.returns)))
    losses: Mapping[str, Losses] = {name: -each.returns for name, each in otherwise.items()}
    shown = weigh(Paired(days, -own.returns, losses), WORTH / SESSIONS_A_YEAR)
    row = next(each for each in rows if each["name"] == shown.best)
    is_shown = shown.p_value <= ALPHA and row["low"] > 0 and row["gain_a_year"] >= WORTH
    return Finding(rows, round(shown.p_value, 4), len(others), shown.best if is_shown else None, shown.needed)


def _row(each: Arm, gain: Losses | None, level: float) -> dict[str, Any]:
    low, high = (0.0, 0.0) if gain is None else interval(gain, level=level)
    mean = 0.0 if gain is None else float(np.mean(gain))
    return {
        "name": each.name,
        "return": round(each.total, 6),
        "gain_a_year": round(mean * SESSIONS_A_YEAR, 6),
        "low": round(low * SESSIONS_A_YEAR, 6),
        "high": round(high * SESSIONS_A_YEAR, 6),
        "trades": each.trades,
        "turnover": round(each.turnover, 4),
        "cost_usd": str(each.cost_usd),
    }
