"""A known answer: planted skill is found at the stated power, and searches among equals promote no more than alpha."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perun.graph.optimize.evidence import ALPHA, FEWEST, POWER, weigh
from perun.graph.optimize.promotion import Conduct, judge
from perun.graph.optimize.scoring import COIN, Paired, loss, pair
from perun.graph.replay.telling import HORIZONS, Decision

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
CALM = Conduct(drawdown=0.05, denied=0.1, cost_usd=0.01, agreement=1.0)
WANTED = 0.05


def decision(slot: int, symbol: str, action: str, confidence: float, excess: float | None) -> Decision:
    change = None if excess is None else Decimal(str(excess))
    return Decision(
        slot=f"{slot:05d}",
        as_of=datetime(2009, 6, 1, 20, tzinfo=UTC) + timedelta(days=slot),
        symbol=symbol,
        action=action,
        confidence=confidence,
        prompt="",
        asked=False,
        cleared=False,
        breaches=(),
        returns=dict.fromkeys(HORIZONS, change),
        excess=dict.fromkeys(HORIZONS, change),
    )


def market(rng: np.random.Generator, cycles: int) -> np.ndarray:
    """What each share did beyond the others over five sessions: outcomes overlap, as they do on a market."""
    daily = rng.normal(size=(cycles + 5, len(SYMBOLS)))
    return np.array([daily[day : day + 5].sum(axis=0) for day in range(cycles)])


def decided(rng: np.random.Generator, moves: np.ndarray, skill: float) -> Iterator[Decision]:
    """A mind that is right with that probability, and always says 65 %."""
    for slot, row in enumerate(moves):
        for symbol, move in zip(SYMBOLS, row, strict=True):
            right = rng.random() < skill
            yield decision(slot, symbol, "BUY" if (move > 0) == right else "SELL", 0.65, float(round(move, 6)))


def search(seed: int, cycles: int, skills: tuple[float, ...]) -> Paired:
    """An incumbent with the first skill, candidates with the others, on one market."""
    rng = np.random.default_rng(seed)
    moves = market(rng, cycles)
    own, *others = (list(decided(rng, moves, skill)) for skill in skills)
    return pair(own, {str(number): each for number, each in enumerate(others)})


@pytest.mark.parametrize(
    ("action", "confidence", "excess", "lost"),
    [
        ("BUY", 1.0, 0.01, 0.0),
        ("BUY", 1.0, -0.01, 1.0),
        ("SELL", 0.9, -0.01, 0.01),
        ("HOLD", 0.9, 0.01, COIN),
        ("BUY", 0.5, -0.01, COIN),
        ("BUY", 0.7, None, None),
    ],
)
def test_when_a_decision_is_scored_then_honest_doubt_costs_a_coin_and_certain_error_all(
    action: str, confidence: float, excess: float | None, lost: float | None
) -> None:
    told = loss(decision(0, "AAPL", action, confidence, excess))
    assert told == (None if lost is None else pytest.approx(lost))


def test_when_one_prompt_missed_a_cycle_then_only_what_all_decided_on_is_compared() -> None:
    own = [decision(slot, "AAPL", "BUY", 0.6, 0.01) for slot in (1, 2, 3)]
    other = [decision(slot, "AAPL", "BUY", 0.9, 0.01) for slot in (2, 3, 4)]
    paired = pair(own, {"other": other})
    assert paired.slots == ("00002", "00003")
    assert paired.effect("other") == pytest.approx(0.16 - 0.01)
    with pytest.raises(ValueError, match="no decision"):
        pair(own, {"other": other[2:]})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.floats(0, 1))
def test_when_the_truth_has_a_probability_then_nobody_who_says_another_one_does_better_in_the_mean(
    said: list[float], true: float
) -> None:
    def mean_loss(stated: float) -> float:
        return true * (stated - 1) ** 2 + (1 - true) * stated**2

    assert all(mean_loss(true) <= mean_loss(each) + 1e-12 for each in said)


def test_when_a_better_prompt_is_planted_then_it_is_found_and_eligible_and_a_worse_one_never_is() -> None:
    found = weigh(search(7, 250, (0.5, 0.75, 0.5, 0.3)), WANTED)
    sealed = weigh(search(8, 250, (0.5, 0.75)), WANTED)
    assert found.best == "0"
    assert found.low < found.effect < found.high
    assert judge(found, sealed, WANTED, CALM, CALM).eligible
    worse = weigh(search(7, 250, (0.5, 0.3)), WANTED)
    assert worse.effect < 0
    assert not judge(worse, worse, WANTED, CALM, CALM).eligible


def test_when_the_sealed_window_was_not_opened_or_a_guard_rail_is_passed_then_every_reason_is_named() -> None:
    found = weigh(search(7, 250, (0.5, 0.75)), WANTED)
    wild = Conduct(drawdown=0.2, denied=0.5, cost_usd=0.1, agreement=0.5, injected=2)
    judgement = judge(found, None, WANTED, CALM, wild)
    assert not judgement.eligible
    assert len(judgement.reasons) == 6
    assert "sealed window was not opened" in judgement.reasons[0]


def test_when_too_few_cycles_were_played_then_nothing_is_said() -> None:
    with pytest.raises(ValueError, match="say nothing"):
        weigh(search(1, FEWEST - 1, (0.5, 0.7)), WANTED)


def test_when_candidates_say_what_the_incumbent_says_then_there_is_no_effect() -> None:
    paired = search(1, 60, (0.5,))
    same = weigh(Paired(paired.slots, paired.incumbent, {"twin": paired.incumbent}), WANTED)
    assert (same.effect, same.p_value) == (0.0, 1.0)


@pytest.mark.slow
def test_when_200_searches_go_over_equals_then_no_more_than_alpha_of_them_call_one_better(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nulls = [weigh(search(seed, 120, (0.5,) * 6), WANTED, seed) for seed in range(200)]
    called = sum(each.p_value <= ALPHA for each in nulls)
    promoted = sum(judge(each, each, WANTED, CALM, CALM).eligible for each in nulls)
    with capsys.disabled():
        print(f"\n200 searches among 5 equals: {called} called better at p <= {ALPHA}, {promoted} past the gate")
    assert called <= 200 * ALPHA + 2 * (200 * ALPHA * (1 - ALPHA)) ** 0.5, "within two standard errors of alpha"
    assert promoted <= 200 * ALPHA


@pytest.mark.slow
def test_when_the_planted_effect_is_the_one_asked_for_then_the_stated_number_of_cycles_finds_it_at_the_stated_power(
    capsys: pytest.CaptureFixture[str],
) -> None:
    better = 0.5 + WANTED / 0.3  # a tenth more skill lowers the loss of whoever says 65 % by 0.03
    needed = weigh(search(0, 400, (0.5, better)), WANTED).needed
    found = sum(weigh(search(seed, needed, (0.5, better)), WANTED, seed).p_value <= ALPHA for seed in range(1, 101))
    with capsys.disabled():
        print(f"\nan effect of {WANTED} over {needed} cycles was seen in {found} of 100 searches")
    assert found >= 100 * POWER - 2 * (100 * POWER * (1 - POWER)) ** 0.5
