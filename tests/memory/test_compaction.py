"""Old months in one file each: nothing is lost, nothing out of reach, whenever the process dies."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from io import IOBase
from itertools import count
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Any

import pytest

from perun.graph.app import recollecting
from perun.graph.app.remembering import the_memory
from perun.graph.app.settings import Settings
from perun.memory import compaction, folders
from perun.memory.chroma import ChromaIndex
from perun.memory.compaction import compact
from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry, Quarantine
from perun.memory.index import Scope
from perun.memory.memdir import Damage, Memdir
from perun.memory.opening import Directory
from perun.memory.recall import Memory
from perun.memory.reindexing import rebuild
from perun.memory.retention import let_go
from perun.tools.domain.errors import MemoryUnavailable

Make = Callable[..., MemoryEntry]
STEPS = {"write", "flush", "fsync", "replace", "unlink", "rmdir"}
"""What a process does to the disk: functions of the system, and methods of files."""


@pytest.fixture
def entries(memdir: Memdir, entry: Make) -> list[MemoryEntry]:
    """Three months of signals, snapshots, trades and lessons, every sixth day from the first of March 2013 on."""
    kinds = (Kind.SIGNAL, Kind.MARKET, Kind.TRADE, Kind.LESSON)
    made = [entry(day=day, kind=kind, text=f"{kind} of day {day}") for day in range(0, 92, 6) for kind in kinds]
    for each in made:
        memdir.write(each)
    return made


def known(memdir: Memdir) -> dict[str, MemoryEntry]:
    return {each.id: each for each in memdir.entries(pytest.fail)}


def by_id(entries: list[MemoryEntry]) -> dict[str, MemoryEntry]:
    return {each.id: each for each in entries}


def names(memdir: Memdir) -> list[str]:
    """Files and folders under every kind, without those of days."""
    return sorted(str(path.relative_to(memdir.folders.root)) for path in memdir.folders.root.glob("*/*.jsonl"))


def test_when_months_are_old_then_they_have_a_file_for_each_kind_and_every_entry_reads_as_before(
    memdir: Memdir, entries: list[MemoryEntry], entry: Make
) -> None:
    scope = Scope(entries[-1].as_of, "AAPL")
    walked = list(memdir.newest(scope, pytest.fail))
    listed, last = list(memdir.files()), memdir.latest_day()
    assert compact(memdir, 0) == 0
    assert compact(memdir, 40) == 12, "six days of March for two kinds: the last day is the thirtieth of May"
    assert names(memdir) == ["market/2013-03.jsonl", "signal/2013-03.jsonl"]
    assert compact(memdir, 29) == 10
    assert not list(memdir.folders.root.glob("signal/2013-0[34]-*"))
    assert len(list(memdir.folders.root.glob("[tl]*/*/*.json"))) == 32, "trades and lessons keep their files"
    for reader in (memdir, Memdir(memdir.folders.root)):
        assert known(reader) == by_id(entries)
        assert list(reader.files()) == listed
        assert reader.latest_day() == last
        assert [reader.read(each.id) for each in entries] == entries
        assert [reader.read(each.id, each.as_of.date()) for each in entries] == entries
        assert list(reader.newest(scope, pytest.fail)) == walked
    assert memdir.read(entry(day=1).id) is None
    before = {path: path.stat().st_ino for path in memdir.folders.root.rglob("*")}
    assert compact(memdir, 29) == 0
    assert {path: path.stat().st_ino for path in memdir.folders.root.rglob("*")} == before


def test_when_an_old_entry_is_set_right_then_that_counts_at_once_and_after_the_next_time(
    memdir: Memdir, entries: list[MemoryEntry]
) -> None:
    compact(memdir, 29)
    held = Quarantine(reason="planted", who="anna", at=entries[0].written_at)
    right = entries[0].model_copy(update={"quarantine": held})
    memdir.write(entries[0])
    assert not list(memdir.folders.root.glob("signal/2013-03-*")), "the same again is not written"
    memdir.write(right)
    assert memdir.read(right.id) == right
    assert list(memdir.newest(Scope(right.as_of, kinds=frozenset({Kind.SIGNAL})), pytest.fail)) == []
    assert compact(memdir, 29) == 1
    assert not list(memdir.folders.root.glob("signal/2013-03-*"))
    assert known(memdir) == by_id(entries) | {right.id: right}


def test_when_months_are_brought_together_then_index_and_commands_find_their_entries(
    tmp_path: Path, embedder: Embedder, entries: list[MemoryEntry], memdir: Memdir
) -> None:
    old, asked = entries[0], {"DATA_DIR": str(tmp_path), "MEMORY_COMPACT_AFTER_DAYS": "29"}
    document = recollecting.reindex(asked, embedder=embedder)
    assert (document["indexed"], document["compacted"], document["errors"]) == (len(entries), 22, [])
    assert recollecting.show(old.id, asked)["text"] == old.text
    hits = recollecting.search(old.text, "AAPL", (), (), None, 3, 0, asked, embedder)["hits"]
    assert hits[0]["id"] == old.id
    assert recollecting.stats(asked, embedder)["entries"] == len(entries)
    shutil.rmtree(tmp_path / "chroma")
    memory = the_memory(Settings(data_dir=tmp_path), tmp_path, embedder)
    assert memory.catch_up(pytest.fail) == len(entries)
    memory.close()


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that SIGKILL takes before its n-th step on the disk; False when it came to its end."""
    child = os.fork()
    if child == 0:
        left = [step]

        def count_down(frame: FrameType, event: str, called: Any) -> None:
            if event != "c_call" or called.__name__ not in STEPS:
                return
            if called.__module__ == os.unlink.__module__ or isinstance(called.__self__, IOBase):
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count_down)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_when_killed_at_any_step_then_every_entry_is_there_and_the_next_time_ends_the_work(
    memdir: Memdir, entries: list[MemoryEntry], tmp_path: Path
) -> None:
    compact(memdir, 40)
    root, right = memdir.folders.root, entries[1].model_copy(update={"tags": ("earnings",)})
    memdir.write(right)
    steps, expected = 0, by_id(entries) | {right.id: right}
    for step in count():
        copy = Memdir(tmp_path / f"killed-{step}")
        shutil.copytree(root, copy.folders.root)
        killed = killed_at(step, partial(compact, copy, 29))
        assert known(copy) == expected, f"killed before step {step}"
        compact(copy, 29)
        assert known(copy) == expected
        assert names(copy) == [f"{kind}/2013-0{month}.jsonl" for kind in ("market", "signal") for month in (3, 4)]
        assert not list(copy.folders.root.glob("*/*.tmp")) + list(copy.folders.root.glob("[ms]*/2013-0[34]-*/*"))
        if not killed:
            break
        steps += 1
    assert steps > 30


