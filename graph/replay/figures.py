"""From runs to what a person compares: figures with intervals for every run, beside what each baseline made."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from perun.graph.replay.artifacts import MARKS, Row, RunTold, marks
from perun.graph.replay.baselines import Ground, buy_and_hold, chance, equal_weight, momentum
from perun.graph.replay.metrics import daily_returns, excess, measure
from perun.graph.replay.plan import Plan
from perun.tools.domain.money import ZERO

POLICY: Final = "policy"
"""The run of the desk itself; every other run is a baseline."""
ARM: Final = "baseline policy"
"""The run of the same desk without a model, beside a model's."""
SUMMARY: Final = (
    "run", "seed", "total_return", "annual_return", "annual_volatility", "sharpe", "sortino", "calmar", "max_drawdown",
    "value_at_risk", "tail_mean", "trades", "decisions", "denied", "turnover", "exposure", "cost_usd", *MARKS,
)  # fmt: skip


def baselines(ground: Ground, told: Sequence[RunTold]) -> Iterator[RunTold]:
    """What is held against the policy's runs: three rules, and for each seed chance with the policy's turnover."""
    yield from (buy_and_hold(ground), equal_weight(ground), momentum(ground))
    for each in (each for each in told if each.run == POLICY):
        changes = sum(1 for order in each.orders if order.filled_qty)
        yield chance(ground, each.seed, changes, _mean_position(each))


def metrics(plan: Plan, told: Sequence[RunTold]) -> dict[str, Any]:
    """The document `metrics.json`: figures of each run, and its mean daily return beyond buy and hold."""
    returns = {(each.run, each.seed): daily_returns([one.equity for one in each.standings]) for each in told}
    held = returns["buy and hold", 0]
    rows = []
    for each in told:
        own = returns[each.run, each.seed]
        figures = {name: figure.document() for name, figure in measure(own, each.seed).items()}
        gap = excess(own, held, each.seed).document()
        rows.append({"run": each.run, "seed": each.seed, **figures, "daily_excess_over_buy_and_hold": gap})
    return {"schema": "perun.metrics/1", "interval": 0.95, **marks(plan), "runs": rows}


def summary(plan: Plan, told: Sequence[RunTold], measured: dict[str, Any]) -> Iterator[Row]:
    """A row for each run: its figures, and how it came to them."""
    for each, figures in zip(told, measured["runs"], strict=True):
        values = {name: figures[name]["value"] for name in SUMMARY if isinstance(figures.get(name), dict)}
        yield {
            "run": each.run,
            "seed": each.seed,
            **{name: "" if value is None else f"{value:.6f}" for name, value in values.items()},
            "trades": len(each.trades),
            "decisions": len(each.decisions),
            "denied": sum(1 for one in each.decisions if one.asked and not one.cleared),
            "turnover": f"{_turnover(each):.6f}",
            "exposure": f"{_mean_exposure(each):.6f}",
            "cost_usd": f"{sum((one.usage.cost_usd for one in each.costs), ZERO):.6f}",
            **marks(plan),
        }


def _turnover(told: RunTold) -> Decimal:
    """What was bought and sold again, in multiples of the first equity."""
    sold = sum((trade.qty * trade.exit_price for trade in told.trades), ZERO)
    return sold / told.standings[0].equity


def _mean_exposure(told: RunTold) -> Decimal:
    return sum((one.exposure / one.equity for one in told.standings), ZERO) / len(told.standings)


def _mean_position(told: RunTold) -> Decimal:
    """What one position was worth in the mean, as a fraction of equity."""
    shares = [value / one.equity for one in told.standings for value in one.held.values()]
    return sum(shares, ZERO) / len(shares) if shares else ZERO
