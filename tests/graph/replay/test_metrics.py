"""Figures are those of daily returns from close to close, 252 a year: checked against an example worked by hand."""

from decimal import Decimal
from math import sqrt

import numpy as np
import pytest

from perun.graph.replay.metrics import daily_returns, excess, measure

EQUITY = [Decimal(each) for each in ("100", "110", "99", "108.9")]
"""Up a tenth, down a tenth, up a tenth: mean 1/30, sum of squared deviations 0.08/3."""


def test_when_equity_is_known_then_returns_go_from_close_to_close() -> None:
    assert daily_returns(EQUITY) == pytest.approx([0.1, -0.1, 0.1])


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("total_return", 0.089),
        ("annual_return", 1.089 ** (252 / 3) - 1),
        ("annual_volatility", sqrt(0.08 / 3 / 2) * sqrt(252)),
        ("sharpe", (1 / 30) / sqrt(0.08 / 3 / 2) * sqrt(252)),
        ("sortino", (1 / 30) / sqrt(0.01 / 3) * sqrt(252)),
        ("calmar", (1.089 ** (252 / 3) - 1) / 0.1),
        ("max_drawdown", -0.1),
        ("value_at_risk", -0.08),
        ("tail_mean", -0.1),
    ],
)
def test_when_a_figure_is_worked_by_hand_then_it_is_the_same(name: str, by_hand: float) -> None:
    assert measure(daily_returns(EQUITY))[name].value == pytest.approx(by_hand)


def test_when_a_year_of_sessions_gains_a_tenth_then_that_is_its_annual_return() -> None:
    level = [Decimal(100) * Decimal("1.1") ** (Decimal(day) / 252) for day in range(253)]
    assert measure(daily_returns(level))["annual_return"].value == pytest.approx(0.1)


def test_when_a_run_is_held_against_another_then_its_excess_is_the_mean_of_the_daily_gaps() -> None:
    returns, benchmark = np.array([0.01, 0.02, -0.01] * 10), np.array([0.0, 0.01, 0.01] * 10)
    gap = excess(returns, benchmark)
    assert gap.value == pytest.approx(0.0)
    assert gap.low is not None
    assert gap.high is not None
    assert gap.low < 0 < gap.high


def test_when_nothing_was_lost_then_what_divides_by_a_loss_is_missing_and_not_zero() -> None:
    figures = measure(daily_returns([Decimal(100), Decimal(101), Decimal(103)]))
    assert (figures["sortino"].value, figures["calmar"].value) == (None, None)
    assert figures["sharpe"].value is not None
