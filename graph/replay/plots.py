"""What of a replay is drawn: equity, drawdown, exposure, and each symbol's price with what was decided on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Final

from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.drawing import Chart, Line, Mark
from perun.graph.replay.figures import ARM, POLICY
from perun.graph.replay.telling import Decision

Closes = Mapping[date, Decimal]
"""A symbol's close by session."""

_LOOKS: Final = {
    POLICY: "run-policy",
    ARM: "run-arm",
    "buy and hold": "run-hold",
    "equal weight": "run-equal",
    "momentum": "run-momentum",
    "random": "run-random",
}
_MOST_ROWS: Final = 500
"""Of a symbol's decisions in the page; `decisions.csv` has them all."""


def curves(told: Sequence[RunTold]) -> Iterator[Chart]:
    """Equity, drawdown and exposure of every run."""
    days = [one.day.isoformat() for one in told[0].standings]

    def lines(values: Callable[[RunTold], Sequence[float]]) -> list[Line]:
        return [Line(name(each, told), look(each), values(each)) for each in told]

    ends = ", ".join(f"{name(each, told)} {each.standings[-1].equity:,.0f}" for each in told)
    yield Chart(
        "Equity", f"US dollars at each close, {days[0]} to {days[-1]}. At the end: {ends}.", days, lines(_equity)
    )
    lost = "What was lost since the highest close so far, in percent of it."
    yield Chart("Drawdown", lost, days, lines(_drawdown), say=_percent)
    yield Chart(
        "Exposure", "What was invested at each close, in percent of equity.", days, lines(_exposure), say=_percent
    )


def decided(told: RunTold, symbol: str, closes: Closes) -> Chart:
    """The symbol's closes, with every wish to buy or sell that a run had, and where its positions ended."""
    days = [one.day for one in told.standings]
    places = {day: place for place, day in enumerate(days)}
    own = [each for each in told.decisions if each.symbol == symbol and each.action != "HOLD"]
    values = [None if (close := closes.get(day)) is None else float(close) for day in days]
    marks = [
        Mark(*_did(each), places[day], float(closes[day]))
        for each in own
        if (day := each.as_of.date()) in places and day in closes
    ]
    marks += [
        Mark("position closed, by a stop too", "did-close", places[each.left.date()], float(each.exit_price))
        for each in told.trades
        if each.symbol == symbol and each.left.date() in places
    ]
    held = sum(1 for each in told.decisions if each.symbol == symbol) - len(own)
    return Chart(
        symbol,
        f"Closes of {symbol}; decisions to buy or sell: {len(own)}, to leave it as it was: {held}.",
        [day.isoformat() for day in days],
        [Line("close", "price", values)],
        marks,
        say="{:,.2f}".format,
        rows=[_row(each, closes) for each in own[:_MOST_ROWS]],
        titles=("session", "close", "wish", "confidence", "gate", "return after 1", "5", "20 sessions"),
    )


def name(told: RunTold, among: Sequence[RunTold]) -> str:
    """A run's name; its seed too, where there are several of the name."""
    several = sum(1 for each in among if each.run == told.run) > 1
    return f"{told.run}, seed {told.seed}" if several else told.run


def look(told: RunTold) -> str:
    """The class of the style sheet that draws the run."""
    return _LOOKS.get(told.run, "run-random")


def _equity(told: RunTold) -> list[float]:
    return [float(one.equity) for one in told.standings]


def _drawdown(told: RunTold) -> list[float]:
    equity = [one.equity for one in told.standings]
    return [float(100 * (now / top - 1)) for now, top in zip(equity, accumulate(equity, max), strict=True)]


def _exposure(told: RunTold) -> list[float]:
    return [float(100 * one.exposure / one.equity) for one in told.standings]


def _did(decision: Decision) -> tuple[str, str]:
    if not decision.cleared:
        return "not cleared", "did-nothing"
    return ("BUY, cleared", "did-buy") if decision.action == "BUY" else ("SELL, cleared", "did-sell")


def _row(decision: Decision, closes: Closes) -> list[object]:
    day = decision.as_of.date()
    gate = "cleared" if decision.cleared else " ".join(decision.breaches) or "not asked"
    after = ("" if change is None else f"{change * 100:+.2f} %" for change in decision.returns.values())
    return [day.isoformat(), closes.get(day, ""), decision.action, f"{decision.confidence:.2f}", gate, *after]


def _percent(value: float) -> str:
    return f"{value:.1f} %"
