"""Taking turns: a slot waits while another process has the desk, and what a dead executor began is taken over."""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from perun.graph.app.daemon.absence import Absence
from perun.graph.app.daemon.lifeline import Lifeline, beating
from perun.graph.app.daemon.shift import Shift
from perun.graph.tenure import take
from perun.tools.domain.clock import SystemClock
from perun.tools.domain.errors import ConfigurationError
from support.embedding import BagOfWords
from support.floor import settings

SLOT = "2009-06-01-close-15m"


class LateClock:
    """The computer's, ahead by what a test says."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


def waited(folder: Path, monkeypatch: pytest.MonkeyPatch, due: str, ahead: timedelta) -> dict[str, Any]:
    """What comes of a slot that had to wait for the desk; the clock goes ahead meanwhile."""
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)
    monkeypatch.setattr("perun.graph.app.daemon.shift._PAUSE_SECONDS", 0)
    clock, heard, documents = LateClock(), Event(), list[dict[str, Any]]()
    shift = Shift(settings(folder, default_symbols="AAPL", desk_wait_seconds="0"), clock)
    listener = logging.Handler()
    listener.emit = lambda _: heard.set()  # type: ignore[method-assign] # whatever is said, the slot waits
    (log := logging.Logger("shift")).addHandler(listener)
    monkeypatch.setattr("perun.graph.app.daemon.shift._LOG", log)
    worker = Thread(target=lambda: documents.append(shift.carry(SLOT, due)))
    with take(shift.read().account, folder / "var", 1, clock, "run", lambda _: None):
        worker.start()
        assert heard.wait(60)
        assert worker.is_alive()
        clock.ahead = ahead
    worker.join(60)
    return documents[0]


def test_when_another_has_the_desk_then_a_slot_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(tmp_path, monkeypatch, "", timedelta(0))["outcome"] == "traded"


def test_when_the_wait_for_the_desk_is_too_long_then_a_slot_of_a_moment_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = SystemClock().now().isoformat()
    assert waited(tmp_path, monkeypatch, due, timedelta(minutes=10))["outcome"] == "missed"


class Passing:
    """On time at the first look, and ten minutes late at every later one."""

    def __init__(self, due: datetime) -> None:
        self._instants = iter([due])
        self._late = due + timedelta(minutes=10)

    def now(self) -> datetime:
        return next(self._instants, self._late)


def test_when_the_moment_passes_while_the_desk_is_taken_then_its_slot_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)
    due = SystemClock().now()
    shift = Shift(settings(tmp_path, default_symbols="AAPL"), Passing(due))
    assert shift.carry(SLOT, due.isoformat())["outcome"] == "missed"


class Begun:
    """Durable work that an executor has begun."""

    def __init__(self, executor: str | None) -> None:
        self.executor, self.adopted = executor, list[str]()

    def executor_of(self, id: str) -> str | None:
        return self.executor

    def adopt(self, executor: str) -> list[str]:
        self.adopted.append(executor)
        return ["cycle:a:b"]


@pytest.mark.parametrize(("name", "gone_seconds", "adopted"), [("dead", 0, ["dead"]), ("dead", 60, []), (None, 0, [])])
def test_when_an_executor_is_gone_for_long_then_whoever_waits_for_its_slot_takes_it_over(
    tmp_path: Path, name: str | None, gone_seconds: float, adopted: list[str]
) -> None:
    begun, said = Begun(name), list[str]()
    chosen = settings(tmp_path)
    absence = Absence(chosen, begun, lambda _, line, **__: said.append(line), gone_seconds=gone_seconds)  # type: ignore[arg-type] # a stand-in
    absence._looked -= 10
    absence.look("cycle:a:b")
    assert begun.adopted == adopted
    assert said == [f"{name} is gone: its work is taken over: cycle:a:b"] * len(adopted)


def test_when_another_process_has_the_health_port_then_one_line_says_so(tmp_path: Path, free_port: int) -> None:
    first, second = (Lifeline(tmp_path / f"heartbeat-{name}.json", SystemClock(), 60) for name in ("a", "b"))
    with (
        beating(first, free_port),
        pytest.raises(ConfigurationError, match=f"HEALTH_PORT={free_port} is taken"),
        beating(second, free_port),
    ):
        pass
