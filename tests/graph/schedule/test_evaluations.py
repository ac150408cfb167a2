"""Replays handed to workers at one database: the same tables whoever plays, and no slot waits for them."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from perun.graph.app.daemon.seats import seats_taken
from perun.graph.app.players import Players
from perun.graph.app.runs import play_all, runs
from perun.graph.app.stage import Wish, set_up
from perun.graph.ledger.postgres import Server
from perun.graph.replay.artifacts import RunTold
from support.daemons import ended, line_with
from support.postgres import TestServer, running_server
from support.shared_desk import SharedDesk, Work

LOOKS = 600
"""A tenth of a second apart."""


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    """A server of this file's own: durable work has one place in each database."""
    with running_server() as server:
        yield server


def until(what: Callable[[], bool]) -> None:
    """Look again and again."""
    pause = Event()
    for _ in range(LOOKS):
        if what():
            return
        pause.wait(0.1)
    raise AssertionError("it never came to that")


def worker(desk: SharedDesk, name: str, request: pytest.FixtureRequest) -> "subprocess.Popen[str]":
    """A worker that takes queued work; it ends with the test."""
    process = desk.named(name).start("worker", "--json-logs")
    request.addfinalizer(process.kill)
    line_with(process, '"worker"')
    return process


def evaluator_of(worker: int) -> int:
    """The process that plays for the worker."""
    children = Path(f"/proc/{worker}/task").glob("*/children")
    return int(" ".join(each.read_text() for each in children).split()[0])


def evaluations(desk: SharedDesk, status: str) -> list[Work]:
    return [work for work in desk.works() if work.id.startswith("evaluation:") and work.status == status]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_when_a_worker_is_killed_in_an_evaluation_then_another_plays_it_and_a_slot_due_meanwhile_is_carried_out(
    tmp_path: Path, server: TestServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    desk = SharedDesk(tmp_path, {}, server.new_database("C"))
    monkeypatch.chdir(tmp_path)
    for name, value in {"DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": desk.address}.items():
        monkeypatch.setenv(name, value)
    days = Wish(date(2009, 6, 1), date(2009, 6, 9), ("IBM",), "baseline", 3)

    def told(out: str, players: Players) -> list[RunTold]:
        stage, texts = set_up(days, {})
        lines: list[str] = []
        came = play_all(list(runs(stage, texts)), tmp_path / out, lines.append, players)
        assert ("handed to perun workers: 2 play" in lines) == (out == "there")
        return came

    left, right = (worker(desk, name, request) for name in ("left", "right"))
    until(lambda: len(seats_taken(Server.at(desk.address))) == 2)
    stopped = [evaluator_of(left.pid), evaluator_of(right.pid)]
    assert [os.getpriority(os.PRIO_PROCESS, each) for each in stopped] == [10, 10]
    with ThreadPoolExecutor(1) as thread:
        there = thread.submit(told, "there", Players())
        until(lambda: len(evaluations(desk, "PENDING")) == 2)
        for each in stopped:
            os.kill(each, signal.SIGSTOP)  # an evaluation that takes as long as it likes
        desk.queue_up(desk.beat("right")["account"], ["slot-000"])
        until(lambda: [work.status for work in desk.works() if "slot-000" in work.id] == ["SUCCESS"])
        assert len(evaluations(desk, "PENDING")) == 2
        left.send_signal(signal.SIGKILL)
        for each in stopped:
            os.kill(each, signal.SIGCONT)
        assert ended(left).code == -signal.SIGKILL
        came = there.result(timeout=100)
    assert evaluations(desk, "SUCCESS") == [], "what came of them is forgotten"
    right.send_signal(signal.SIGTERM)
    assert ended(right).code == 0
    assert not seats_taken(Server.at(desk.address))
    assert came == told("here", Players())