def test_when_old_snapshots_are_let_go_then_those_in_a_month_s_file_go_too(
    memdir: Memdir, entries: list[MemoryEntry]
) -> None:
    compact(memdir, 29)
    right = next(each for each in entries if each.kind is Kind.MARKET).model_copy(update={"tags": ("earnings",)})
    memdir.write(right)
    assert let_go(memdir, 50) == 7, "up to the ninth of April"
    expected = [each for each in entries if each.kind is not Kind.MARKET or each.as_of.isoformat() > "2013-04-10"]
    assert known(memdir) == by_id(expected)
    assert "market/2013-03.jsonl" not in names(memdir)
    assert let_go(memdir, 50) == 0
    assert let_go(memdir, 29) == 4
    assert "signal/2013-03.jsonl" in names(memdir)
    assert not [name for name in names(memdir) if name.startswith("market")]


def test_when_files_are_torn_then_they_stay_are_reported_and_hide_no_other(
    memdir: Memdir, entries: list[MemoryEntry]
) -> None:
    torn = memdir.write(entries[0])
    torn.write_text("{")
    damaged: list[Damage] = []
    assert compact(memdir, 29, damaged.append) == 21
    assert [damage.path for damage in damaged] == [torn]
    file = memdir.folders.root / "signal/2013-04.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(
        lines[0][:40] + b"\n" + lines[1].replace(b'"kind":"signal"', b'"kind":"dream"') + b"".join(lines[2:])
    )
    damaged.clear()
    found = {each.id for each in memdir.entries(damaged.append)}
    lost = {entry.id for entry in entries} - found
    assert lost == {entries[0].id, *(line[7:26].decode() for line in lines[:2])}
    assert [str(damage) for damage in damaged][:1] == [f"{file}: line 1 is no entry"]
    assert len(damaged) == 3
    memdir.write(next(each for each in entries if each.id == lines[0][7:26].decode()))
    assert compact(memdir, 29) == 1
    assert lines[0][:40] + b"\n" in file.read_bytes(), "what a person may mend is kept"


def test_when_the_disk_gives_back_something_else_then_no_file_is_deleted(
    memdir: Memdir, entries: list[MemoryEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = compaction.write_whole
    monkeypatch.setattr(compaction, "write_whole", lambda path, content: honest(path, content[:-9]))
    with pytest.raises(MemoryUnavailable, match="does not read back"):
        compact(memdir, 29)
    monkeypatch.undo()
    assert known(memdir) == by_id(entries)
    assert len(memdir.files()) == len(entries)


def test_when_somebody_reads_meanwhile_then_no_entry_is_ever_missing(
    memdir: Memdir, entries: list[MemoryEntry]
) -> None:
    reader, over, missed, rounds = Memdir(memdir.folders.root), Event(), set[str](), [0]

    def read_all() -> None:
        while not over.is_set() or rounds[0] < 3:
            missed.update(each.id for each in entries if reader.read(each.id, each.as_of.date()) != each)
            missed.update(by_id(entries).keys() - {each.id for each in reader.entries(pytest.fail)})
            rounds[0] += 1

    watching = Thread(target=read_all)
    watching.start()
    for days in (60, 50, 40, 29):
        compact(memdir, days)
    over.set()
    watching.join()
    assert missed == set()


def test_when_another_process_writes_for_too_long_then_the_writer_says_so(
    memdir: Memdir, entries: list[MemoryEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_PATIENCE", 0.05)
    with Memdir(memdir.folders.root).folders.alone(), pytest.raises(MemoryUnavailable, match="another process writes"):
        compact(memdir, 29)
    assert compact(memdir, 29) == 22


def test_when_time_is_short_then_a_month_is_done_and_the_rest_waits(
    memdir: Memdir, entries: list[MemoryEntry], tmp_path: Path, embedder: Embedder
) -> None:
    assert compact(memdir, 29, seconds=-1) == 0
    assert compact(memdir, 29, seconds=60) == 22
    place = Directory(tmp_path / "chroma")
    assert rebuild(memdir, place, embedder, pytest.fail) == len(entries)
    memory = Memory(memdir, ChromaIndex(place, embedder))
    assert memory.catch_up() == 0
    memory.close()
