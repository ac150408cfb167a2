"""What comes first: meaning, likeness, recency and use, each in its measure; and no day twice."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from perun.memory.aftermath import Credit, Horizon
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.ranking import Question, Weights, diverse, ranked
from perun.memory.tags import SITUATIONAL

Make = Callable[..., MemoryEntry]


@pytest.fixture
def asked(entry: Make) -> Question:
    return Question(entry(day=10).as_of, "AAPL", frozenset({"uptrend", "calm"}))


def ids(of: list[MemoryEntry]) -> list[str]:
    return [each.id for each in of]


def order(asked: Question, *found: tuple[MemoryEntry, float], weights: Weights = Weights()) -> list[str]:  # noqa: B008 # frozen
    return [one.entry.id for one in ranked(found, asked, weights)]


def test_when_all_else_is_equal_then_the_nearer_in_meaning_comes_first(entry: Make, asked: Question) -> None:
    far, near = entry(name="far"), entry(name="near")
    assert order(asked, (far, 0.2), (near, 0.3)) == ids([near, far])


def test_when_a_day_looked_alike_then_it_comes_before_one_that_did_not(entry: Make, asked: Question) -> None:
    alike = entry(name="alike").model_copy(update={"tags": ("calm", "uptrend", "earnings")})
    other = entry(name="other").model_copy(update={"tags": ("downtrend",)})
    assert order(asked, (other, 0.4), (alike, 0.2)) == ids([alike, other])
    [best, _] = ranked([(other, 0.4), (alike, 0.2)], asked, Weights())
    assert best.parts.likeness == 1, "tags that tell no situation do not count"


def test_when_nothing_is_known_of_the_situation_then_likeness_counts_for_nobody(entry: Make, asked: Question) -> None:
    tagged = entry().model_copy(update={"tags": tuple(SITUATIONAL)})
    [one] = ranked([(tagged, 0.1)], Question(asked.as_of, "AAPL"), Weights())
    assert one.parts.likeness == 0


def test_when_half_a_life_has_passed_then_recency_is_half(entry: Make) -> None:
    asked = Question(entry().as_of + timedelta(days=90), "AAPL")
    [one] = ranked([(entry(), 0.1)], asked, Weights(half_life_days=90))
    assert one.parts.recency == pytest.approx(0.5)
    assert one.score == pytest.approx(0.1 + 0.1 * 0.5)


def test_when_decisions_that_cited_it_did_well_then_it_rises_and_when_they_did_badly_it_sinks(
    entry: Make, asked: Question
) -> None:
    def with_credit(name: str, value: str) -> MemoryEntry:
        credit = Credit(decision="d", horizon=Horizon.ONE, known_at=entry(day=5).as_of, value=Decimal(value))
        return entry(name=name).model_copy(update={"credits": (credit,)})

    good, plain, bad = with_credit("good", "0.3"), entry(name="plain"), with_credit("bad", "-0.3")
    assert order(asked, (bad, 0.2), (plain, 0.2), (good, 0.2)) == ids([good, plain, bad])
    before = Question(entry(day=4).as_of, "AAPL")
    assert {one.parts.usefulness for one in ranked([(good, 0.2), (bad, 0.2)], before, Weights())} == {0}


def test_when_it_is_about_another_symbol_then_it_must_fit_better(entry: Make, asked: Question) -> None:
    ours, theirs = entry(), entry(symbol="MSFT")
    assert order(asked, (theirs, 0.3), (ours, 0.25)) == ids([ours, theirs])
    assert order(asked, (theirs, 0.4), (ours, 0.25)) == ids([theirs, ours])


def test_when_a_day_was_written_of_five_times_then_one_of_each_kind_comes(entry: Make, asked: Question) -> None:
    copies = [(entry(name=str(number)), 0.5 - number / 100) for number in range(5)]
    others = [(entry(kind=Kind.ANALYSIS), 0.1), (entry(day=1), 0.1), (entry(symbol="MSFT"), 0.2)]
    best = diverse(ranked([*copies, *others], asked, Weights()), 10)
    assert best[0].entry == copies[0][0]
    assert {one.entry.id for one in best} == {copies[0][0].id, *(each.id for each, _ in others)}
    assert len(diverse(ranked(copies, asked, Weights()), 0)) == 0
