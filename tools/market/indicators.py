"""Numbers that describe a price history: pure functions over bars, oldest first; None when there are too few."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Final

from perun.tools.domain.frozen import Frozen
from perun.tools.domain.market import Bar
from perun.tools.domain.money import ZERO

SESSIONS_A_YEAR: Final = 252
FOUR_PLACES: Final = Decimal("0.0001")


class Indicators(Frozen):
    """What an analyst reads of a history, to four decimals; None where the history is too short."""

    sma_20: Decimal | None
    """Mean close of the last 20 sessions, US dollars; likewise 50 and 200."""
    sma_50: Decimal | None
    sma_200: Decimal | None
    atr_14: Decimal | None
    """Mean true range of the last 14 sessions, US dollars."""
    rsi_14: Decimal | None
    """0 to 100."""
    return_20: Decimal | None
    """A ratio: 0.05 is five per cent up over 20 sessions."""
    momentum_12_1: Decimal | None
    """A ratio: the return from 250 sessions ago to 20 sessions ago."""
    volatility_20: Decimal | None
    """A ratio a year: 0.25 is twenty-five per cent."""
    high_250: Decimal | None
    """Highest high of the last 250 sessions, US dollars."""
    low_250: Decimal | None
    """Lowest low of the last 250 sessions, US dollars."""


def indicators(bars: Sequence[Bar]) -> Indicators:
    """Every indicator of a history; 251 bars fill them all."""
    return Indicators(
        sma_20=_short(sma(bars, 20)),
        sma_50=_short(sma(bars, 50)),
        sma_200=_short(sma(bars, 200)),
        atr_14=_short(atr(bars, 14)),
        rsi_14=_short(rsi(bars, 14)),
        return_20=_short(total_return(bars, 20)),
        momentum_12_1=_short(total_return(bars, 250, skip=20)),
        volatility_20=_short(volatility(bars, 20)),
        high_250=_short(highest(bars, 250)),
        low_250=_short(lowest(bars, 250)),
    )


def sma(bars: Sequence[Bar], n: int) -> Decimal | None:
    """Simple moving average: the mean of the last `n` closes."""
    last = _last(bars, n)
    return _mean([bar.close for bar in last]) if last else None


def atr(bars: Sequence[Bar], n: int = 14) -> Decimal | None:
    """Average true range: the simple mean (not Wilder's smoothing) of the last `n` true ranges.

    Wilder's true range is the widest of high to low, high to the previous close and low to the previous close, so
    `n` + 1 bars are needed.
    """
    last = _last(bars, n + 1)
    if last is None:
        return None
    return _mean([max(bar.high, before.close) - min(bar.low, before.close) for before, bar in pairwise(last)])


def total_return(bars: Sequence[Bar], n: int, skip: int = 0) -> Decimal | None:
    """The ratio by which the close changed from `n` sessions ago to `skip` sessions ago: 0.05 is five per cent.

    `n` + 1 bars are needed, whatever `skip` is. Bars are adjusted for dividends, hence *total*.
    """
    if not 0 <= skip < n:
        raise ValueError("a return skips fewer sessions than it spans")
    last = _last(bars, n + 1)
    return last[n - skip].close / last[0].close - 1 if last else None


def volatility(bars: Sequence[Bar], n: int) -> Decimal | None:
    """Annualised volatility: the sample standard deviation of the last `n` simple daily returns, times √252.

    `n` + 1 bars are needed, and an `n` of at least 2.
    """
    if n < 2:
        raise ValueError("a deviation needs at least two returns")
    last = _last(bars, n + 1)
    if last is None:
        return None
    returns = [bar.close / before.close - 1 for before, bar in pairwise(last)]
    mean = _mean(returns)
    variance = sum(((each - mean) ** 2 for each in returns), ZERO) / (n - 1)
    return (variance * SESSIONS_A_YEAR).sqrt()


def rsi(bars: Sequence[Bar], n: int = 14) -> Decimal | None:
    """Relative strength index, 0 to 100: the gains' share of all movement over the last `n` changes of the close.

    Simple sums (Cutler's form), so that it depends on `n` + 1 bars alone and not on where the history begins. None
    also when no close moved, for then there is nothing to share.
    """
    last = _last(bars, n + 1)
    if last is None:
        return None
    changes = [bar.close - before.close for before, bar in pairwise(last)]
    moved = sum((abs(change) for change in changes), ZERO)
    gained = sum((change for change in changes if change > 0), ZERO)
    return 100 * gained / moved if moved else None


def highest(bars: Sequence[Bar], n: int) -> Decimal | None:
    """The highest high of the last `n` bars."""
    last = _last(bars, n)
    return max(bar.high for bar in last) if last else None


def lowest(bars: Sequence[Bar], n: int) -> Decimal | None:
    """The lowest low of the last `n` bars."""
    last = _last(bars, n)
    return min(bar.low for bar in last) if last else None


def _last(bars: Sequence[Bar], n: int) -> Sequence[Bar] | None:
    if n < 1:
        raise ValueError("an indicator looks at one session or more")
    return bars[-n:] if len(bars) >= n else None


def _mean(numbers: Sequence[Decimal]) -> Decimal:
    return sum(numbers, ZERO) / len(numbers)


def _short(number: Decimal | None) -> Decimal | None:
    return None if number is None else number.quantize(FOUR_PLACES, ROUND_HALF_EVEN)
