"""What a curve of equity is worth: the usual figures by empyrical, each with an interval from a stationary bootstrap.

Conventions: daily returns from close to close, 252 sessions a year, no risk-free rate. Value at risk and its tail mean
are of one day at 5 %. A figure that the days do not allow (no loss, no variance) is None, never zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Returns = NDArray[np.float64]

SESSIONS_A_YEAR: Final = 252
LEVEL: Final = 0.95
"""Of every interval."""
_DRAWS: Final = 1000
_FEWEST: Final = 20
"""Days below which an interval would say nothing."""


@dataclass(frozen=True)
class Figure:
    """A figure with its interval; None where the days do not allow one."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def document(self) -> dict[str, float | None]:
        """As JSON: rounded so that the bytes do not depend on a processor's last digit."""
        return {name: None if each is None else round(each, 6) for name, each in vars(self).items()}


def daily_returns(equity: Sequence[Decimal]) -> Returns:
    """Fractions from close to close; one fewer than closes."""
    levels = np.array([float(each) for each in equity])
    return np.asarray(levels[1:] / levels[:-1] - 1, dtype=np.float64)


def measure(returns: Returns, seed: int = 0) -> dict[str, Figure]:
    """Every figure of a run, by name."""
    return {name: Figure(_told(figure, returns), *_interval(figure, returns, seed)) for name, figure in _figures()}


def excess(returns: Returns, benchmark: Returns, seed: int = 0) -> Figure:
    """The mean daily return beyond the benchmark's, in fractions; days are drawn in pairs."""
    gap = returns - benchmark
    return Figure(_told(np.mean, gap), *_interval(np.mean, gap, seed))


def _figures() -> list[tuple[str, Callable[[Returns], Any]]]:
    import empyrical  # type: ignore[import-untyped] # it has no types

    return [
        ("total_return", empyrical.cum_returns_final),
        ("annual_return", empyrical.annual_return),
        ("annual_volatility", empyrical.annual_volatility),
        ("sharpe", empyrical.sharpe_ratio),
        ("sortino", empyrical.sortino_ratio),
        ("calmar", empyrical.calmar_ratio),
        ("max_drawdown", empyrical.max_drawdown),
        ("value_at_risk", empyrical.value_at_risk),
        ("tail_mean", empyrical.conditional_value_at_risk),
    ]


def _interval(figure: Callable[[Returns], Any], returns: Returns, seed: int) -> tuple[float | None, float | None]:
    from arch.bootstrap import StationaryBootstrap

    if len(returns) < _FEWEST or not np.any(returns):
        return None, None
    block = max(2.0, len(returns) ** (1 / 3))
    draws = StationaryBootstrap(block, returns, seed=seed)
    drawn = [_told(figure, drawn[0][0]) for drawn in draws.bootstrap(_DRAWS)]
    sound = [each for each in drawn if each is not None]
    if len(sound) < _DRAWS // 2:
        return None, None
    low, high = np.quantile(sound, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _told(figure: Callable[[Returns], Any], returns: Returns) -> float | None:
    if not len(returns):
        return None
    with np.errstate(all="ignore"):
        value = float(figure(returns))
    return value if isfinite(value) else None
