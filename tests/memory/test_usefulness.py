"""What a memory has been good for: counted once a decision, shrunk, and only as far as it was known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perun.memory.aftermath import Credit, Horizon, Outcome
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.recall import Memory
from perun.memory.usefulness import DOUBT, MOST_CREDITS, cited, credited, credits_of, earned

Make = Callable[..., MemoryEntry]
NOW = datetime(2013, 6, 1, tzinfo=UTC)


def credit(value: str, decision: int = 1, horizon: Horizon = Horizon.FIVE, days_ago: int = 0) -> Credit:
    """What one decision earned."""
    known_at = NOW - timedelta(days=days_ago)
    return Credit(decision=f"signal-{decision:012x}", horizon=horizon, known_at=known_at, value=Decimal(value))


def test_when_nobody_cited_it_then_a_memory_is_neither_useful_nor_harmful(entry: Make) -> None:
    assert earned(entry(), NOW) == 0


def test_when_decisions_that_cited_it_did_well_then_it_is_useful_and_the_more_of_them_the_surer(entry: Make) -> None:
    one = earned(credited(entry(), [credit("0.06")]), NOW)
    many = earned(credited(entry(), [credit("0.06", number) for number in range(20)]), NOW)
    assert one == pytest.approx(0.06 / (1 + DOUBT))
    assert 0 < one < many < 0.06


def test_when_decisions_that_cited_it_did_badly_then_it_is_harmful(entry: Make) -> None:
    assert earned(credited(entry(), [credit("0.01", 1), credit("-0.09", 2)]), NOW) < 0


def test_when_a_decision_is_known_at_two_horizons_then_it_counts_once_at_the_farther_one(entry: Make) -> None:
    both = [credit("-0.06", horizon=Horizon.TWENTY), credit("0.06", horizon=Horizon.FIVE, days_ago=15)]
    assert earned(credited(entry(), both), NOW) == pytest.approx(-0.06 / (1 + DOUBT))
    assert earned(credited(entry(), both), NOW - timedelta(days=1)) == pytest.approx(0.06 / (1 + DOUBT))


@given(
    values=st.lists(st.tuples(st.decimals(-1, 1, places=4), st.integers(0, 100), st.sampled_from(Horizon))),
    days_ago=st.integers(0, 100),
)
def test_when_looked_at_from_any_time_then_what_became_known_later_does_not_count(
    entry: Make, values: list[tuple[Decimal, int, Horizon]], days_ago: int
) -> None:
    given_ = [credit(str(value), number, horizon, age) for number, (value, age, horizon) in enumerate(values)]
    then = NOW - timedelta(days=days_ago)
    whole, past = credited(entry(), given_), credited(entry(), [each for each in given_ if each.known_at <= then])
    assert earned(whole, then) == earned(past, then) == earned(whole.as_known(then), NOW)


def signal(entry: MemoryEntry, excess: str | None) -> MemoryEntry:
    """A signal with one outcome."""
    outcome = Outcome(
        horizon=Horizon.FIVE,
        known_at=NOW,
        sessions=5,
        change=Decimal(0),
        excess=None if excess is None else Decimal(excess),
        worst=Decimal(0),
    )
    return entry.model_copy(update={"outcomes": (outcome,)})


@pytest.mark.parametrize(("side", "value"), [(1, "-0.03"), (-1, "0.03")])
def test_when_a_signal_is_labelled_then_what_it_rested_on_earns_the_excess_in_its_direction(
    entry: Make, side: int, value: str
) -> None:
    [gained] = credits_of(signal(entry(), "-0.03"), side)
    assert (gained.value, gained.decision, gained.known_at) == (Decimal(value), entry().id, NOW)


def test_when_a_signal_took_no_side_or_had_no_benchmark_then_nothing_is_earned(entry: Make) -> None:
    assert [*credits_of(signal(entry(), "0.03"), 0), *credits_of(signal(entry(), None), 1)] == []


def test_when_evidence_names_memories_then_each_is_found_once_and_nothing_else() -> None:
    evidence = ["[mem:lesson-0123456789ab]", "[bars:AAPL:2013-05-01]", "[mem:lesson-0123456789ab]", "[mem:nonsense]"]
    assert cited(evidence) == ["lesson-0123456789ab"]


def test_when_the_same_credit_is_given_again_then_nothing_changes(entry: Make) -> None:
    once = credited(entry(), [credit("0.06")])
    assert credited(once, [credit("0.09")]) == once


def test_when_a_memory_is_cited_without_end_then_only_the_latest_credits_are_kept(entry: Make) -> None:
    many = [credit("0.01", number, days_ago=number) for number in range(MOST_CREDITS + 10)]
    kept = credited(entry(), many).credits
    assert len(kept) == MOST_CREDITS
    assert {each.decision for each in kept} == {each.decision for each in many[:MOST_CREDITS]}


def test_when_two_lessons_are_alike_then_the_harmful_one_sinks_below_the_useful_one(
    memory: Memory, entry: Make
) -> None:
    lessons = [entry(day=day, kind=Kind.LESSON) for day in (1, 2)]
    harmful = credited(lessons[1], [credit("-0.10", number) for number in range(5)])
    useful = credited(lessons[0], [credit("0.10", number) for number in range(5)])
    memory.remember([useful, harmful])
    hits = memory.recall("strong sales", "AAPL", NOW, 2, 0).hits
    assert [hit.entry.id for hit in hits] == [useful.id, harmful.id]


def test_when_a_memory_is_put_in_quarantine_then_it_is_kept_and_never_comes_to_mind_again(
    memdir: Memdir, memory: Memory, entry: Make
) -> None:
    memory.remember([entry(day=0), entry(day=1)])
    memory.quarantine(entry(day=1).id, "it was planted", "anna", NOW)
    assert [hit.entry for hit in memory.recall("strong sales", "AAPL", NOW, 5, 5).hits] == [entry(day=0)]
    kept = memdir.read(entry(day=1).id)
    assert kept
    assert kept.quarantine
    assert (kept.quarantine.reason, kept.quarantine.who) == ("it was planted", "anna")
