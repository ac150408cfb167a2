"""The daemon on the wall clock: what it takes, what it leaves out, and what it says about clocks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.daemon import jobs
from perun.graph.app.daemon.duty import Duty, on_duty
from perun.graph.app.daemon.live import Watch
from perun.graph.app.daemon.shift import Reading, Shift
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable
from perun.tools.domain.market import MarketClock
from support.embedding import BagOfWords
from support.floor import settings

MOMENT = datetime.fromisoformat("2026-11-25T20:45:00+00:00")
A_MINUTE = timedelta(minutes=1)


class SetClock:
    """Stands where it is set, and goes on by a second at each look."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        self.instant += timedelta(seconds=1)
        return self.instant


class LiveShift(Shift):
    """The embedded desk, taken for a live one: what the broker's clock says is the test's."""

    is_open = True
    skew = 0.0

    @property
    def is_recorded(self) -> bool:
        return False

    def read(self) -> Reading:
        now = self.clock.now()
        clock = MarketClock(
            now=now, is_open=self.is_open, next_open=now + timedelta(hours=17), next_close=now + A_MINUTE
        )
        return Reading("desk", "alpaca-paper", clock, self.skew)


@pytest.fixture(autouse=True)
def small_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)


@contextmanager
def watching(folder: Path, clock: SetClock, *, live: bool = True) -> Iterator[tuple[Duty, list[str]]]:
    """A daemon on duty, and what it says."""
    said = list[str]()

    def tell(event: str, line: str, **facts: Any) -> None:
        said.append(f"{event}: {line}")

    chosen = settings(folder, default_symbols="AAPL,IBM", trading_schedule="close-15m")
    with on_duty(chosen, "schedule", tell, clock) as (duty, _):
        if live:
            duty.shift = LiveShift(chosen, clock)
        yield duty, said


def keep(duty: Duty, clock: SetClock, seen: datetime) -> None:
    """Deal with all that is due, and end before the first wait."""
    Watch(duty, clock, seen).keep(None, clock.instant.date() - timedelta(days=1))


def test_when_a_moment_comes_then_its_slot_is_taken_once(tmp_path: Path) -> None:
    clock = SetClock(MOMENT)
    with watching(tmp_path, clock, live=False) as (duty, _):
        keep(duty, clock, MOMENT - A_MINUTE)
        assert duty.tally.slots == {"traded": 1}
        assert duty.tally.first == "2009-06-01-close-15m"
        again = duty.hand_on("2009-06-01-close-15m", MOMENT)
        assert again["outcome"] == "duplicate"


def test_when_the_daemon_was_down_then_the_slots_are_noted_as_missed_once(tmp_path: Path) -> None:
    clock = SetClock(MOMENT + timedelta(hours=1))
    for expected in (["2026-11-24-close-15m", "2026-11-25-close-15m"], []):
        with watching(tmp_path, clock) as (duty, _):
            keep(duty, clock, MOMENT - timedelta(days=1, hours=3))
            assert (duty.tally.missed, duty.tally.slots) == (expected, {})


def test_when_the_market_is_closed_against_the_calendar_then_the_slot_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LiveShift, "is_open", False)
    clock = SetClock(MOMENT)
    with watching(tmp_path, clock) as (duty, said):
        keep(duty, clock, MOMENT - A_MINUTE)
        assert duty.tally.missed == ["2026-11-25-close-15m"]
    assert any("the broker says that the market is closed until 2026-11-26" in line for line in said)


def test_when_the_clocks_differ_then_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveShift, "skew", -61.0)
    monkeypatch.setattr(LiveShift, "is_open", False)
    clock = SetClock(MOMENT)
    with watching(tmp_path, clock) as (duty, said):
        keep(duty, clock, MOMENT - A_MINUTE)
    assert "clock: this machine's clock is -61 seconds off the broker's" in said


def test_when_the_clock_is_set_back_then_moments_are_planned_from_there(tmp_path: Path) -> None:
    clock = SetClock(MOMENT + timedelta(days=2))
    with watching(tmp_path, clock, live=False) as (duty, said):
        watch = Watch(duty, clock, None)
        clock.instant = MOMENT - timedelta(seconds=5)
        watch.keep(None, MOMENT.date() - timedelta(days=1))
        clock.instant = MOMENT
        watch.keep(None, MOMENT.date() - timedelta(days=1))
        assert duty.tally.slots == {"traded": 1}
    assert any(line.startswith("clock: the clock was set by -") for line in said)


