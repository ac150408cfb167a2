"""A replay as one page that needs nothing else: curves, decisions, figures with intervals, costs, and how far to trust.

Everything on it also stands in the files beside it. The page has no script and forbids a browser to load anything.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.cutoff import TOLD
from perun.graph.replay.drawing import drawn
from perun.graph.replay.figures import POLICY
from perun.graph.replay.plan import Plan
from perun.graph.replay.plots import Closes, curves, decided, name
from perun.graph.replay.report_style import REPORT_STYLE
from perun.graph.trace.markup import Markup, fields, folded, joined, table, tag
from perun.tools.domain.events import Usage
from perun.tools.domain.money import ZERO, plain

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
NONE: Final = "n/a"
"""A figure that the days do not allow."""
_PERCENT: Final = {
    "total_return": "return",
    "annual_return": "a year",
    "annual_volatility": "volatility a year",
    "max_drawdown": "deepest drawdown",
    "value_at_risk": "value at risk, a day",
    "tail_mean": "mean beyond it",
    "daily_excess_over_buy_and_hold": "a day over buy and hold",
}
_RATIO: Final = {"sharpe": "Sharpe", "sortino": "Sortino", "calmar": "Calmar"}
_CONTROLS: Final = {
    "none": "the days as they were",
    "blind": "blind: names and dates are masked",
    "contradicted": "contradicted: prices are mirrored, so decisions must change",
    "shuffled": "shuffled: returns are permuted, so every edge must vanish",
}


@dataclass(frozen=True)
class Replay:
    """All that the page tells."""

    plan: Plan
    runs: Sequence[RunTold]
    measured: Mapping[str, Any]
    """The document `metrics.json`."""
    trial: int
    """Which replay of these days it is, of all that were ever tried."""
    closes: Mapping[str, Closes]
    """Of each symbol, as the desk was shown it."""


def as_html(replay: Replay) -> str:
    """The page."""
    head = (
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"Perun: replay {replay.plan.fingerprint}"),
        tag("style", Markup(REPORT_STYLE)),
    )
    page = tag("head", joined(head)) + "\n" + tag("body", joined(_sections(replay)))
    return f'<!DOCTYPE html>\n<html lang="en">\n{page}\n</html>\n'


def _sections(replay: Replay) -> Iterator[Markup]:
    yield _head(replay)
    yield _section("Figures", *_figures(replay))
    yield _section("Curves", tag("p", _label(replay), kind="dim"), *map(drawn, curves(replay.runs)))
    yield _section("Decisions", *_decisions(replay))
    yield _section("Costs", *_costs(replay))
    yield _section("The plan", *_plan(replay.plan))


def _section(title: str, *inside: Markup) -> Markup:
    return joined((tag("h2", title), *inside))


def _head(replay: Replay) -> Markup:
    plan = replay.plan
    labels = (
        f"thinks: {plan.provider}",
        f"knowledge: {replay.plan.knowledge}",
        f"control: {plan.told_control}",
        f"seeds: {', '.join(map(str, plan.seeds))}",
        f"trial {replay.trial} on these days",
        f"plan {plan.fingerprint}",
    )
    return joined(
        (
            tag("h1", f"Replay of {', '.join(plan.symbols)}, {plan.begins} to {plan.ends}"),
            tag("p", *(tag("span", each, kind="label") for each in labels)),
            tag("p", f"Knowledge: {TOLD[replay.plan.knowledge]}."),
            tag("p", f"Market: {_CONTROLS[plan.control]}. Decided on a close, filled at the next open, with costs."),
            tag("p", _counted(replay.trial)),
            tag("p", "No returns are claimed: what recorded days gave says little about days to come.", kind="note"),
        )
    )


def _counted(trial: int) -> str:
    if trial == 1:
        return "This is the first replay of these days that is on record."
    return f"This is replay {trial} of these days: the best of so many looks better than it is, by chance alone."


def _label(replay: Replay) -> str:
    return f"Knowledge: {replay.plan.knowledge}. Control: {replay.plan.told_control}."


def _figures(replay: Replay) -> Iterator[Markup]:
    share = f"{100 * replay.measured['interval']:g} %"
    yield tag(
        "p",
        f"{_label(replay)} Below each figure its {share} interval (stationary bootstrap of daily returns); {NONE} "
        "where the days do not allow one. Daily returns from close to close, 252 sessions a year, no risk-free rate.",
        kind="dim",
    )
    rows = (
        [name(told, replay.runs), *_cells(figures)]
        for told, figures in zip(replay.runs, replay.measured["runs"], strict=True)
    )
    yield tag("div", table(["run", *_PERCENT.values(), *_RATIO.values()], rows), kind="figures")


def _cells(figures: Mapping[str, Any]) -> Iterator[Markup]:
    for each in _PERCENT:
        yield _cell(figures[each], 100, " %")
    for each in _RATIO:
        yield _cell(figures[each], 1, "")


def _cell(figure: Mapping[str, float | None], factor: int, unit: str) -> Markup:
    value, low, high = (_said(figure[part], factor) for part in ("value", "low", "high"))
    interval = tag("span", f"{low} to {high}", kind="dim") if low != NONE else tag("span", NONE, kind="dim")
    return joined((f"{value}{unit}" if value != NONE else value, interval))


def _said(value: float | None, factor: int) -> str:
    return NONE if value is None else f"{value * factor:.2f}"


def _decisions(replay: Replay) -> Iterator[Markup]:
    """Each symbol's chart for the first seed, and the denials of all."""
    runs = [told for told in replay.runs if told.run == POLICY]
    yield tag("p", f"{_label(replay)} Of seed {runs[0].seed}; decisions.csv has every seed and every HOLD.", kind="dim")
    for symbol, closes in replay.closes.items():
        yield drawn(decided(runs[0], symbol, closes))
    denied = Counter(code for told in runs for each in told.decisions for code in each.breaches)
    if denied:
        yield tag("h3", "Why the gate denied")
        yield table(("rule", "times"), denied.most_common())


def _costs(replay: Replay) -> Iterator[Markup]:
    trades = (
        (name(told, replay.runs), len(told.trades), f"{_commission(told):,.2f}", f"{_profit(told):,.2f}")
        for told in replay.runs
    )
    titles = ("run", "closed trades", "their commission, US dollars", "their profit after it")
    yield table(titles, trades)
    asked: dict[tuple[str, str, str], Usage] = {}
    for told in replay.runs:
        for each in told.costs:
            key = (name(told, replay.runs), each.role, each.model)
            asked[key] = asked.get(key, Usage()) + each.usage
    yield tag("h3", "Models")
    yield table(("run", "role", "model", "calls", "tokens read", "written", "US dollars"), _asked(asked)) or tag(
        "p", "No model was asked.", kind="dim"
    )


def _asked(asked: Mapping[tuple[str, str, str], Usage]) -> Iterable[Sequence[object]]:
    for key, usage in asked.items():
        yield (*key, usage.calls, usage.input_tokens, usage.output_tokens, plain(usage.cost_usd))


def _commission(told: RunTold) -> object:
    return sum((each.commission for each in told.trades), ZERO)


def _profit(told: RunTold) -> object:
    return sum((each.profit for each in told.trades), ZERO)


def _plan(plan: Plan) -> Iterator[Markup]:
    document = plan.model_dump(mode="json")
    settings, prompts = document.pop("settings"), document.pop("prompts")
    yield fields(document)
    yield folded("Settings that bear on decisions or costs", fields(settings))
    yield folded("Prompts, by the hash of their text", fields(prompts))
