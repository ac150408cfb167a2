"""Jobs of daemons on several machines at one database: whoever looks first does them, and nobody else."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from perun.graph.app.daemon import jobs
from perun.graph.app.daemon.duty import Duty, on_duty
from perun.graph.app.daemon.jobs import Errand, Job
from perun.graph.app.daemon.optimization import times
from support.embedding import BagOfWords
from support.floor import settings
from support.postgres import TestServer

SATURDAY = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
Machine = Callable[[str], AbstractContextManager[Duty]]


@pytest.fixture
def machine(tmp_path: Path, postgres: TestServer, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)
    monkeypatch.setattr(jobs, "JOBS", [])
    address = postgres.new_database("C")

    @contextmanager
    def named(executor: str) -> Iterator[Duty]:
        chosen = settings(tmp_path, default_symbols="AAPL", database_url=address, executor_id=executor)
        with on_duty(chosen, "schedule", lambda *_, **__: None) as (duty, _):
            yield duty

    return named


class PulledPlug(BaseException):
    """The process is no more."""


def until(what: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(600):
        if what():
            return
        pause.wait(0.05)
    raise AssertionError("it never came to that")


def test_when_several_daemons_see_that_the_optimization_is_due_then_one_makes_it_and_a_missed_week_is_made_up_for_once(
    machine: Machine,
) -> None:
    made = list[str]()

    def run(errand: Errand) -> str:
        made.append(errand.shift.settings.executor_id)
        if made == ["left"]:
            raise PulledPlug
        return "made"

    jobs.hang(Job("optimization", times("0 6 * * SAT"), run))
    with pytest.raises(PulledPlug), machine("left") as left:
        left.see_to_jobs(SATURDAY)
    with machine("right") as right:
        right.see_to_jobs(SATURDAY + timedelta(minutes=1))
        assert made == ["left"]
        (taken,) = right.durable.adopt("left")
        assert taken.endswith(":optimization:2026-11-21T11:00:00+00:00")
        until(lambda: right.durable.has_ended(taken))
    for name, later in (("left", 0), ("right", 15), ("left", 16)):
        with machine(name) as daemon:
            daemon.see_to_jobs(SATURDAY + timedelta(days=later))
    assert made == ["left", "right", "right"]
