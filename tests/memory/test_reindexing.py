"""A new index beside the old one: resumed after an interruption, swapped at the end, and never half in use."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Scope
from perun.memory.memdir import Damage, Memdir
from perun.memory.opening import Directory, IndexBusy
from perun.memory.reindexing import bring_in_line, rebuild
from perun.memory.retention import let_go
from perun.tools.domain.errors import MemoryUnavailable

Make = Callable[..., MemoryEntry]


class Counting:
    """An embedder that counts texts, and can be interrupted after some."""

    def __init__(self, inner: Embedder, most: int | None = None) -> None:
        self.name, self.dimensions = inner.name, inner.dimensions
        self._inner, self._most, self.texts = inner, most, 0

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if self._most is not None and self.texts >= self._most:
            raise KeyboardInterrupt
        self.texts += len(texts)
        return self._inner.embed(texts)


@pytest.fixture
def place(tmp_path: Path) -> Directory:
    return Directory(tmp_path / "chroma", 0.2)


@pytest.fixture
def filled(memdir: Memdir, entry: Make) -> Memdir:
    for day in range(150):
        memdir.write(entry(day=day))
    return memdir


@pytest.fixture
def held(place: Directory, embedder: Embedder) -> Iterator[Callable[[], int]]:
    def count() -> int:
        index = ChromaIndex(place, embedder)
        try:
            return index.count()
        finally:
            index.close()

    return count


def test_when_rebuilt_then_the_new_index_holds_every_file_and_nothing_else_is_left(
    filled: Memdir, place: Directory, embedder: Embedder, held: Callable[[], int], entry: Make
) -> None:
    old = ChromaIndex(place, embedder)
    old.add([entry(day=900)])
    old.close()
    told: list[tuple[int, int]] = []
    assert rebuild(filled, place, embedder, pytest.fail, lambda *at: told.append(at)) == 150
    assert held() == 150
    assert told == [(64, 150), (128, 150), (150, 150)]
    assert [path.name for path in place.path.parent.glob("chroma*")] == ["chroma"]


def test_when_interrupted_then_the_old_index_stays_in_use_and_the_next_time_goes_on(
    filled: Memdir, place: Directory, embedder: Embedder, held: Callable[[], int], entry: Make
) -> None:
    old = ChromaIndex(place, embedder)
    old.add([entry(day=900)])
    old.close()
    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, place, Counting(embedder, most=64), pytest.fail)
    assert held() == 1
    again = Counting(embedder)
    assert rebuild(filled, place, again, pytest.fail) == 150
    assert again.texts == 150 - 64
    assert held() == 150


def test_when_what_was_begun_is_of_another_model_then_it_begins_anew(
    filled: Memdir, place: Directory, embedder: Embedder, other_embedder: Embedder, held: Callable[[], int]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, place, Counting(other_embedder, most=64), pytest.fail)
    assert rebuild(filled, place, embedder, pytest.fail) == 150
    assert held() == 150


@pytest.mark.parametrize("wreck", ["another model", "garbage", "missing"])
def test_when_the_index_in_use_cannot_be_opened_then_rebuilding_mends_it(
    filled: Memdir, place: Directory, embedder: Embedder, other_embedder: Embedder, held: Callable[[], int], wreck: str
) -> None:
    old = ChromaIndex(place, other_embedder)
    old.count()
    old.close()
    if wreck == "garbage":
        (place.path / "chroma.sqlite3").write_bytes(b"garbage" * 2000)
    if wreck == "missing":
        shutil.rmtree(place.path)
    assert rebuild(filled, place, embedder, pytest.fail) == 150
    assert held() == 150


def test_when_another_holds_the_index_then_the_new_one_waits_beside_it(
    filled: Memdir, place: Directory, embedder: Embedder, held: Callable[[], int]
) -> None:
    holder = ChromaIndex(place, embedder)
    assert holder.count() == 0
    with pytest.raises(IndexBusy, match="another process uses the memory index"):
        rebuild(filled, place, embedder, pytest.fail)
    holder.close()
    again = Counting(embedder)
    assert rebuild(filled, place, again, pytest.fail) == 150
    assert again.texts == 0


def test_when_a_file_is_torn_then_the_others_are_indexed_and_it_is_named(
    filled: Memdir, place: Directory, embedder: Embedder, entry: Make
) -> None:
    torn = filled.write(entry(day=3))
    torn.write_text("{")
    damaged: list[Damage] = []
    assert rebuild(filled, place, embedder, damaged.append) == 149
    assert [each.path for each in damaged] == [torn]


def test_when_the_time_is_over_then_the_latest_are_in_and_it_says_how_many_are_lacking(
    filled: Memdir, index: ChromaIndex, entry: Make
) -> None:
    assert bring_in_line(filled, index, pytest.fail, seconds=-1) == (0, 150)
    assert bring_in_line(filled, index, pytest.fail, seconds=60) == (150, 0)
    index.forget(entry(day=day).id for day in range(150))
    with pytest.raises(KeyboardInterrupt):
        bring_in_line(filled, index, pytest.fail, progress=_stop)
    latest = entry(day=149).id
    assert latest in index.ids()
    assert entry(day=0).id not in index.ids()


def _stop(done: int, total: int) -> None:
    raise KeyboardInterrupt


def test_when_passing_kinds_grow_old_then_they_go_and_deeds_and_lessons_stay(memdir: Memdir, entry: Make) -> None:
    for kind in Kind:
        for day in (0, 50, 60):
            memdir.write(entry(day=day, kind=kind))
    assert let_go(memdir, 0) == 0
    assert let_go(memdir, 10) == 3, "one each of market, portfolio and log"
    left = {(one.kind, one.as_of) for one in memdir.entries(pytest.fail)}
    gone = {(kind, entry(day=0).as_of) for kind in (Kind.MARKET, Kind.PORTFOLIO, Kind.LOG)}
    assert left == {(kind, entry(day=day).as_of) for kind in Kind for day in (0, 50, 60)} - gone


def test_when_what_went_was_in_the_index_then_it_leaves_it_too(memdir: Memdir, index: ChromaIndex, entry: Make) -> None:
    for day in (0, 60):
        memdir.write(entry(day=day, kind=Kind.MARKET))
    bring_in_line(memdir, index, pytest.fail)
    let_go(memdir, 10)
    bring_in_line(memdir, index, pytest.fail)
    assert index.ids() == {entry(day=60, kind=Kind.MARKET).id}
    assert len(index.nearest("strong sales", 5, Scope(entry(day=90).as_of))) == 1


def test_when_nothing_was_ever_kept_then_there_is_nothing_to_let_go(memdir: Memdir) -> None:
    assert let_go(memdir, 10) == 0


def test_when_the_directory_of_the_index_cannot_be_written_then_it_says_so(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MemoryUnavailable, match="cannot be used"):
        rebuild(Memdir(tmp_path / "memdir"), Directory(tmp_path / "file" / "chroma"), embedder, pytest.fail)
