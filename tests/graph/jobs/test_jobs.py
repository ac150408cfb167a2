"""What the daemon does beside trading: when it is due, that it is done once, and that nothing ends the daemon."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from perun.graph.app.daemon import jobs
from perun.graph.app.daemon.duty import Duty, on_duty
from perun.graph.app.daemon.jobs import Errand, Job
from perun.graph.app.daemon.optimization import SESSIONS, times, window
from perun.graph.app.daemon.outcomes import last_due, outcomes
from perun.graph.app.daemon.shift import Shift
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable
from perun.tools.market.recorded import RecordedMarket
from support.embedding import BagOfWords
from support.floor import settings

NOW = datetime.fromisoformat("2026-11-25T20:45:00+00:00")


class LiveShift(Shift):
    """The embedded desk, taken for a live one."""

    @property
    def is_recorded(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)
    monkeypatch.setattr(jobs, "JOBS", [])


@contextmanager
def daemon(folder: Path, *, live: bool = False) -> Iterator[tuple[Duty, list[str]]]:
    said = list[str]()
    chosen = settings(folder, default_symbols="AAPL,IBM")
    with on_duty(chosen, "schedule", lambda event, line, **_: said.append(f"{event}: {line}")) as (duty, _):
        if live:
            duty.shift = LiveShift(chosen)
        yield duty, said


def job(run: Callable[[Errand], str], **more: Any) -> Job:
    return Job("sweep", lambda now: now.replace(hour=6, minute=0, second=0), run, **more)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-21T10:59:00+00:00", "2026-11-14T11:00:00+00:00"),
        ("2026-11-21T11:00:00+00:00", "2026-11-21T11:00:00+00:00"),
        ("2026-10-31T23:00:00+00:00", "2026-10-31T10:00:00+00:00"),  # still daylight time in New York
    ],
)
def test_when_a_cron_says_saturday_at_six_then_it_is_six_in_new_york(now: str, due: str) -> None:
    assert times("0 6 * * SAT")(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_when_a_cron_names_no_times_then_it_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="OPTIMIZATION_SCHEDULE='a b c d e'"):
        times("a b c d e")


def test_when_a_candidate_is_tried_then_only_sessions_that_ended_before_are_played() -> None:
    first, last = window(datetime.fromisoformat("2009-06-01T20:00:00+00:00"))
    assert (last, first) == ("2009-05-29", "2009-03-02")
    with pytest.raises(ConfigurationError, match=f"{SESSIONS} are needed"):
        window(RecordedMarket.shipped().sessions()[SESSIONS - 1].closes)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-25T21:59:00+00:00", "2026-11-24T22:00:00+00:00"),
        ("2026-11-25T22:00:00+00:00", "2026-11-25T22:00:00+00:00"),
        ("2026-11-29T12:00:00+00:00", "2026-11-27T19:00:00+00:00"),  # a half-day and a weekend
    ],
)
def test_when_a_session_has_closed_then_its_outcomes_are_due_an_hour_later(now: str, due: str) -> None:
    assert last_due(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_when_something_stands_in_its_way_then_a_job_is_done_at_the_next_look_and_else_not_again(
    tmp_path: Path,
) -> None:
    tries, bad = list[str](), list[str]()

    def run(_: Errand) -> str:
        tries.append("x")
        if len(tries) == 1:
            raise LedgerUnavailable("the ledger is locked")
        return "swept"

    def fail(_: Errand) -> str:
        bad.append("x")
        raise ConfigurationError("no broom")

    with daemon(tmp_path) as (duty, said):
        jobs.hang(job(run))
        for _ in range(3):
            duty.see_to_jobs(NOW)
        jobs.hang(Job("bad", job(fail).last_due, fail))
        for _ in range(2):
            duty.see_to_jobs(NOW)
    assert said[-3:] == [
        "job: sweep: not done now: the ledger is locked",
        "job: sweep: swept",
        "job: bad: not done: no broom",
    ]
    with daemon(tmp_path) as (duty, _):
        jobs.hang(job(run))
        duty.see_to_jobs(NOW)
    assert (len(tries), len(bad)) == (2, 1)


def test_when_something_stood_in_the_way_of_whoever_took_a_job_over_then_it_is_done_at_the_next_look(
    tmp_path: Path,
) -> None:
    tries = list[str]()

    def run(_: Errand) -> str:
        tries.append("x")
        if len(tries) == 1:
            raise LedgerUnavailable("the daemon ends")
        return "swept"

    with daemon(tmp_path) as (duty, said):
        jobs.hang(job(run))
        due = NOW.replace(hour=6, minute=0).isoformat()
        taken_over = duty.durable.carry(f"job:{duty.tally.account}:sweep:{due}", "job", "sweep", "")
        assert taken_over["again"]
        for _ in range(2):
            duty.see_to_jobs(NOW)
        assert (len(tries), said[-1]) == (2, "job: sweep: swept")


def test_when_a_job_is_long_then_trading_goes_on_beside_it_and_the_next_daemon_begins_it_anew(tmp_path: Path) -> None:
    began, begins = Event(), list[str]()

    def run(errand: Errand) -> str:
        begins.append("x")
        began.set()
        if len(begins) == 1 and errand.wait(60):
            raise LedgerUnavailable("the daemon ends")
        return "done"

    jobs.hang(job(run, is_long=True))
    with daemon(tmp_path, live=True) as (duty, said):
        duty.see_to_jobs(NOW)
        assert began.wait(20)
        duty.see_to_jobs(NOW)
        assert duty.take("2009-06-01-close-15m")["outcome"] == "traded"
        duty.go_on(())
    assert said[-1] == "job: sweep: not done now: the daemon ends"
    with daemon(tmp_path, live=True) as (duty, said):
        duty.see_to_jobs(NOW)
        duty.beside.join(20)
        duty.see_to_jobs(NOW)
    assert (said[-1], begins) == ("job: sweep: done", ["x", "x"])


def test_when_no_cycle_has_seen_the_last_session_then_the_job_writes_outcomes_once(tmp_path: Path) -> None:
    with daemon(tmp_path) as (duty, said):
        day = duty.shift.read().clock.now
        assert duty.take("2009-06-01-close-15m")["outcome"] == "traded"
        duty.shift.pass_session(duty.shift.read().clock.now)
        duty.shift = LiveShift(duty.settings)
        jobs.hang(outcomes())
        for hours in (2, 3):
            duty.see_to_jobs(day + timedelta(days=1, hours=hours))
        with duty.shift.floor() as floor:
            known = floor.hand.ledger.events.of_kind(f"outcomes:{duty.tally.account}:2009-06-02", "memory.outcomes")
    assert [line for line in said if line.startswith("job")] == [
        "job: outcomes: memory knows the session of 2009-06-02"
    ]
    assert known
