"""Nobody waits without end: not for work that was opened again, was not written down, or whose executor is gone."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any

import pytest

from perun.graph.app.daemon.absence import Absence
from perun.graph.app.daemon.duty import Duty, on_duty
from perun.graph.app.daemon.shift import Shift
from support.embedding import BagOfWords
from support.floor import settings
from support.postgres import TestServer

SLOT = "2009-06-01-close-15m"
PATIENCE = 60
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does nothing for a third of a second is gone."""
    monkeypatch.setattr("perun.graph.app.daemon.shift.MiniLM", BagOfWords)
    monkeypatch.setattr("perun.graph.app.daemon.duty.Absence", partial(Absence, gone_seconds=0.3))


@contextmanager
def on_watch(folder: Path, **more: Any) -> Iterator[tuple[Duty, list[str]]]:
    said = list[str]()
    chosen = settings(folder, default_symbols="AAPL,IBM", **more)
    with on_duty(chosen, "schedule", lambda event, line, **_: said.append(f"{event}: {line}")) as (duty, _):
        yield duty, said


def waiting(duty: Duty, count: int) -> tuple[list[Thread], list[dict[str, Any]]]:
    """So many who hand the slot on and wait for what comes of it."""
    told = list[dict[str, Any]]()
    threads = [Thread(target=lambda: told.append(duty.hand_on(SLOT, None)), daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, told


def test_when_several_wait_for_a_slot_that_ends_halted_then_all_are_told(tmp_path: Path) -> None:
    with on_watch(tmp_path) as (duty, _):
        halt = tmp_path / "HALT"
        halt.write_text("a look")
        threads, told = waiting(duty, 4)
        for thread in threads:
            thread.join(PATIENCE)
        assert [document["outcome"] for document in told] == ["halted"] * 4


def test_when_work_is_opened_again_by_another_then_whoever_waits_for_it_sees_it_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, forgotten, carry = Event(), Event(), Shift.carry

    def slowly(shift: Shift, slot: str, due: str) -> dict[str, Any]:
        begun.set()
        assert forgotten.wait(PATIENCE)
        return carry(shift, slot, due)

    monkeypatch.setattr(Shift, "carry", slowly)
    with on_watch(tmp_path) as (duty, _):
        (thread,), told = waiting(duty, 1)
        assert begun.wait(PATIENCE)
        duty.durable.forget(f"cycle:{duty.tally.account}:{SLOT}")
        forgotten.set()
        thread.join(PATIENCE)
        assert duty.shift.is_finished(SLOT)
        assert [document["outcome"] for document in told] == ["duplicate"], "the first answer went with the record"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk needs root and mount(8)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_when_the_disk_is_full_while_a_slot_is_carried_out_then_it_is_gone_on_with_once_there_is_room(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heap, carry, outcomes = disk / "heap", Shift.carry, list[str]()

    def on_a_full_disk(shift: Shift, slot: str, due: str) -> dict[str, Any]:
        document = carry(shift, slot, due)
        outcomes.append(document["outcome"])
        if len(outcomes) == 1:
            Timer(1, heap.unlink).start()
            with suppress(OSError), heap.open("wb", buffering=0) as file:
                while file.write(b"x" * 4096):
                    pass
        return document

    monkeypatch.setattr(Shift, "carry", on_a_full_disk)
    with on_watch(disk) as (duty, said):
        (thread,), told = waiting(duty, 1)
        thread.join(PATIENCE)
        assert [document["outcome"] for document in told] == ["duplicate"]
    assert outcomes == ["traded", "duplicate"]
    assert any("could not be written down: going on with it" in line for line in said)


class PulledPlug(BaseException):
    """The process is no more."""


def test_when_the_executor_of_an_interrupted_slot_is_gone_then_the_next_daemon_takes_it_over_by_itself(
    tmp_path: Path, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, carry = postgres.new_database("C"), Shift.carry

    def pull(*_: Any) -> dict[str, Any]:
        raise PulledPlug

    monkeypatch.setattr(Shift, "carry", pull)
    with pytest.raises(PulledPlug), on_watch(tmp_path, database_url=address, executor_id="left") as (duty, _):
        duty.take(SLOT)
    monkeypatch.setattr(Shift, "carry", carry)
    with on_watch(tmp_path, database_url=address, executor_id="right") as (duty, said):
        duty.go_on((SLOT,))
        assert duty.tally.slots == {"traded": 1}
    assert any(line.startswith("adopted: left is gone") for line in said)
