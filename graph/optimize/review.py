"""How the desk's decisions came out: by prompt version, symbol, regime and confidence, with denials and costs.

What too few cycles stand behind is not told: the row says so, and gives no figure.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from perun.graph.optimize.evidence import FEWEST, interval
from perun.graph.optimize.scoring import COIN, HORIZON, loss, stated
from perun.graph.replay.telling import Cost, Decision
from perun.tools.domain.money import ZERO, plain

BANDS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Edges of the bands of confidence; the last band holds its upper edge too."""
FEWEST_IN_BAND: Final = 20
"""Decisions below which a band's share of right ones is not told."""
_LEVEL: Final = 0.95

Row = dict[str, Any]
Key = Callable[[Decision], str]


def review(decisions: Sequence[Decision], costs: Sequence[Cost], regimes: Mapping[str, str]) -> Row:
    """All that the record tells of the decisions.

    Args:
        decisions: of finished cycles, oldest first.
        costs: what those cycles asked of models.
        regimes: by slot, how the market had gone before the cycle.
    """
    told = [each for each in decisions if loss(each) is not None]
    return {
        "decisions": len(decisions),
        "judged": len(told),
        "cycles": len({each.slot for each in decisions}),
        "horizon_sessions": HORIZON,
        "overall": _figures(told),
        "by_prompt": _groups(told, lambda each: each.prompt or "unknown"),
        "by_symbol": _groups(told, lambda each: each.symbol),
        "by_regime": _groups(told, lambda each: regimes.get(each.slot, "unknown")),
        "calibration": [_band(told, low, high) for low, high in pairwise(BANDS)],
        "denials": _denials(decisions),
        "costs": _costs(costs, decisions),
    }


def _groups(told: Sequence[Decision], key: Key) -> list[Row]:
    parts: dict[str, list[Decision]] = defaultdict(list)
    for each in told:
        parts[key(each)].append(each)
    return [{"name": name, **_figures(parts[name])} for name in sorted(parts)]


def _figures(told: Sequence[Decision]) -> Row:
    """By how much the loss was smaller than a coin's, with its interval over cycles; above zero is skill."""
    by_slot: dict[str, list[float]] = defaultdict(list)
    for each in told:
        by_slot[each.slot].append(COIN - (loss(each) or 0.0))
    row: Row = {"decisions": len(told), "cycles": len(by_slot), "actions": dict(_actions(told))}
    if len(by_slot) < FEWEST:
        return {
            **row,
            "skill": None,
            "note": f"too few decisions: {len(by_slot)} cycles of the {FEWEST} that say anything",
        }
    gains = np.array([np.mean(by_slot[slot]) for slot in sorted(by_slot)], dtype=np.float64)
    low, high = interval(gains) if np.ptp(gains) else (gains[0], gains[0])
    return {**row, "skill": _short(float(np.mean(gains))), "low": _short(low), "high": _short(high)}


def _actions(told: Iterable[Decision]) -> Iterable[tuple[str, int]]:
    return sorted(Counter(each.action for each in told).items())


def _band(told: Sequence[Decision], low: float, high: float) -> Row:
    """Of the decisions to buy or sell that were so sure, how many were right."""
    own = [each for each in told if each.action != "HOLD" and _holds(low, high, each.confidence)]
    right = sum((stated(each) > 0.5) == ((each.excess[HORIZON] or ZERO) > 0) for each in own if stated(each) != 0.5)
    row: Row = {"from": low, "to": high, "decisions": len(own), "right": right}
    if len(own) < FEWEST_IN_BAND:
        return {**row, "share": None, "note": f"too few decisions: {len(own)} of {FEWEST_IN_BAND}"}
    share_low, share_high = wilson(right, len(own))
    said = float(np.mean([each.confidence for each in own]))
    return {**row, "said": _short(said), "share": _short(right / len(own)), "low": share_low, "high": share_high}


def wilson(right: int, of: int) -> tuple[float, float]:
    """Wilson's interval of a share, 95 %."""
    z = NormalDist().inv_cdf((1 + _LEVEL) / 2)
    centre, spread = (right + z * z / 2) / (of + z * z), sqrt(right * (of - right) / of + z * z / 4) * z / (of + z * z)
    return _short(max(0.0, centre - spread)), _short(min(1.0, centre + spread))


def _holds(low: float, high: float, confidence: float) -> bool:
    return low <= confidence < high or confidence == high == BANDS[-1]


def _denials(decisions: Sequence[Decision]) -> Row:
    asked = [each for each in decisions if each.asked]
    denied = [each for each in asked if not each.cleared]
    codes = Counter(code for each in denied for code in each.breaches)
    rules = [
        {"code": code, "times": times} for code, times in sorted(codes.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return {"asked": len(asked), "denied": len(denied), "by_rule": rules}


def _costs(costs: Sequence[Cost], decisions: Sequence[Decision]) -> Row:
    sums: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    for each in costs:
        sums[each.role, each.model].append(each)
    rows = [
        {
            "role": role,
            "model": model,
            "calls": sum(each.usage.calls for each in own),
            "tokens": sum(each.usage.input_tokens + each.usage.output_tokens for each in own),
            "cost_usd": plain(_spent(own)),
        }
        for (role, model), own in sorted(sums.items())
    ]
    cycles = len({each.slot for each in decisions})
    per_cycle = _spent(costs) / cycles if cycles else ZERO
    return {"total_usd": plain(_spent(costs)), "per_cycle_usd": f"{per_cycle:.6f}", "by_role": rows}


def _spent(costs: Iterable[Cost]) -> Decimal:
    return sum((each.usage.cost_usd for each in costs), ZERO)


def _short(number: float) -> float:
    return round(float(number), 4)
