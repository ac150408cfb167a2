"""How a share stands on a day, as tags: its trend, its volatility, and what its price just did."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from perun.tools.market.snapshot import SymbolSnapshot

OVERSOLD: Final = Decimal(30)
OVERBOUGHT: Final = Decimal(70)
"""Wilder's customary bounds of the relative strength index."""
VOLATILE: Final = Decimal("0.40")
CALM: Final = Decimal("0.20")
"""Volatility a year. Large companies stand between these on most days."""
MOVED: Final = Decimal("0.10")
"""A month's return that is a rally, or with a minus a slump."""
FALLEN: Final = Decimal("0.80")
"""Of the year's high: below it the share is in a drawdown."""
AT_THE_EDGE: Final = Decimal("0.01")
"""So near to the year's high or low counts as having reached it."""
GAP: Final = Decimal("0.03")
"""How far from the last close an opening must be to be a gap."""


def bands(seen: SymbolSnapshot) -> frozenset[str]:
    """Every tag of regime and setup that fits; what is not known gives none."""
    return frozenset((*_regime(seen), *_edges(seen), *_gap(seen)))


def _regime(seen: SymbolSnapshot) -> Iterator[str]:
    now, close = seen.indicators, seen.bars[-1].close if seen.bars else None
    if close is not None and now.sma_50 is not None and now.sma_200 is not None:
        above, rising = close > now.sma_200, now.sma_50 > now.sma_200
        yield ("uptrend" if above else "downtrend") if above == rising else "sideways"
    if now.rsi_14 is not None and not OVERSOLD <= now.rsi_14 <= OVERBOUGHT:
        yield "oversold" if now.rsi_14 < OVERSOLD else "overbought"
    if now.volatility_20 is not None and not CALM <= now.volatility_20 <= VOLATILE:
        yield "calm" if now.volatility_20 < CALM else "high-volatility"
    if now.return_20 is not None and abs(now.return_20) > MOVED:
        yield "rally" if now.return_20 > 0 else "slump"


def _edges(seen: SymbolSnapshot) -> Iterator[str]:
    now, close = seen.indicators, seen.bars[-1].close if seen.bars else None
    if close is None or now.high_250 is None or now.low_250 is None:
        return
    if close >= now.high_250 * (1 - AT_THE_EDGE):
        yield "breakout"
    if close <= now.low_250 * (1 + AT_THE_EDGE):
        yield "breakdown"
    if close < now.high_250 * FALLEN:
        yield "drawdown"


def _gap(seen: SymbolSnapshot) -> Iterator[str]:
    """Of the latest session alone."""
    for before, today in list(pairwise(seen.bars))[-1:]:
        change = today.open / before.close - 1
        if abs(change) > GAP:
            yield "gap-up" if change > 0 else "gap-down"
