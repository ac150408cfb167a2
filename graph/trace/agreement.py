"""How stable a decision is: what several runs of the same moment agree on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from perun.tools.domain.signals import TradingSignal


def agreement(runs: Sequence[Iterable[TradingSignal]]) -> list[dict[str, Any]]:
    """For each symbol its commonest wish, the share of runs that had it, and how sure they were."""
    wishes: dict[str, list[TradingSignal]] = {}
    for signals in runs:
        for signal in signals:
            wishes.setdefault(signal.symbol, []).append(signal)
    return [_row(symbol, signals, len(runs)) for symbol, signals in wishes.items()]


def _row(symbol: str, signals: Sequence[TradingSignal], runs: int) -> dict[str, Any]:
    (action, count), *_ = Counter(signal.action.value for signal in signals).most_common(1)
    sure = [signal.confidence for signal in signals]
    return {
        "symbol": symbol,
        "action": action,
        "agreement": round(count / runs, 4),
        "confidence": round(fmean(sure), 4),
        "lowest": min(sure),
        "highest": max(sure),
    }
