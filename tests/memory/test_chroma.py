"""The index: one process, one model, intact files, and no hit missed because others stand before it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Scope
from perun.memory.opening import Guard, open_index
from perun.tools.domain.errors import MemoryUnavailable

Make = Callable[..., MemoryEntry]

_HOLD_THE_INDEX = """
import sys
from pathlib import Path
from perun.memory.chroma import ChromaIndex

class Nothing:
    name, dimensions = "bag-of-words", 64

index = ChromaIndex(Path(sys.argv[1]), Nothing())
print(index.count(), flush=True)
sys.stdin.read()
"""


def test_when_added_twice_then_held_once(index: ChromaIndex, entry: Make) -> None:
    index.add([entry(), entry(), entry(day=1)])
    index.add([entry()])
    assert index.count() == 2
    assert index.ids() == {entry().id, entry(day=1).id}


def test_when_asked_then_the_nearest_come_first_with_their_cosine(index: ChromaIndex, entry: Make) -> None:
    index.add([entry(day=0, text="profits fell sharply"), entry(day=1, text="new phone on sale")])
    [first, second] = index.nearest("new phone on sale", 5, Scope(entry(day=9).as_of))
    assert (first.id, first.as_of) == (entry(day=1).id, entry(day=1).as_of)
    assert first.score == pytest.approx(1, abs=1e-4)
    assert second.score < 0.5


def test_when_entries_out_of_scope_crowd_the_query_then_those_inside_are_still_found(
    index: ChromaIndex, entry: Make
) -> None:
    index.add([entry(day=day, symbol="MSFT", text="profits fell sharply") for day in range(60)])
    index.add([entry(day=day, kind=Kind.TRADE, text="profits fell sharply") for day in range(60)])
    index.add([entry(day=day, text=f"something else altogether {day}") for day in (1, 2, 50)])
    scope = Scope(entry(day=10).as_of, "AAPL", frozenset({Kind.SIGNAL}))
    assert {near.id for near in index.nearest("profits fell sharply", 2, scope)} == {entry(day=1).id, entry(day=2).id}


def test_when_what_is_noted_of_an_entry_changes_then_scopes_are_held_against_the_new(
    index: ChromaIndex, entry: Make
) -> None:
    until = entry(day=9).as_of
    index.add([entry().model_copy(update={"tags": ("calm",)}), entry(day=1)])
    assert [near.id for near in index.nearest("sales", 5, Scope(until, tags=frozenset({"calm"})))] == [entry().id]
    index.add([entry().model_copy(update={"tags": ("wild",)})])
    assert index.nearest("sales", 5, Scope(until, tags=frozenset({"calm"}))) == []
    assert [near.id for near in index.nearest("sales", 5, Scope(until, tags=frozenset({"wild"})))] == [entry().id]
    index.forget([entry().id])
    assert index.nearest("sales", 5, Scope(until, tags=frozenset({"wild"}))) == []


@pytest.mark.parametrize("with_lessons", [False, True])
def test_when_all_entries_are_known_here_then_the_same_are_found_as_by_chromas_own_filter(
    tmp_path: Path, embedder: Embedder, entry: Make, with_lessons: bool
) -> None:
    crowd = [entry(day=day, symbol="MSFT", text=f"profits fell sharply {day}") for day in range(60)]
    few = [entry(day=day, text=f"profits rose{' slowly' * day}") for day in range(0, 40, 7)]
    taught = [entry(day=day, symbol="IBM", kind=Kind.LESSON, text="profits fell sharply then rose") for day in (3, 35)]
    scope = Scope(entry(day=30).as_of, "AAPL", with_lessons=with_lessons)
    found = []
    for index in (ChromaIndex(tmp_path / "chroma", embedder) for _ in ("writes all", "opens what is there")):
        with closing(index):
            if not found:
                index.add([*crowd, *few, *taught])
            found.append(index.nearest("profits fell sharply", 2, scope))
    assert found[0] == found[1]
    assert [near.id == taught[0].id for near in found[0]] == [with_lessons, False]


def test_when_forgotten_then_it_is_gone(index: ChromaIndex, entry: Make) -> None:
    index.add([entry(day=0), entry(day=1)])
    index.forget([entry(day=0).id, "signal-000000000000"])
    assert index.ids() == {entry(day=1).id}


def test_when_opened_again_then_everything_is_still_there(index: ChromaIndex, entry: Make) -> None:
    index.add([entry()])
    index.close()
    assert index.ids() == {entry().id}


def test_when_made_with_another_model_then_refused_with_advice(
    tmp_path: Path, index: ChromaIndex, other_embedder: Embedder, entry: Make
) -> None:
    index.add([entry()])
    index.close()
    other = ChromaIndex(tmp_path / "chroma", other_embedder)
    with pytest.raises(MemoryUnavailable, match=r"made with bag-of-words, not with bag-of-other-words: reindex"):
        other.nearest("anything", 1, Scope(entry().as_of))
    assert index.ids() == {entry().id}


def test_when_another_process_holds_the_index_then_it_is_unavailable_until_that_ends(
    tmp_path: Path, index: ChromaIndex, entry: Make
) -> None:
    holder = [sys.executable, "-c", _HOLD_THE_INDEX, str(tmp_path / "chroma")]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"0\n"
        with pytest.raises(MemoryUnavailable, match="another process uses the memory index"):
            index.add([entry()])
        process.communicate()
    assert index.add([entry()]) == 1


@pytest.mark.parametrize("damage", [b"garbage" * 2000, b"SQLite format 3\0" + b"\7" * 9000])
def test_when_the_database_is_damaged_then_unavailable_and_mended_by_deleting_it(
    tmp_path: Path, index: ChromaIndex, entry: Make, damage: bytes
) -> None:
    index.add([entry()])
    index.close()
    (tmp_path / "chroma/chroma.sqlite3").write_bytes(damage)
    for _ in range(2):
        with pytest.raises(MemoryUnavailable, match="delete the directory"):
            index.count()
    shutil.rmtree(tmp_path / "chroma")
    assert index.add([entry()]) == index.count() == 1


def test_when_a_vector_file_changed_while_closed_then_unavailable_rather_than_a_dead_process(
    tmp_path: Path, index: ChromaIndex, entry: Make
) -> None:
    index.add(entry(day=day) for day in range(1100))
    index.close()
    [header] = (tmp_path / "chroma").glob("*/header.bin")
    header.write_bytes(b"garbage")
    for _ in range(2):
        with pytest.raises(MemoryUnavailable, match="changed from outside"):
            index.count()


def test_when_killed_after_writing_more_then_the_old_seal_does_not_shut_it_out(
    tmp_path: Path, index: ChromaIndex, embedder: Embedder, entry: Make
) -> None:
    index.add(entry(day=day) for day in range(1100))
    index.close()
    index.add(entry(day=day) for day in range(1100, 2200))
    shutil.copytree(tmp_path / "chroma", tmp_path / "as a kill leaves it")
    after = ChromaIndex(tmp_path / "as a kill leaves it", embedder)
    assert after.count() == 2200
    after.close()


def test_when_opened_in_one_thread_and_closed_in_another_then_the_directory_is_free(
    tmp_path: Path, embedder: Embedder
) -> None:
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(open_index, tmp_path, embedder, 0.2).result()
        held.close(intact=True)
        open_index(tmp_path, embedder, 0.2).close(intact=True)
    assert held.path == tmp_path


def test_when_the_directory_vanishes_under_an_open_index_then_it_recovers_without_a_restart(
    tmp_path: Path, index: ChromaIndex, entry: Make
) -> None:
    index.add([entry()])
    shutil.rmtree(tmp_path / "chroma")
    with pytest.raises(MemoryUnavailable):
        index.add([entry(day=1)])
    assert index.add([entry(day=1)]) == index.count() == 1


def test_when_the_rust_core_panics_then_memory_is_unavailable(tmp_path: Path) -> None:
    panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})
    with pytest.raises(MemoryUnavailable, match=r"\(index out of bounds\)"), Guard(tmp_path):
        raise panic("index out of bounds")


def test_when_a_person_interrupts_then_it_is_not_taken_for_damage(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Guard(tmp_path):
        raise KeyboardInterrupt
