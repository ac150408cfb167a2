"""Latches by kind: each only tightens, and stands in the file until it is lifted."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from perun.graph.ledger.adjustments import CASH
from perun.graph.ledger.latches import Kind
from perun.graph.ledger.ledger import Ledger, open_ledger
from perun.graph.ledger.marks import Mark
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.standing import TradingState

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
ACTIVE, REDUCING, HALTED = TradingState


def mark(day: int = 23, **changes: object) -> Mark:
    facts = {
        "number": 0, "at": NOW.replace(day=day), "day": date(2026, 11, day), "equity": 100, "cash": 10, "paid": 50,
        "scale": 1, "settled": None, "high_water": None, "day_start": 99, "week_start": 98, "anew": 0,
    }  # fmt: skip
    return Mark(**{**facts, **changes})


def test_when_a_latch_is_set_then_only_a_stricter_one_of_its_kind_takes_its_place(ledger: Ledger) -> None:
    assert ledger.latches.tighten("acc", REDUCING, "first", "me", NOW)
    assert not ledger.latches.tighten("acc", REDUCING, "second", "me", NOW)
    assert ledger.latches.tighten("acc", HALTED, "third", "me", NOW)
    assert not ledger.latches.tighten("acc", REDUCING, "fourth", "me", NOW)
    assert [(latch.state, latch.reason) for latch in ledger.latches.standing("acc")] == [(HALTED, "third")]


def test_when_latches_of_several_kinds_stand_then_the_strictest_and_oldest_comes_first(ledger: Ledger) -> None:
    for minute, (kind, state) in enumerate(
        [(Kind.DAILY_LOSS, REDUCING), (Kind.REJECTS, REDUCING), (Kind.PERSON, HALTED), (Kind.DRAWDOWN, HALTED)]
    ):
        ledger.latches.tighten("acc", state, kind, "me", NOW + timedelta(minutes=minute), kind)
    kinds = [Kind.PERSON, Kind.DRAWDOWN, Kind.DAILY_LOSS, Kind.REJECTS]
    assert [latch.kind for latch in ledger.latches.standing("acc")] == kinds
    assert ledger.latches.standing("somebody else") == []


def test_when_one_kind_is_lifted_then_the_others_stand_and_it_may_be_set_again(ledger: Ledger) -> None:
    day = date(2026, 11, 23)
    ledger.latches.tighten("acc", REDUCING, "lost", "me", NOW, Kind.DAILY_LOSS, day)
    ledger.latches.tighten("acc", HALTED, "halt", "me", NOW, Kind.PERSON)
    (lifted,) = ledger.latches.lift("acc", [Kind.DAILY_LOSS, Kind.REJECTS], "a new day", "me", NOW)
    assert (lifted.kind, lifted.reason, lifted.day) == (Kind.DAILY_LOSS, "lost", day)
    assert [latch.kind for latch in ledger.latches.standing("acc")] == [Kind.PERSON]
    assert ledger.latches.lifted_at("acc", Kind.DAILY_LOSS) == NOW
    assert ledger.latches.lifted_at("acc", Kind.PERSON) is None
    assert ledger.latches.tighten("acc", REDUCING, "lost again", "me", NOW, Kind.DAILY_LOSS)


def test_when_the_ledger_is_opened_again_then_the_latches_stand(path: Path, clock: StoppedClock) -> None:
    with open_ledger(path, clock) as ledger:
        ledger.latches.tighten("acc", HALTED, "why", "me", NOW, Kind.DRAWDOWN)
        before = ledger.latches.standing("acc")
    with open_ledger(path, clock) as ledger:
        assert ledger.latches.standing("acc") == before


def test_when_marks_are_taken_then_each_has_the_next_number_and_is_read_back_as_it_was(ledger: Ledger) -> None:
    first = ledger.marks.take("acc", mark(), NOW)
    second = ledger.marks.take("acc", mark(settled=100, high_water=101, anew=1), NOW)
    assert (first.number, first.anew, second.number, second.anew) == (1, 1, 2, 1)
    assert ledger.marks.last("acc") == second
    assert ledger.marks.last("somebody else") is None


@pytest.mark.parametrize(("day", "anew", "found"), [(27, 1, 24), (25, 1, 23), (23, 1, None), (27, 5, 25)])
def test_when_a_week_is_looked_back_then_its_oldest_session_s_first_mark_is_found(
    ledger: Ledger, day: int, anew: int, found: int | None
) -> None:
    # Two marks a day: numbers 1 and 2 on the 23rd, 3 and 4 on the 24th, and so on.
    for each in (23, 23, 24, 24, 25, 25, 26, 26):
        ledger.marks.take("acc", mark(each, anew=1), NOW)
    began = ledger.marks.week_before(mark(day, anew=anew), "acc", sessions=3)
    assert (began and began.day.day) == found
    assert began is None or began.number % 2 == 1


def test_when_shares_are_there_at_the_first_look_then_they_are_adopted_and_later_ones_are_unexplained(
    ledger: Ledger,
) -> None:
    ledger.adjustments.book("acc", "AAPL", 10, "there before us", NOW)
    ledger.adjustments.book("acc", CASH, 1000, "opening balance", NOW)
    ledger.marks.take("acc", mark(), NOW)
    ledger.adjustments.book("acc", "IBM", 5, "EXTERNAL", NOW)
    ledger.adjustments.book("acc", CASH, -500, "EXTERNAL", NOW)
    assert ledger.adjustments.unexplained("acc") == ("IBM",)
    assert ledger.adjustments.paid("acc") == 500
    assert ledger.adjustments.acknowledge("acc", NOW) == ("IBM",)
    assert ledger.adjustments.unexplained("acc") == ()


def test_when_shares_came_and_went_again_then_they_are_even(ledger: Ledger) -> None:
    ledger.marks.take("acc", mark(), NOW)
    ledger.adjustments.book("acc", "IBM", 5, "EXTERNAL", NOW)
    ledger.adjustments.book("acc", "IBM", -5, "EXTERNAL", NOW)
    assert ledger.adjustments.unexplained("acc") == ()
