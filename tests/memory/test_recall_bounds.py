"""Recall within bounds: so many characters and seconds, nothing in quarantine, lessons of others where they fit."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder, Recent
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Scope
from perun.memory.memdir import Memdir
from perun.memory.organizer import Organizer
from perun.memory.recall import Bounds, Memory
from perun.tools.domain.errors import MemoryUnavailable

Make = Callable[..., MemoryEntry]


class Stuck:
    """An embedder that answers only once it is let go."""

    name, dimensions = "bag-of-words", 64

    def __init__(self, inner: Embedder) -> None:
        self._inner, self.go = inner, Event()
        self.go.set()

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.go.wait()
        return self._inner.embed(texts)


def test_when_the_index_is_slow_then_the_latest_come_in_time_and_it_is_said(
    tmp_path: Path, memdir: Memdir, embedder: Embedder, entry: Make
) -> None:
    stuck = Stuck(embedder)
    memory = Memory(memdir, ChromaIndex(tmp_path / "chroma", stuck), bounds=Bounds(seconds=5))
    memory.remember([entry(day=day) for day in range(3)])
    memory.bounds = Bounds(seconds=0.1)
    slow = Memory(memdir, memory._index, bounds=memory.bounds)
    stuck.go.clear()
    for said in ("did not answer within 0.1 seconds", "still busy"):
        found = slow.recall("strong sales", "AAPL", entry(day=9).as_of, 2, 2)
        assert [hit.entry for hit in found.hits] == [entry(day=2), entry(day=1)]
        assert said in found.degraded
    stuck.go.set()
    memory.close()


def test_when_the_index_is_slow_then_what_is_remembered_is_on_disk_all_the_same(
    tmp_path: Path, memdir: Memdir, embedder: Embedder, entry: Make
) -> None:
    stuck = Stuck(embedder)
    stuck.go.clear()
    index = ChromaIndex(tmp_path / "chroma", stuck)
    memory = Memory(memdir, index, Organizer(stuck), Bounds(seconds=0.1))
    with pytest.raises(MemoryUnavailable, match=r"did not answer|still busy"):
        memory.remember([entry()])
    assert memdir.read(entry().id) == entry()
    memory.close()
    stuck.go.set()
    index.close()


def test_when_texts_are_long_then_no_more_come_than_there_is_room_for(
    memdir: Memdir, index: ChromaIndex, entry: Make
) -> None:
    memory = Memory(memdir, index, bounds=Bounds(characters=250))
    memory.remember([entry(day=day, text=f"{day} " + "x" * 98) for day in range(5)])
    memory.remember([entry(day=9, text="short")])
    found = memory.recall("xx", "AAPL", entry(day=9).as_of, 5, 5)
    assert len(found.hits) == 3
    assert sum(len(hit.entry.text) for hit in found.hits) <= 250
    assert found.degraded == ""


def test_when_in_quarantine_then_it_is_kept_and_never_recalled_until_it_is_released(
    memory: Memory, memdir: Memdir, entry: Make
) -> None:
    memory.remember([entry(day=day) for day in range(3)])
    bad = entry(day=1)
    at = bad.as_of + timedelta(days=5)

    def recalled() -> set[str]:
        return {hit.entry.id for hit in memory.recall("strong sales", "AAPL", entry(day=9).as_of, 5, 5).hits}

    assert memory.quarantine(bad.id, "a lesson from a bad print", "root", at) is not None
    assert recalled() == {entry(day=0).id, entry(day=2).id}
    held = memdir.read(bad.id)
    assert held is not None
    assert held.quarantine is not None
    assert (held.quarantine.reason, held.quarantine.who) == ("a lesson from a bad print", "root")
    assert memory.release(bad.id) == bad
    assert bad.id in recalled()
    assert memory.quarantine("signal-000000000000", "why", "root", at) is None


def test_when_another_symbol_taught_a_lesson_then_it_comes_too_and_its_other_entries_do_not(
    memory: Memory, entry: Make
) -> None:
    lesson = entry(symbol="MSFT", kind=Kind.LESSON, text="profits fell and the stop was too near")
    memory.remember([lesson, entry(symbol="MSFT", text="profits fell"), entry(text="profits fell")])
    found = memory.recall("profits fell", "AAPL", entry(day=9).as_of, 5, 5)
    assert [hit.entry.id for hit in found.hits] == [entry(text="profits fell").id, lesson.id]
    without = memory.recall("profits fell", "AAPL", entry(day=9).as_of, 5, 5, frozenset(Kind) - {Kind.LESSON})
    assert [hit.entry.id for hit in without.hits] == [entry().id]
    early = memory.recall("profits fell", "AAPL", entry(day=-1).as_of, 5, 5)
    assert early.hits == ()


def test_when_a_tag_is_asked_for_then_only_entries_with_it_come_by_either_path(memory: Memory, entry: Make) -> None:
    tagged = entry(day=1).model_copy(update={"tags": ("earnings", "calm")})
    memory.remember([entry(day=0), tagged, entry(day=2)])
    found = memory.recall("strong sales", "AAPL", entry(day=9).as_of, 5, 5, tags={"earnings"})
    assert [hit.entry for hit in found.hits] == [tagged]
    assert memory.latest(Scope(entry(day=9).as_of, tags=frozenset({"calm"})), 5) == [tagged]


def test_when_days_looked_alike_then_they_come_first(memory: Memory, entry: Make) -> None:
    alike = entry(day=0).model_copy(update={"tags": ("slump", "oversold")})
    memory.remember([alike, entry(day=1).model_copy(update={"tags": ("rally",)})])
    found = memory.recall("strong sales", "AAPL", entry(day=2).as_of, 2, 0, like={"slump", "oversold"})
    assert found.hits[0].entry == alike
    assert found.hits[0].parts is not None
    assert found.hits[0].parts.likeness == 1


def test_when_the_index_is_far_behind_then_recall_says_how_far(memdir: Memdir, index: ChromaIndex, entry: Make) -> None:
    for day in range(70):
        memdir.write(entry(day=day))
    memory = Memory(memdir, index, bounds=Bounds(seconds=30))
    memory.bounds = Bounds(seconds=-1)
    assert memory.catch_up() == 0
    found = memory.recall("strong sales", "AAPL", entry(day=99).as_of, 2, 2)
    assert "lacks 70 entries: run `perun memory reindex`" in found.degraded
    memory.bounds = Bounds()
    assert memory.catch_up() == 70
    assert memory.recall("strong sales", "AAPL", entry(day=99).as_of, 2, 2).degraded == ""


def test_when_a_text_was_embedded_lately_then_the_model_is_not_asked_again(embedder: Embedder) -> None:
    asked: list[str] = []

    class Watched:
        name, dimensions = embedder.name, embedder.dimensions

        def embed(self, texts: Sequence[str]) -> list[list[float]]:
            asked.extend(texts)
            return embedder.embed(texts)

    recent = Recent(Watched(), most=2)
    assert recent.embed(["a", "b", "a"]) == embedder.embed(["a", "b", "a"])
    assert recent.embed(["b"]) == embedder.embed(["b"])
    recent.embed(["c"])
    recent.embed(["a", "b"])
    assert asked == ["a", "b", "c", "a"], "two are known at a time, the latest"
