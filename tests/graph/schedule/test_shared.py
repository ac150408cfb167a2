"""Workers at one database: each slot done once by whoever is free, and a dead worker's work taken over."""

import json
import signal
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from support.daemons import ended, killed, line_with
from support.daily_model import NOTHING_SLOWS, DailyModel
from support.model_server import ModelServer
from support.postgres import TestServer, running_server
from support.shared_desk import SharedDesk

LONGEST = 6000
"""Looks at the queue, a quarter of a second apart and more."""


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    """A server of this file's own, that may go away: durable work has one place in each database."""
    with running_server() as server:
        yield server


def until(what: Callable[[], bool]) -> None:
    """Look again and again."""
    pause = Event()
    for _ in range(LONGEST):
        if what():
            return
        pause.wait(0.25)
    raise AssertionError("it never came to that")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_when_one_of_two_workers_is_killed_then_its_work_is_adopted_and_each_slot_is_done_once(
    tmp_path: Path,
    server: TestServer,
    request: pytest.FixtureRequest,
    free_port: int,
    record_property: Callable[[str, object], None],
) -> None:
    model, count = DailyModel(), int(request.config.getoption("--shared-slots"))
    with ModelServer(model) as models:
        settings = {**NOTHING_SLOWS, "OPENAI_BASE_URL": models.base_url}
        desk = SharedDesk(tmp_path, settings, server.new_database("C"))
        left = desk.named("left", HEALTH_PORT=str(free_port)).start("worker", "--json-logs")
        line_with(left, '"worker"')
        right = desk.named("right").start("worker", "--json")
        line_with(right, "takes queued work")
        account = _each_tells_of_itself(desk, left, right, free_port)

        desk.queue_up(account, [f"slot-{number:03}" for number in range(count)])
        desk.queue_up("another", ["slot-000"])
        until(lambda: desk.by_status()["SUCCESS"] >= count // 3 and _is_at_work(desk, "left"))
        assert killed(left).code == -9
        checks = {row["check"]: row for row in desk.perun("doctor", "--json").document["checks"]}
        assert "left is gone and left 1 begun: cycle:" in checks["executors"]["detail"]
        assert "perun worker --adopt left takes it over" in checks["executors"]["detail"]
        refused = desk.named("third").perun("worker", "--adopt", "right")
        assert (refused.code, "the executor right is at work" in refused.err) == (2, True)

        third = desk.named("third").start("worker", "--adopt", "left", "--json")
        until(lambda: desk.by_status()["SUCCESS"] == count)
        workers = {name: _stopped(process) for name, process in (("right", right), ("third", third))}
        tally = _tally(desk, model, workers)
        record_property("shared", json.dumps(tally))
    assert _faults(desk, model, count) == [], tally
    assert [work.status for work in desk.works() if ":another:" in work.id] == ["ENQUEUED"], "another account's slot"
    after = {row["check"]: row for row in desk.perun("doctor", "--json").document["checks"]}
    assert after["executors"]["ok"]
    assert after["executors"]["detail"] == "no executor left work behind, 0 waiting, 0 at work"


def _each_tells_of_itself(
    desk: SharedDesk, left: "subprocess.Popen[str]", right: "subprocess.Popen[str]", port: int
) -> str:
    """Heartbeats and health pages are the workers' own; the account that both serve."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as page:
        told = json.loads(page.read())
    assert (told["executor"], told["pid"], told["role"]) == ("left", left.pid, "worker")
    assert (desk.beat("left")["pid"], desk.beat("right")["pid"]) == (left.pid, right.pid)
    return str(told["account"])


def _is_at_work(desk: SharedDesk, name: str) -> bool:
    return desk.beat(name)["doing"] == "carrying" and any(
        work.status == "PENDING" and work.executor == name for work in desk.works()
    )


def _stopped(process: "subprocess.Popen[str]") -> dict[str, int]:
    """The slots that a worker did, by outcome."""
    process.send_signal(signal.SIGTERM)
    said = ended(process)
    assert said.code == 0, said.err
    return dict(said.document["slots"])


def _tally(desk: SharedDesk, model: DailyModel, workers: dict[str, dict[str, int]]) -> dict[str, object]:
    return {
        "slots": len(desk.cycles()),
        "outcomes": Counter(outcome for _, _, outcome in desk.cycles()),
        "done by": Counter(work.executor for work in desk.works()),
        "told by": workers,
        "orders": len(desk.books.asked_for()),
        "questions": len(model.asked),
        "answers on record": len(desk.asked()),
    }


def _faults(desk: SharedDesk, model: DailyModel, count: int) -> list[str]:
    slots = Counter(slot for slot, _, _ in desk.cycles())
    faults = [f"twice: {slot}" for slot, times in slots.items() if times > 1]
    faults += [f"not at its end: {cycle}" for cycle in desk.cycles() if cycle[1] != "FINISHED"]
    faults += [] if len(slots) == count else [f"slots: {sorted(slots)}"]
    known = Counter(desk.asked())
    asked = Counter(model.asked)
    lost = sum((asked - known).values())  # an answer that was under way when its asker was killed
    faults += [f"{lost} answers are on no record"] if lost > 2 else []
    faults += [f"on record, but asked by nobody: {sum((known - asked).values())}"] if known - asked else []
    return [*faults, *desk.books.faults()]


@pytest.mark.slow
def test_when_the_database_goes_away_and_comes_back_then_the_slot_in_hand_is_resumed_and_the_daemon_lives_on(
    tmp_path: Path, server: TestServer, record_property: Callable[[str, object], None]
) -> None:
    model, asked = DailyModel(), Event()
    with ModelServer(model) as models:
        settings = {**NOTHING_SLOWS, "OPENAI_BASE_URL": models.base_url}
        desk = SharedDesk(tmp_path, settings, server.new_database("C"))
        daemon = desk.start("schedule", "--embedded-speed", "max", "--cycles", "5", "--json")
        line_with(daemon, "2009-06-01-close-15m")
        model.arm(asked.set)
        assert asked.wait(60)
        server.stop()
        line_with(daemon, "until then work waits")
        server.start()
        line_with(daemon, "answers again")
        said = ended(daemon)
        record_property("away", said.err)
    assert (said.code, said.document["ended"], said.document["last_slot"]) == (0, "done", "2009-06-05-close-15m"), said
    assert _faults(desk, model, 5) == []
