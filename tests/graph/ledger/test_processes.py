import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from perun.graph.ledger.ledger import Ledger

WORKER = Path(__file__).with_name("worker.py")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def together(*tasks: tuple[str, ...]) -> list[list[str]]:
    """What each worker printed, when all were let go at the same moment."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, str(WORKER), *task], **pipes) for task in tasks]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * len(workers)
    return said


def test_when_two_processes_append_to_one_stream_then_its_chain_is_whole(ledger: Ledger, path: Path) -> None:
    together(("append", str(path), "c1", "left", "60"), ("append", str(path), "c1", "right", "60"))

    events = [stored.event for stored in ledger.events.read("c1")]
    assert ledger.events.verify("c1") is None
    for node in ("left", "right"):
        assert [event.symbol for event in events if event.node == node] == [f"S{number}" for number in range(60)]


def test_when_two_processes_claim_the_same_slots_then_each_slot_is_new_for_exactly_one(path: Path) -> None:
    left, right = together(("claim", str(path), "left", "40"), ("claim", str(path), "right", "40"))

    assert [sorted(pair) for pair in zip(left, right, strict=True)] == [["INTERRUPTED", "NEW"]] * 40


def test_when_two_processes_open_a_ledger_that_is_not_there_then_both_get_the_same_one(
    path: Path, clock: object
) -> None:
    from perun.graph.ledger.ledger import open_ledger

    together(("open", str(path), "left"), ("open", str(path), "right"))

    with open_ledger(path, clock) as ledger:
        assert ledger.events.streams() == ["left", "right"]
    assert [file.name for file in path.parent.iterdir() if "damaged" in file.name] == []


def test_when_the_ledger_is_up_to_date_then_opening_it_does_not_import_alembic(ledger: Ledger, path: Path) -> None:
    assert together(("open", str(path), "c1")) == [["False"]]
