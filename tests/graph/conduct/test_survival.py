"""What latched before a process was killed stands in the next one; every process here is killed by SIGKILL."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app import commanding
from perun.graph.app.inspecting import status
from perun.graph.app.wiring import open_floor
from perun.graph.ledger.latches import Kind
from perun.tools.domain.events import AccountMarked, StateChanged
from support.floor import cycle, parts, settings

SCRIPT = Path(__file__).with_name("mortal_desks.py")
TESTS = Path(__file__).parents[2]
Killed = Callable[..., None]


@pytest.fixture(scope="module")
def killed() -> Iterator[Killed]:
    """`killed(folder, daily_loss_limit_percent="0.01")` runs a cycle there whose process is killed at its end."""
    surroundings = {**os.environ, "PYTHONPATH": str(TESTS)}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, SCRIPT], stdin=pipe, stdout=pipe, env=surroundings, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        asked, answered = parent.stdin, parent.stdout

        def run(folder: Path, **changes: Any) -> None:
            asked.write(json.dumps({"folder": str(folder), "settings": changes}) + "\n")
            asked.flush()
            assert int(answered.readline()) == -signal.SIGKILL

        yield run
        asked.close()


@contextmanager
def record(folder: Path) -> Iterator[list[Any]]:
    """Every event of the desk, of its cycles and of its people."""
    with open_floor(settings(folder), parts()) as floor:
        events = floor.hand.ledger.events
        yield [stored.event for stream in events.streams() for stored in events.read(stream)]


def told(folder: Path) -> dict[str, Any]:
    return status({"DATA_DIR": str(folder)})


def buys(document: dict[str, Any]) -> list[Any]:
    return [order for order in document["orders"] if order["side"] == "buy"]


def test_when_the_session_was_lost_and_the_process_killed_then_the_next_one_only_reduces(
    tmp_path: Path, killed: Killed
) -> None:
    killed(tmp_path, daily_loss_limit_percent="0.001")
    known = told(tmp_path)
    (latch,) = known["latches"]
    assert (known["trading_state"], latch["kind"], latch["state"]) == ("REDUCING", "daily_loss", "REDUCING")
    assert latch["until"] == "the next session, or resume"
    assert float(known["daily_loss_percent"]) > 0.001
    assert cycle(tmp_path, slot=known["last_cycle"]["slot"])["outcome"] == "traded", "the cycle that was cut"
    document = cycle(tmp_path, symbols=("MSFT", "GOOG"), slot="next")
    codes = {breach["code"] for verdict in document["verdicts"] for breach in verdict["breaches"]}
    assert ("TRADING_STATE" in codes, document["orders"]) == (True, [])
    with record(tmp_path) as events:
        changes = [(event.latch, event.state) for event in events if isinstance(event, StateChanged)]
    assert changes == [("daily_loss", "REDUCING"), ("daily_loss", "ACTIVE")], "the next session lifts it"


def test_when_a_drawdown_latched_and_the_process_was_killed_then_no_cycle_runs_until_a_person_resumes(
    tmp_path: Path, killed: Killed
) -> None:
    killed(tmp_path, max_drawdown_percent="0.001")
    here = {"DATA_DIR": str(tmp_path)}
    known = told(tmp_path)
    assert (known["trading_state"], [latch["kind"] for latch in known["latches"]]) == ("HALTED", ["drawdown"])
    halted = cycle(tmp_path)
    assert (halted["outcome"], halted["errors"]) == ("halted", [f"halted: {known['reason']}"])
    assert known["reason"].startswith("fall from the high-water mark of 100000 US dollars")

    document = commanding.resume("I looked into it", here)
    assert document["lifted"] == [f"drawdown (HALTED): {known['reason']}"]
    again = told(tmp_path)
    assert (again["trading_state"], again["latches"], again["drawdown_percent"]) == ("ACTIVE", [], "0")
    assert again["high_water"] == again["equity"] == document["high_water"]
    assert cycle(tmp_path, slot=known["last_cycle"]["slot"], max_drawdown_percent="0.001")["outcome"] == "traded"


def test_when_the_desk_was_halted_and_a_process_killed_then_it_stays_halted(tmp_path: Path, killed: Killed) -> None:
    killed(tmp_path)
    commanding.halt("a bad feeling", {"DATA_DIR": str(tmp_path)})
    assert told(tmp_path)["trading_state"] == "HALTED"
    assert cycle(tmp_path)["outcome"] == "halted"
    assert cycle(tmp_path, slot="another")["errors"] == ["halted: a bad feeling"]


def test_when_a_cycle_holds_then_it_marks_the_account_at_its_beginning_and_its_end(tmp_path: Path) -> None:
    cycle(tmp_path)
    held = cycle(tmp_path)
    assert held["outcome"] == "held"
    with open_floor(settings(tmp_path), parts()) as floor:
        events = [stored.event for stored in floor.hand.ledger.events.read(held["cycle_id"])]
        mark = floor.hand.ledger.marks.last(floor.account)
        assert mark is not None
        assert (mark.at, mark.equity) == (floor.book.clock().now, floor.book.account().equity)
    # Its beginning is the instant at which the cycle before ended, and is marked already.
    (marked,) = [event for event in events if isinstance(event, AccountMarked)]
    assert (marked.at, marked.high_water, marked.confirmed) == (mark.at, mark.high_water, True)
    assert told(tmp_path)["high_water"] is not None


def test_when_a_loss_is_found_as_a_cycle_begins_then_nobody_is_asked_and_the_slot_goes_on_after_resume(
    tmp_path: Path,
) -> None:
    cycle(tmp_path)
    document = cycle(tmp_path, slot="s", max_drawdown_percent="0.001")
    assert (document["outcome"], document["usage"]["calls"], document["orders"]) == ("halted", 0, [])
    commanding.resume("I looked into it", {"DATA_DIR": str(tmp_path)})
    assert cycle(tmp_path, slot="s", max_drawdown_percent="0.001")["outcome"] == "held"


def test_when_the_halt_file_comes_and_goes_then_both_stand_on_the_record_once(tmp_path: Path) -> None:
    cycle(tmp_path)
    (tmp_path / "HALT").touch()
    for _ in range(2):
        assert cycle(tmp_path)["outcome"] == "halted"
    (latch,) = told(tmp_path)["latches"]
    assert (latch["kind"], latch["until"]) == (Kind.HALT_FILE, "the file is removed")
    (tmp_path / "HALT").unlink()
    assert cycle(tmp_path)["outcome"] == "held"
    with record(tmp_path) as events:
        changes = [(event.latch, event.state) for event in events if isinstance(event, StateChanged)]
    assert changes == [("halt_file", "HALTED"), ("halt_file", "ACTIVE")]
