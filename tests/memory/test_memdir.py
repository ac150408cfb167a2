"""The files: whole or absent, written once, and one bad file never hides the others."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from perun.memory import memdir as memdir_module
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Scope
from perun.memory.memdir import Damage, Memdir
from perun.tools.domain.errors import MemoryUnavailable

Make = Callable[..., MemoryEntry]

_CRASH_BEFORE_RENAME = """
import os, sys
from pathlib import Path
from perun.memory.entries import MemoryEntry
from perun.memory.memdir import Memdir

Path.replace = lambda *args: os._exit(9)
Memdir(Path(sys.argv[1])).write(MemoryEntry.model_validate_json(sys.stdin.read()))
"""


def test_when_written_then_it_lies_under_kind_and_day_and_reads_back_equal(memdir: Memdir, entry: Make) -> None:
    path = memdir.write(entry())
    assert path.parts[-3:] == ("signal", "2013-03-01", f"{entry().id}.json")
    assert memdir.read(entry().id) == entry()
    assert '\n  "text": "AAPL rose on strong sales"' in path.read_text()


def test_when_known_late_in_new_york_then_the_folder_is_the_day_in_utc(memdir: Memdir, entry: Make) -> None:
    late = entry().model_copy(update={"as_of": entry().as_of + timedelta(hours=4)})
    assert memdir.write(late).parent.name == "2013-03-02"


def test_when_written_again_later_then_the_first_file_stands(memdir: Memdir, entry: Make) -> None:
    first = memdir.write(entry())
    before = first.stat().st_mtime_ns, first.read_text()
    again = memdir.write(entry().model_copy(update={"written_at": entry().written_at + timedelta(hours=1)}))
    assert again == first
    assert (first.stat().st_mtime_ns, first.read_text()) == before


def test_when_its_facts_change_then_the_file_is_replaced(memdir: Memdir, entry: Make) -> None:
    memdir.write(entry())
    changed = entry().model_copy(update={"tags": ("earnings",)})
    memdir.write(changed)
    assert memdir.read(entry().id) == changed
    assert len(memdir.files()) == 1


def test_when_another_process_changes_an_entry_that_was_read_then_it_is_read_as_it_stands_now(
    memdir: Memdir, entry: Make
) -> None:
    path, other = memdir.write(entry()), Memdir(memdir.folders.root)
    assert memdir.read(entry().id) == entry()
    for tag in ("one", "two", "six"):  # as long as each other, and faster than the system's clock tells times apart
        changed = entry().model_copy(update={"tags": (tag,)})
        other.write(changed)
        assert memdir.read(entry().id) == changed
    path.write_text("{}")
    assert memdir.read(entry().id) is None
    path.unlink()
    assert memdir.read(entry().id) is None


def test_when_the_files_need_not_be_durable_then_no_disk_is_waited_for_and_the_files_are_the_same(
    tmp_path: Path, entry: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    durable, quick = Memdir(tmp_path / "durable"), Memdir(tmp_path / "quick", durable=False)
    quick.write_all([entry(), entry(day=1)])
    assert waited == []
    durable.write_all([entry(), entry(day=1)])
    assert len(waited) >= 4, "each file and its folder"
    assert {path.name: path.read_bytes() for path in tmp_path.glob("durable/*/*/*.json")} == {
        path.name: path.read_bytes() for path in tmp_path.glob("quick/*/*/*.json")
    }


def test_when_the_process_dies_before_the_rename_then_no_entry_is_seen(memdir: Memdir, entry: Make) -> None:
    root = memdir.write(entry(day=1)).parents[2]
    died = subprocess.run(
        [sys.executable, "-c", _CRASH_BEFORE_RENAME, str(root)],
        input=entry().model_dump_json(),
        text=True,
        check=False,
    )
    assert died.returncode == 9
    assert len(list(root.glob("signal/2013-03-01/.*.tmp"))) == 1
    damaged: list[Damage] = []
    assert list(memdir.entries(damaged.append)) == [entry(day=1)]
    assert damaged == []


def test_when_the_disk_is_full_then_it_says_so_and_leaves_nothing(
    memdir: Memdir, entry: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    root = memdir.write(entry(day=1)).parents[2]
    memdir.write(entry(day=0, symbol="MSFT"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MemoryUnavailable, match="No space left on device"):
        memdir.write(entry())
    assert [path.name for path in (root / "signal/2013-03-01").iterdir()] == [f"{entry(symbol='MSFT').id}.json"]


def test_when_the_root_is_a_file_then_writing_says_so(tmp_path: Path, entry: Make) -> None:
    (tmp_path / "memdir").write_text("not a folder")
    with pytest.raises(MemoryUnavailable, match="cannot be used"):
        Memdir(tmp_path / "memdir").write(entry())


def test_when_a_file_is_torn_then_it_is_reported_and_the_others_are_read(memdir: Memdir, entry: Make) -> None:
    torn = memdir.write(entry(day=0))
    memdir.write(entry(day=1))
    torn.write_text(torn.read_text()[:80])
    damaged: list[Damage] = []
    assert list(memdir.entries(damaged.append)) == [entry(day=1)]
    assert [damage.path for damage in damaged] == [torn]
    assert memdir.read(entry(day=0).id) is None


def test_when_a_file_lies_in_the_wrong_place_then_it_is_reported(memdir: Memdir, entry: Make) -> None:
    path = memdir.write(entry(day=0))
    memdir.write(entry(day=1))
    path.rename(path.parents[1] / "2013-03-02" / path.name)
    damaged: list[Damage] = []
    assert list(memdir.entries(damaged.append)) == [entry(day=1)]
    assert "belongs elsewhere" in damaged[0].reason


@pytest.mark.parametrize("unknown", ["signal-000000000000", "nothing", "../../etc/passwd"])
def test_when_no_entry_has_the_id_then_none_is_read(memdir: Memdir, entry: Make, unknown: str) -> None:
    memdir.write(entry())
    assert memdir.read(unknown) is None


def test_when_walking_back_then_the_latest_comes_first_and_later_ones_not_at_all(memdir: Memdir, entry: Make) -> None:
    for day in range(5):
        memdir.write(entry(day=day))
        memdir.write(entry(day=day, kind=Kind.TRADE))
    scope = Scope(entry(day=3).as_of, "AAPL", frozenset({Kind.TRADE, Kind.SIGNAL}))
    walked = [(one.cycle_id, one.kind) for one in memdir.newest(scope, pytest.fail)]
    assert walked[:3] == [("cycle-3", Kind.TRADE), ("cycle-3", Kind.SIGNAL), ("cycle-2", Kind.TRADE)]
    assert len(walked) == 8


def test_when_a_day_holds_several_times_then_the_latest_time_comes_first(memdir: Memdir, entry: Make) -> None:
    early, late = entry(kind=Kind.TRADE), entry(kind=Kind.SIGNAL)
    late = late.model_copy(update={"as_of": early.as_of + timedelta(minutes=1)})
    memdir.write(early)
    memdir.write(late)
    assert list(memdir.newest(Scope(late.as_of), pytest.fail)) == [late, early]


def test_when_enough_is_found_then_older_days_are_not_read(memdir: Memdir, entry: Make) -> None:
    for day in range(5):
        path = memdir.write(entry(day=day))
        if day < 4:
            path.write_text("torn")
    damaged: list[Damage] = []
    assert next(memdir.newest(Scope(entry(day=9).as_of), damaged.append)) == entry(day=4)
    assert damaged == []


def test_when_a_symbol_is_never_found_then_the_walk_gives_up(
    memdir: Memdir, entry: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memdir_module, "LOOK_BACK", 2)
    for day in range(5):
        memdir.write(entry(day=day)).write_text("torn")
    damaged: list[Damage] = []
    assert list(memdir.newest(Scope(entry(day=9).as_of, "IBM"), damaged.append)) == []
    assert len(damaged) == 2
