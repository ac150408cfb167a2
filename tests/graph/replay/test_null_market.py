"""The null market: where days come in a drawn order, no rule has an edge, and ours shows none.

Shuffled returns keep their drift, so whoever holds shares still earns it: against cash nobody would have an edge of
zero, and against buy and hold whoever holds less would lag. What the order of days cannot give is *timing*: the right
null is what the positions of each evening would have earned at each share's mean daily return, which is known exactly,
for shuffling leaves it as it is. An edge is what was made beyond that, after costs, as a fraction of equity a day.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from perun.agents.prompting import Prompt
from perun.graph.app.masking import masked
from perun.graph.app.stage import Stage, Wish, set_up
from perun.graph.app.venues import exchange_costs
from perun.graph.replay.accounts import Standing
from perun.graph.replay.artifacts import RunTold
from perun.graph.replay.baselines import Ground, buy_and_hold, chance, equal_weight, momentum
from perun.graph.replay.disguise import shuffled
from perun.tools.domain.market import Bar

Texts = Mapping[str, Prompt]
SEEDS = range(20)
SYMBOLS = ("AAPL", "IBM")
RULES: Mapping[str, Callable[[Ground, int], RunTold]] = {
    "buy and hold": lambda ground, seed: buy_and_hold(ground),
    "equal weight": lambda ground, seed: equal_weight(ground),
    "momentum": lambda ground, seed: momentum(ground),
    "random": lambda ground, seed: chance(ground, seed, 40, Decimal("0.3")),
}


def edge(standings: Sequence[Standing], means: Mapping[str, float]) -> float:
    """The mean of each day's return, less what the evening's positions earn in the mean."""
    gaps = []
    for before, after in pairwise(standings):
        drift = sum(float(value / before.equity) * means[symbol] for symbol, value in before.held.items())
        gaps.append(float(after.equity / before.equity) - 1 - drift)
    return statistics.fmean(gaps)


def means(bars: Mapping[str, Sequence[Bar]]) -> dict[str, float]:
    """Each share's mean daily return over all that was shuffled."""
    start = max(history[0].session for history in bars.values())
    return {
        symbol: statistics.fmean(
            float(after.close / before.close) - 1 for before, after in pairwise(history) if after.session > start
        )
        for symbol, history in bars.items()
    }


def assert_nothing_but_chance(name: str, edges: Iterable[float]) -> None:
    """The mean over the seeds lies within two standard errors of zero."""
    found = list(edges)
    mean, error = statistics.fmean(found), statistics.stdev(found) / math.sqrt(len(found))
    print(f"{name}: mean edge {mean * 1e4:+.2f} bp a day, standard error {error * 1e4:.2f}, {len(found)} seeds")
    assert len(found) == len(SEEDS)
    assert 0 < abs(mean) < 2 * error, name


@pytest.fixture
def set_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Stage, Texts]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    wish = Wish(date(2009, 6, 1), date(2009, 6, 8), SYMBOLS, "baseline", control="shuffled", out=tmp_path / "work")
    return set_up(wish, {})


def histories(stage: Stage) -> dict[str, Sequence[Bar]]:
    evening = stage.market.at(stage.market.last_session().closes)
    return {symbol: evening.bars(symbol, 9_999) for symbol in SYMBOLS}


def bar_of(known: Mapping[tuple[str, date], Bar], symbol: str, day: date) -> Bar | None:
    return known.get((symbol, day))


@pytest.mark.slow
def test_when_days_are_shuffled_then_over_20_seeds_no_simple_rule_has_an_edge(
    set_stage: tuple[Stage, Texts],
) -> None:
    stage, _ = set_stage
    sessions = [session for session in stage.market.sessions() if session.day.year > 2007]
    bars = {symbol: [bar for bar in history if bar.session.year > 2007] for symbol, history in histories(stage).items()}
    mean, costs = means(bars), exchange_costs(stage.settings)
    edges: dict[str, list[float]] = {name: [] for name in RULES}
    for seed in SEEDS:
        days = shuffled(sessions, bars, seed).bars
        known = {(symbol, bar.session): bar for symbol, history in days.items() for bar in history}
        history = sessions[:400]
        ground = Ground(history[150:], history, SYMBOLS, partial(bar_of, known), stage.plan.cash, costs)
        for name, rule in RULES.items():
            edges[name].append(edge(rule(ground, seed).standings, mean))
    for name, found in edges.items():
        assert_nothing_but_chance(name, found)


@pytest.mark.slow
def test_when_days_are_shuffled_then_over_20_seeds_the_desk_on_its_baseline_policy_has_no_edge(
    set_stage: tuple[Stage, Texts],
) -> None:
    stage, texts = set_stage
    mean, edges = means(histories(stage)), []
    for seed in SEEDS:
        plan = stage.plan.model_copy(update={"control_seed": seed})
        shown = masked(replace(stage, plan=plan, folder=stage.folder / str(seed)))
        edges.append(edge(shown.run(0, texts, lambda line: None).standings, mean))
    assert_nothing_but_chance("baseline policy", edges)
