"""Indicators against values worked out by hand."""

from decimal import Decimal

import pytest

from perun.tools.market.indicators import (
    Indicators,
    atr,
    highest,
    indicators,
    lowest,
    rsi,
    sma,
    total_return,
    volatility,
)
from support.market import made_bars


def test_when_closes_are_averaged_then_only_the_last_n_count() -> None:
    assert sma(made_bars([1000, 10, 20, 60]), 3) == 30


def test_when_a_bar_gaps_then_its_true_range_reaches_to_the_previous_close() -> None:
    up = (110, 112, 109, 111)  # 112 - 100: from the previous close up to the high
    down = (104, 105, 103, 104)  # 111 - 103: from the previous close down to the low
    inside = (104, 106, 102, 105)  # 106 - 102: within the bar
    assert atr(made_bars([100, up, down, inside]), 3) == Decimal(12 + 8 + 4) / 3


def test_when_a_return_is_taken_then_it_spans_n_sessions() -> None:
    assert total_return(made_bars([1, 80, 90, 100]), 2) == Decimal("0.25")


def test_when_a_return_skips_then_it_ends_that_many_sessions_ago() -> None:
    assert total_return(made_bars([80, 100, 120, 7]), 3, skip=1) == Decimal("0.5")


def test_when_returns_alternate_then_volatility_is_their_sample_deviation_times_the_root_of_252() -> None:
    bars = made_bars([100, 110, 99])  # returns +0.1 and -0.1: variance 0.02 with n - 1
    measured = volatility(bars, 2)
    assert measured is not None
    assert measured**2 == pytest.approx(Decimal("0.02") * 252, abs=Decimal("1e-20"))


def test_when_the_price_grows_evenly_then_volatility_is_zero() -> None:
    assert volatility(made_bars([100, 110, 121]), 2) == 0


def test_when_three_dollars_are_gained_and_one_lost_then_rsi_is_75() -> None:
    assert rsi(made_bars([5, 100, 103, 102]), 2) == 75


def test_when_nothing_moved_then_rsi_abstains() -> None:
    assert rsi(made_bars([100, 100, 100]), 2) is None


def test_when_extremes_are_sought_then_highs_and_lows_of_the_last_n_bars_count() -> None:
    bars = made_bars([(50, 99, 1, 50), (20, 25, 15, 20), (20, 30, 18, 21)])
    assert (highest(bars, 2), lowest(bars, 2)) == (30, 15)


@pytest.mark.parametrize(
    ("measure", "needed"),
    [
        (lambda bars: sma(bars, 3), 3),
        (lambda bars: highest(bars, 3), 3),
        (lambda bars: lowest(bars, 3), 3),
        (lambda bars: atr(bars, 3), 4),
        (lambda bars: total_return(bars, 3), 4),
        (lambda bars: total_return(bars, 3, skip=2), 4),
        (lambda bars: volatility(bars, 3), 4),
        (lambda bars: rsi(bars, 3), 4),
    ],
)
def test_when_one_bar_is_missing_then_an_indicator_abstains(measure, needed) -> None:
    bars = made_bars([100 + number % 2 for number in range(needed)])
    assert measure(bars) is not None
    assert measure(bars[1:]) is None
    assert measure([]) is None


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda bars: sma(bars, 0),
        lambda bars: atr(bars, -2),
        lambda bars: volatility(bars, 1),
        lambda bars: total_return(bars, 2, skip=2),
    ],
)
def test_when_an_indicator_is_asked_for_nonsense_then_it_refuses(nonsense) -> None:
    with pytest.raises(ValueError, match=r"one session|two returns|skips fewer"):
        nonsense(made_bars([1, 2, 3]))


def test_when_history_is_long_then_every_indicator_is_filled_to_four_decimals() -> None:
    closes = [Decimal(100 + number % 7) for number in range(251)]
    filled = indicators(made_bars(closes)).model_dump()
    assert [name for name, value in filled.items() if value is None or value.as_tuple().exponent != -4] == []
    assert filled["sma_50"] == (sum(closes[-50:]) / 50).quantize(Decimal("0.0001"))
    assert filled["momentum_12_1"] == (closes[230] / closes[0] - 1).quantize(Decimal("0.0001"))


def test_when_history_is_empty_then_every_indicator_abstains() -> None:
    assert indicators([]) == Indicators(**dict.fromkeys(Indicators.model_fields))
