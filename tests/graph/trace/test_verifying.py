"""What was changed after it was written is found and named."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from perun.graph.app.wiring import ledger_path
from perun.graph.ledger.looking import open_archive
from perun.graph.trace.verifying import Verification, verify

HEAD = "UPDATE chains SET (length, head) = (SELECT seq, hash FROM events WHERE stream = ? ORDER BY seq DESC LIMIT 1)"


@pytest.fixture
def copied(recorded: Path, tmp_path: Path) -> Path:
    path = tmp_path / "perun.db"
    path.write_bytes(ledger_path(recorded).read_bytes())
    return path


def change(path: Path, *statements: tuple[str, list[Any]]) -> Verification:
    with closing(sqlite3.connect(path)) as hand, hand:
        for statement, values in statements:
            assert hand.execute(statement, values).rowcount > 0
    with open_archive(path) as archive:
        return verify(archive)


def second(path: Path) -> tuple[str, int]:
    """The stream of the second cycle, and how long it is."""
    with closing(sqlite3.connect(path)) as hand:
        (row,) = hand.execute("SELECT stream, length FROM chains WHERE stream LIKE '%:second'").fetchall()
    return row[0], row[1]


def test_when_nothing_was_changed_then_the_record_is_whole(copied: Path) -> None:
    with open_archive(copied) as archive:
        found = verify(archive)
        lengths = [archive.length(stream) for stream in archive.streams()]
    assert (found.whole, found.broken, found.streams) == (True, (), 3)
    assert found.events == sum(lengths) > 90


def test_when_one_byte_of_the_file_is_flipped_inside_an_event_then_that_event_is_named(copied: Path) -> None:
    stream, _ = second(copied)
    with closing(sqlite3.connect(copied)) as hand:
        query = "SELECT seq, body FROM events WHERE stream = ? AND kind = 'report'"
        ((seq, body),) = hand.execute(query, [stream]).fetchall()
    raw = bytearray(copied.read_bytes())
    place = raw.index(body.encode()) + body.index("conviction")
    assert raw.count(body.encode()) == 1
    raw[place] ^= 1
    copied.write_bytes(raw)
    with open_archive(copied) as archive:
        (fault,) = verify(archive).broken
    assert (fault.stream, fault.seq, fault.event) == (stream, seq, f"{stream}/event:{seq}")
    assert fault.why == f"event {seq} of {stream} was changed after it was written"


def test_when_the_last_event_is_deleted_then_it_is_named(copied: Path) -> None:
    stream, length = second(copied)
    (fault,) = change(copied, ("DELETE FROM events WHERE stream = ? AND seq = ?", [stream, length])).broken
    assert (fault.stream, fault.seq) == (stream, length)
    assert "is missing" in fault.why


def test_when_the_end_is_cut_off_and_the_chain_s_head_with_it_then_the_cycle_s_own_row_gives_it_away(
    copied: Path,
) -> None:
    stream, length = second(copied)
    found = change(
        copied,
        ("DELETE FROM events WHERE stream = ? AND seq = ?", [stream, length]),
        (f"{HEAD} WHERE stream = ?", [stream, stream]),
    )
    (fault,) = found.broken
    assert (fault.stream, fault.seq) == (stream, length)
    assert "its cycle had ended" in fault.why


def test_when_a_cycle_is_said_to_have_ended_otherwise_then_its_record_contradicts(copied: Path) -> None:
    stream, _ = second(copied)
    (fault,) = change(copied, ("UPDATE cycles SET outcome = 'denied' WHERE cycle_id = ?", [stream])).broken
    assert fault.why == f"the cycle {stream} ended held by its record, and denied by its own row"


def test_when_a_whole_chain_is_gone_then_its_stream_is_named(copied: Path) -> None:
    stream, _ = second(copied)
    found = change(
        copied, ("DELETE FROM events WHERE stream = ?", [stream]), ("DELETE FROM chains WHERE stream = ?", [stream])
    )
    (fault,) = found.broken
    assert (fault.stream, fault.event, fault.why) == (stream, "", f"there is no chain {stream}")


def test_when_two_chains_are_broken_then_both_are_named(copied: Path) -> None:
    found = change(copied, ("UPDATE events SET body = '{}' WHERE seq = 3 AND stream NOT LIKE '%:first'", []))
    assert [fault.seq for fault in found.broken] == [3, 3]
    assert found.whole is False
