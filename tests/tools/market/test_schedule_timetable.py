"""The schedule laid over the exchange's calendar: every moment of hard weeks, as instants in UTC."""

from datetime import datetime

import pytest

from perun.tools.market.schedule import Schedule
from perun.tools.market.timetable import Timetable

WEEKS = {
    # The clocks go forward on Sunday, 8 March 2026.
    ("2026-03-06T00:00Z", "2026-03-10T00:00Z"): [
        "2026-03-06T14:40Z open-10m",
        "2026-03-06T20:45Z close-15m",
        "2026-03-09T13:40Z open-10m",
        "2026-03-09T19:45Z close-15m",
    ],
    # And back on Sunday, 1 November 2026.
    ("2026-10-30T00:00Z", "2026-11-03T00:00Z"): [
        "2026-10-30T13:40Z open-10m",
        "2026-10-30T19:45Z close-15m",
        "2026-11-02T14:40Z open-10m",
        "2026-11-02T20:45Z close-15m",
    ],
    # Thanksgiving 2026: the Thursday is closed, the Friday ends at one o'clock, then comes a weekend.
    ("2026-11-25T15:00Z", "2026-11-30T15:00Z"): [
        "2026-11-25T20:45Z close-15m",
        "2026-11-27T14:40Z open-10m",
        "2026-11-27T17:45Z close-15m",
        "2026-11-30T14:40Z open-10m",
    ],
    # 9 January 2025: closed for a day of mourning.
    ("2025-01-08T21:00Z", "2025-01-10T15:00Z"): ["2025-01-10T14:40Z open-10m"],
    # A weekend.
    ("2026-11-21T00:00Z", "2026-11-22T23:59Z"): [],
}


@pytest.mark.parametrize("week", WEEKS, ids=lambda week: week[0][:10])
def test_when_a_hard_week_is_planned_then_its_moments_are_these_instants(week: tuple[str, str]) -> None:
    after, until = map(datetime.fromisoformat, week)
    found = Timetable(Schedule("open+10m,close-15m")).between(after, until)
    assert [f"{moment.at:%Y-%m-%dT%H:%MZ} {moment.slot[11:]}" for moment in found] == WEEKS[week]


def test_when_the_next_moment_is_asked_for_then_the_present_one_is_over() -> None:
    table, at = Timetable(Schedule("close-15m")), datetime.fromisoformat("2026-11-27T17:45Z")
    assert table.after(at).slot == "2026-11-30-close-15m"


def test_when_years_lie_between_two_questions_then_both_are_answered() -> None:
    table = Timetable(Schedule("close-15m"))
    assert table.after(datetime.fromisoformat("2009-06-01T00:00Z")).slot == "2009-06-01-close-15m"
    assert table.after(datetime.fromisoformat("2026-11-28T00:00Z")).slot == "2026-11-30-close-15m"


def test_when_the_last_moment_of_a_session_is_asked_for_then_it_is_the_latest_in_time() -> None:
    table = Timetable(Schedule("close-15m,open+10m"))
    friday = datetime.fromisoformat("2026-11-27T12:00Z")
    session = next(each for each in table.sessions(friday, friday) if each.day == friday.date())
    last = table.last_of(session)
    assert last is not None
    assert last.slot == "2026-11-27-close-15m"
    assert Timetable(Schedule("open+300m")).last_of(session) is None
