"""When the desk wakes: the moments of a schedule on days that are easy to get wrong."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.market import Session
from perun.tools.market.calendar import TradingDays
from perun.tools.market.schedule import Schedule

DAYS = TradingDays(date(2026, 6, 1))
YEAR_BEFORE = TradingDays(date(2025, 1, 15))
EVENTS = "open+10m, close-15m"

EXPECTED = {
    # The Friday before the clocks go forward, and the Monday after: the same hour in New York, another in UTC.
    date(2026, 3, 6): ("2026-03-06T14:40Z", "2026-03-06T20:45Z"),
    date(2026, 3, 9): ("2026-03-09T13:40Z", "2026-03-09T19:45Z"),
    # Back again on 1 November.
    date(2026, 10, 30): ("2026-10-30T13:40Z", "2026-10-30T19:45Z"),
    date(2026, 11, 2): ("2026-11-02T14:40Z", "2026-11-02T20:45Z"),
    # The day before Thanksgiving is a whole one, the day after ends at one o'clock.
    date(2026, 11, 25): ("2026-11-25T14:40Z", "2026-11-25T20:45Z"),
    date(2026, 11, 27): ("2026-11-27T14:40Z", "2026-11-27T17:45Z"),
}


@pytest.mark.parametrize("day", EXPECTED, ids=str)
def test_when_a_day_is_a_session_then_its_moments_stand_at_exchange_time(day: date) -> None:
    session = DAYS.on(day)
    assert session is not None
    instants = tuple(f"{moment.at:%Y-%m-%dT%H:%MZ}" for moment in Schedule(EVENTS).moments(session))
    assert instants == EXPECTED[day]


@pytest.mark.parametrize(
    ("days", "closed"),
    [
        (YEAR_BEFORE, date(2025, 1, 9)),
        (DAYS, date(2026, 11, 26)),
        (DAYS, date(2026, 11, 28)),
        (DAYS, date(2026, 11, 29)),
    ],
    ids=["day of mourning", "Thanksgiving", "Saturday", "Sunday"],
)
def test_when_the_exchange_is_closed_then_there_is_no_session(days: TradingDays, closed: date) -> None:
    assert days.on(closed) is None


def test_when_moments_are_named_then_each_slot_tells_day_and_event() -> None:
    session = DAYS.on(date(2026, 11, 27))
    assert session is not None
    slots = [moment.slot for moment in Schedule("open+10m,every 60m,close-15m").moments(session)]
    assert slots == [
        "2026-11-27-at-0930",
        "2026-11-27-open-10m",
        "2026-11-27-at-1030",
        "2026-11-27-at-1130",
        "2026-11-27-at-1230",
        "2026-11-27-close-15m",
    ]


def test_when_two_events_fall_on_one_instant_then_they_are_one_moment() -> None:
    session = DAYS.on(date(2026, 11, 27))
    assert session is not None
    assert [moment.slot for moment in Schedule("open+60m, every 60m").moments(session)][:2] == [
        "2026-11-27-at-0930",
        "2026-11-27-open-60m",
    ]


def test_when_an_event_lies_outside_of_a_short_session_then_it_is_left_out() -> None:
    session = DAYS.on(date(2026, 11, 27))
    assert session is not None
    assert Schedule("open+300m").moments(session) == []


@pytest.mark.parametrize("text", ["", "noon", "open-10m", "close+5m", "every 0m", "every 30", "open+10m;close-15m"])
def test_when_a_schedule_cannot_be_read_then_one_line_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write open\+10m, close-15m or every 30m"):
        Schedule(text)


@pytest.mark.parametrize("text", ["open+391m", "close-400m", "close-15m, open+999m"])
def test_when_a_moment_lies_in_no_session_then_it_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="lies in no session: the longest has 390 minutes"):
        Schedule(text)


def test_when_the_next_close_is_asked_for_on_a_weekend_then_it_is_mondays() -> None:
    saturday = datetime.fromisoformat("2026-11-28T12:00:00+00:00")
    assert DAYS.next_close(saturday) == datetime.fromisoformat("2026-11-30T21:00:00+00:00")


def test_when_a_day_is_far_from_the_calendars_then_it_is_no_answer() -> None:
    with pytest.raises(ValueError, match="too far"):
        DAYS.on(date(2031, 1, 2))


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(1, 400))
def test_when_any_day_repeats_then_its_moments_are_in_order_and_inside_the_session(day: date, minutes: int) -> None:
    session = DAYS.on(day) or Session(
        day=day,
        opens=datetime.fromisoformat(f"{day}T14:30:00+00:00"),
        closes=datetime.fromisoformat(f"{day}T21:00:00+00:00"),
    )
    moments = Schedule(f"every {minutes}m").moments(session)
    assert moments[0].at == session.opens
    assert all(later.at - earlier.at == timedelta(minutes=minutes) for earlier, later in pairwise(moments))
    assert session.closes - moments[-1].at <= timedelta(minutes=minutes)
    assert len({moment.slot for moment in moments}) == len(moments)
