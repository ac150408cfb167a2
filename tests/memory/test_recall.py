"""What comes to mind: never the future, nothing twice, and something still when the index is broken."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.memdir import Memdir
from perun.memory.recall import Memory
from perun.tools.domain.errors import MemoryUnavailable

Make = Callable[..., MemoryEntry]

PAST = 40
"""Days of the shared past; MSFT fills it with entries that are nearer to any query than AAPL's."""


@pytest.fixture(scope="module")
def past(entry: Make) -> list[MemoryEntry]:
    crowd = [entry(day=day, symbol="MSFT", text="profits fell") for day in range(PAST)]
    aapl = [entry(day=day, text=f"day {day}", kind=list(Kind)[day % len(Kind)]) for day in range(0, PAST, 2)]
    return crowd + aapl


@pytest.fixture(scope="module")
def remembering(
    tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, past: list[MemoryEntry]
) -> Iterator[Memory]:
    root = tmp_path_factory.mktemp("past")
    memory = Memory(Memdir(root / "memdir"), ChromaIndex(root / "chroma", embedder))
    memory.remember(past)
    yield memory
    memory.close()


@given(
    hours=st.integers(-24, 24 * (PAST + 1)),
    symbol=st.sampled_from(["AAPL", "MSFT", "IBM"]),
    kinds=st.sets(st.sampled_from(list(Kind))),
    k_near=st.integers(0, 4),
    k_recent=st.integers(0, 4),
)
def test_when_looking_back_from_any_time_then_only_what_was_known_comes_and_nothing_is_missed(
    remembering: Memory,
    past: list[MemoryEntry],
    entry: Make,
    hours: int,
    symbol: str,
    kinds: set[Kind],
    k_near: int,
    k_recent: int,
) -> None:
    as_of = entry().as_of + timedelta(hours=hours)
    recall = remembering.recall("profits fell", symbol, as_of, k_near, k_recent, kinds)
    known = [one for one in past if one.as_of <= as_of and symbol in one.symbols and one.kind in kinds]
    near = [hit for hit in recall.hits if hit.score is not None]
    recalled = [hit.entry for hit in recall.hits]
    first = {Kind.TRADE, Kind.SIGNAL, Kind.ANALYSIS}
    latest = sorted(known, key=lambda one: (one.kind not in first, -one.as_of.timestamp()))[:k_recent]
    assert recall.degraded == ""
    assert all(one in known for one in recalled)
    assert len(near) == min(k_near, len(known))
    assert len(recalled) == len({one.id for one in recalled})
    assert recalled[len(near) :] == [one for one in latest if one not in recalled[: len(near)]]


def test_when_asked_twice_then_the_answer_is_the_same(remembering: Memory, entry: Make) -> None:
    asked = [remembering.recall("profits fell", "MSFT", entry(day=30).as_of, 5, 5) for _ in range(2)]
    assert asked[0] == asked[1]
    assert [hit.entry.cycle_id for hit in asked[0].hits] == [f"cycle-{day}" for day in (30, 29, 28, 27, 26)]


def test_when_many_threads_ask_a_closed_memory_then_all_get_the_same_answer(remembering: Memory, entry: Make) -> None:
    remembering.close()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(remembering.recall, "day 4", "AAPL", entry(day=30).as_of, 3, 3) for _ in range(16)]
    assert len({one.result().model_dump_json() for one in asked}) == 1


def test_when_nothing_was_ever_remembered_then_nothing_comes_and_nothing_is_amiss(memory: Memory, entry: Make) -> None:
    recall = memory.recall("profits fell", "AAPL", entry().as_of, 3, 3)
    assert (recall.hits, recall.degraded) == ((), "")


def test_when_the_index_directory_is_deleted_then_catching_up_restores_it(
    tmp_path: Path, memory: Memory, entry: Make
) -> None:
    memory.remember([entry(day=day) for day in range(3)])
    memory.close()
    shutil.rmtree(tmp_path / "chroma")
    assert memory.catch_up() == 3
    assert memory.catch_up() == 0
    assert len(memory.recall("strong sales", "AAPL", entry(day=9).as_of, 5, 0).hits) == 3


def test_when_a_crash_left_a_file_out_of_the_index_then_the_next_remembering_takes_it_in(
    memdir: Memdir, memory: Memory, entry: Make
) -> None:
    memdir.write(entry(day=0))
    memory.remember([entry(day=1)])
    assert len(memory.recall("strong sales", "AAPL", entry(day=9).as_of, 5, 0).hits) == 2


def test_when_a_person_deletes_a_file_then_it_never_comes_again_and_leaves_the_index(
    memdir: Memdir, index: ChromaIndex, memory: Memory, entry: Make
) -> None:
    memory.remember([entry(day=0), entry(day=1)])
    memdir.write(entry(day=0)).unlink()
    assert [hit.entry for hit in memory.recall("strong sales", "AAPL", entry(day=9).as_of, 5, 5).hits] == [entry(day=1)]
    memory.catch_up()
    assert index.ids() == {entry(day=1).id}


def test_when_the_index_is_damaged_then_the_recent_entries_still_come_and_the_reason_is_said(
    tmp_path: Path, memory: Memory, entry: Make
) -> None:
    memory.remember([entry(day=day) for day in range(3)])
    memory.close()
    (tmp_path / "chroma/chroma.sqlite3").write_bytes(b"garbage" * 2000)
    recall = memory.recall("strong sales", "AAPL", entry(day=1).as_of, 3, 3)
    assert [hit.entry for hit in recall.hits] == [entry(day=1), entry(day=0)]
    assert "file is not a database" in recall.degraded


def test_when_the_index_is_damaged_then_the_files_are_safe_and_indexed_once_it_is_mended(
    tmp_path: Path, memdir: Memdir, memory: Memory, entry: Make
) -> None:
    memory.remember([entry(day=0)])
    memory.close()
    (tmp_path / "chroma/chroma.sqlite3").write_bytes(b"garbage" * 2000)
    with pytest.raises(MemoryUnavailable):
        memory.remember([entry(day=1)])
    assert memdir.read(entry(day=1).id) == entry(day=1)
    shutil.rmtree(tmp_path / "chroma")
    memory.remember([entry(day=2)])
    assert len(memory.recall("strong sales", "AAPL", entry(day=9).as_of, 5, 0).hits) == 3


def test_when_a_file_is_torn_then_the_others_come_and_the_damage_is_said(
    memdir: Memdir, memory: Memory, entry: Make
) -> None:
    memory.remember([entry(day=day) for day in range(3)])
    memdir.write(entry(day=1)).write_text("{")
    recall = memory.recall("strong sales", "AAPL", entry(day=9).as_of, 3, 3)
    assert {hit.entry.id for hit in recall.hits} == {entry(day=0).id, entry(day=2).id}
    assert recall.degraded.startswith("1 damaged memory files passed over, such as ")
