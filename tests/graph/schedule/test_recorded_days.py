"""`perun schedule` over recorded days, as a process of its own."""

import json
import signal
import urllib.request
from pathlib import Path

import pytest

from support.daemons import DaemonDesk, ended, killed, line_with


@pytest.fixture
def desk(tmp_path: Path) -> DaemonDesk:
    return DaemonDesk(tmp_path, {"DEFAULT_SYMBOLS": "AAPL,IBM"})


FAST = ("schedule", "--embedded-speed", "max", "--json")


def test_when_days_are_played_then_each_session_has_one_slot_and_the_next_call_goes_on(desk: DaemonDesk) -> None:
    first = desk.perun(*FAST, "--cycles", "2")
    assert first.code == 0, first.err
    assert (first.document["first_slot"], first.document["last_slot"]) == (
        "2009-06-01-close-15m",
        "2009-06-02-close-15m",
    )
    told = [word for line in first.err.splitlines() if (word := line.split()[1]).endswith("-close-15m")]
    assert told == ["2009-06-01-close-15m", "2009-06-02-close-15m"]
    status = json.loads(desk.perun("status", "--json").out)
    assert status["next_cycle"] == {"as_of": "2009-06-03T20:00:00Z", "slot": "2009-06-03-close-15m"}
    repeated = desk.perun("run", "--slot", "2009-06-02-close-15m", "--json")
    assert (repeated.code, repeated.document["outcome"]) == (0, "duplicate")
    again = desk.perun(*FAST, "--until", "2009-06-03")
    assert again.document["slots"].keys() <= {"held", "traded", "denied"}
    assert [slot for slot, _, _ in desk.cycles()] == [f"2009-06-0{day}-close-15m" for day in (1, 2, 3)]
    assert desk.books.faults() == []


def test_when_a_person_ran_the_slot_before_then_the_daemon_goes_on_after_it(desk: DaemonDesk) -> None:
    assert desk.perun("run", "--slot", "2009-06-01-close-15m").code == 0
    told = desk.perun(*FAST, "--cycles", "1").document
    assert told["first_slot"] == "2009-06-02-close-15m"


def test_when_the_desk_is_halted_then_the_daemon_says_so_and_the_slot_stays_free(desk: DaemonDesk) -> None:
    desk.perun("halt", "--reason", "a look")
    halted = desk.perun(*FAST, "--cycles", "3")
    assert (halted.code, halted.document["ended"], halted.document["slots"]) == (3, "halted", {"halted": 1})
    assert desk.cycles() == []
    desk.perun("resume", "--reason", "seen")
    resumed = desk.perun(*FAST, "--cycles", "1")
    assert (resumed.code, resumed.document["slots"].keys() <= {"held", "traded"}) == (0, True), resumed.err
    assert [slot for slot, _, _ in desk.cycles()] == ["2009-06-01-close-15m"]


def test_when_a_daemon_is_there_then_a_second_one_reports_it_and_ends_well(desk: DaemonDesk) -> None:
    first = desk.start("schedule", "--embedded-speed", "60", "--json-logs")
    line_with(first, '"cycle"')
    second = desk.perun(*FAST)
    assert (second.code, second.document["ended"]) == (0, "running already")
    assert second.document["holder"]["pid"] == first.pid
    killed(first)
    assert len(desk.cycles()) == 1


def test_when_it_is_told_to_end_then_the_work_in_hand_is_finished(desk: DaemonDesk) -> None:
    daemon = desk.start(*FAST)
    line_with(daemon, "2009-06-01")
    daemon.send_signal(signal.SIGTERM)
    said = ended(daemon)
    assert (said.code, said.document["ended"]) == (0, "stopped"), said.err
    assert {state for _, state, _ in desk.cycles()} == {"FINISHED"}
    assert json.loads((desk.var / "heartbeat.json").read_text())["doing"] == "stopped"


def test_when_the_grace_is_over_then_the_slot_is_parked_and_the_next_start_goes_on_with_it(tmp_path: Path) -> None:
    desk = DaemonDesk(tmp_path, {"DEFAULT_SYMBOLS": "AAPL,IBM", "STOP_GRACE_SECONDS": "0.001"})
    daemon = desk.start(*FAST)
    line_with(daemon, "2009-06-01")
    daemon.send_signal(signal.SIGTERM)
    parked = ended(daemon)
    if parked.code == 0:
        pytest.skip("the daemon stood between two slots")
    assert parked.code == 5
    assert "parked" in parked.err
    assert desk.perun(*FAST, "--cycles", "1").code == 0
    assert {state for _, state, _ in desk.cycles()} == {"FINISHED"}
    assert desk.books.faults() == []


def test_when_a_port_is_given_then_the_daemon_says_how_it_is(tmp_path: Path, free_port: int) -> None:
    desk = DaemonDesk(tmp_path, {"DEFAULT_SYMBOLS": "AAPL,IBM", "HEALTH_PORT": str(free_port)})
    daemon = desk.start("schedule", "--embedded-speed", "60")
    line_with(daemon, "2009-06-01")
    with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/health") as page:
        told = json.loads(page.read())
    assert (told["schema"], told["pid"], told["stuck"]) == ("perun.heartbeat/1", daemon.pid, False)
    killed(daemon)


@pytest.mark.parametrize("speed", ["fast", "-1", "nan", "inf"])
def test_when_a_speed_cannot_be_read_then_one_line_says_how_to_write_it(desk: DaemonDesk, speed: str) -> None:
    refused = desk.perun("schedule", f"--embedded-speed={speed}")
    assert refused.code == 2
    assert "write max, or seconds" in refused.err