def test_when_a_job_is_due_then_it_is_done_once_and_caught_up_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = list[str]()
    late = jobs.Job("review", lambda now: now.replace(hour=6, minute=0, second=0), lambda _: done.append("r") or "done")
    stale = jobs.Job("ping", lambda now: now - timedelta(hours=1), lambda _: done.append("p") or "", False)
    monkeypatch.setattr(jobs, "JOBS", [late, stale])
    clock = SetClock(MOMENT)
    with watching(tmp_path, clock, live=False) as (duty, said):
        duty.see_to_jobs(MOMENT)
        duty.see_to_jobs(MOMENT + A_MINUTE)
    assert (done, said[-1]) == (["r"], "job: review: done")


def test_when_a_queued_slot_is_found_too_late_then_it_is_missed_and_not_traded(tmp_path: Path) -> None:
    clock = SetClock(MOMENT + timedelta(hours=1))
    with watching(tmp_path, clock, live=False) as (duty, _):
        document = duty.hand_on("2026-11-25-close-15m", MOMENT)
        assert document["outcome"] == "missed"
        assert not duty.shift.is_finished("2026-11-25-close-15m")


def test_when_the_database_is_away_then_a_missed_slot_is_noted_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.live._RETRY_SECONDS", 0)
    clock, away = SetClock(MOMENT + timedelta(hours=1)), [LedgerUnavailable("gone"), LedgerUnavailable("still gone")]
    note = Shift.note_missed

    def sometimes(shift: Shift, *missed: Any) -> bool:
        if away:
            raise away.pop(0)
        return note(shift, *missed)

    monkeypatch.setattr(Shift, "note_missed", sometimes)
    with watching(tmp_path, clock) as (duty, said):
        keep(duty, clock, MOMENT - A_MINUTE)
        assert duty.tally.missed == ["2026-11-25-close-15m"]
    assert [line for line in said if "trying again" in line] == [
        "unavailable: gone; trying again",
        "unavailable: still gone; trying again",
    ]


def test_when_it_is_told_to_end_while_the_broker_is_silent_then_the_next_daemon_takes_the_slot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(MOMENT)
    with watching(tmp_path, clock) as (duty, _):

        def silent(_: Shift) -> Reading:
            duty.stopping.asked.set()
            raise LedgerUnavailable("no answer")

        monkeypatch.setattr(LiveShift, "read", silent)
        keep(duty, clock, MOMENT - A_MINUTE)
        seen = datetime.fromisoformat(duty.lifeline.facts.get("seen", (MOMENT - A_MINUTE).isoformat()))
        assert (seen < MOMENT, duty.tally.missed) == (True, [])
    with watching(tmp_path, clock, live=False) as (duty, _):
        keep(duty, clock, seen)
        assert duty.tally.slots == {"traded": 1}


def test_when_the_broker_s_clock_is_a_little_behind_then_the_slot_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.live._RETRY_SECONDS", 0)
    clock, looks, handed = SetClock(MOMENT), iter([False, False, True]), list[str]()

    def early(shift: Shift) -> Reading:
        now = shift.clock.now()
        market = MarketClock(
            now=now, is_open=next(looks), next_open=now + timedelta(seconds=1), next_close=now + 2 * A_MINUTE
        )
        return Reading("desk", "alpaca-paper", market, 0.0)

    def hand_on(_: Duty, slot: str, due: datetime) -> dict[str, Any]:
        handed.append(slot)
        return {"outcome": "held", "errors": []}

    monkeypatch.setattr(LiveShift, "read", early)
    monkeypatch.setattr(Duty, "hand_on", hand_on)
    with watching(tmp_path, clock) as (duty, _):
        Watch(duty, clock, MOMENT - A_MINUTE)._deal_with_moments(MOMENT)
        assert (handed, duty.tally.missed) == (["2026-11-25-close-15m"], [])


def test_when_a_slot_cannot_be_carried_out_then_it_is_missed_for_that_reason_and_the_daemon_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> dict[str, Any]:
        raise ConfigurationError("the prompt was edited")

    monkeypatch.setattr(Shift, "carry", broken)
    clock = SetClock(MOMENT)
    with watching(tmp_path, clock) as (duty, said):
        keep(duty, clock, MOMENT - A_MINUTE)
        assert duty.tally.missed == ["2026-11-25-close-15m"]
    assert "missed: 2026-11-25-close-15m is left out: the prompt was edited" in said


def test_when_a_slot_came_to_its_executor_too_late_then_that_stands_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.shift.LATE", timedelta(seconds=-60))
    clock = SetClock(MOMENT)
    with watching(tmp_path, clock) as (duty, said):
        keep(duty, clock, MOMENT - A_MINUTE)
        assert duty.tally.missed == ["2026-11-25-close-15m"]
    assert any("is left out: due at 2026-11-25T20:45:00+00:00: too long ago" in line for line in said)
