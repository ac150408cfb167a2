"""A real Chroma server on loopback: the same answers as a directory, several processes at once, and its absence."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Scope
from perun.memory.memdir import Memdir
from perun.memory.recall import Bounds, Memory
from perun.memory.reindexing import rebuild
from perun.memory.server import ChromaServer
from perun.tools.domain.errors import MemoryUnavailable
from support.chroma_server import chroma_server, free_port

Make = Callable[..., MemoryEntry]

pytestmark = pytest.mark.slow

_ANOTHER_DESK = """
import sys
from perun.memory.chroma import ChromaIndex
from perun.memory.entries import MemoryEntry
from perun.memory.server import ChromaServer
from support.embedding import BagOfWords

index = ChromaIndex(ChromaServer.at(sys.argv[1]), BagOfWords())
print(index.add(MemoryEntry.model_validate_json(line) for line in sys.stdin))
index.close()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("server")) as server:
        yield server.url


@pytest.fixture
def place(url: str, request: pytest.FixtureRequest) -> ChromaServer:
    """A collection of the test's own."""
    return ChromaServer.at(f"{url}/{abs(hash(request.node.name))}")


def test_when_no_collection_is_named_then_it_is_perun_s() -> None:
    assert ChromaServer.at("http://localhost:8000") == ChromaServer("http://localhost:8000", "perun")
    assert ChromaServer.at("https://host/my-desk/") == ChromaServer("https://host", "my-desk")


def test_when_asked_on_a_server_then_it_answers_as_a_directory_does(
    place: ChromaServer, index: ChromaIndex, embedder: Embedder, entry: Make
) -> None:
    served = ChromaIndex(place, embedder)
    crowd = [entry(day=day, symbol="MSFT", text="profits fell sharply") for day in range(60)]
    others = [entry(day=day, text=f"something else {day}").model_copy(update={"tags": ("calm",)}) for day in range(9)]
    asked = (
        Scope(entry(day=90).as_of),
        Scope(entry(day=4).as_of, "AAPL", frozenset({Kind.SIGNAL})),
        Scope(entry(day=4).as_of, tags=frozenset({"calm"})),
    )
    for each in (served, index):
        assert each.add([*crowd, *others, others[0]]) == 69
        each.forget([others[8].id, "signal-000000000000"])
    assert served.ids() == index.ids()
    for scope in asked:
        answers = [each.nearest("something else", 5, scope) for each in (served, index)]
        assert [near.id for near in answers[0]] == [near.id for near in answers[1]]
        assert [near.score for near in answers[0]] == pytest.approx([near.score for near in answers[1]], abs=1e-4)
    served.close()


def test_when_two_processes_write_at_once_then_nothing_is_lost(
    place: ChromaServer, embedder: Embedder, entry: Make
) -> None:
    halves = [[entry(day=day, name=name) for day in range(300)] for name in ("one", "two")]

    def write(half: list[MemoryEntry]) -> str:
        lines = "\n".join(each.model_dump_json() for each in half)
        command = [sys.executable, "-c", _ANOTHER_DESK, f"{place.url}/{place.name}"]
        tests = str(Path(__file__).parents[1])
        return subprocess.run(command, input=lines, text=True, capture_output=True, check=True, cwd=tests).stdout

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(write, halves)) == ["300\n", "300\n"]
    with closing(ChromaIndex(place, embedder)) as index:
        assert index.ids() == {each.id for half in halves for each in half}


def test_when_made_with_another_model_then_refused_and_rebuilding_mends_it(
    place: ChromaServer, memdir: Memdir, embedder: Embedder, other_embedder: Embedder, entry: Make
) -> None:
    with closing(ChromaIndex(place, other_embedder)) as other:
        other.add([entry()])
    memdir.write(entry(day=1))
    with pytest.raises(MemoryUnavailable, match="made with bag-of-other-words, not with bag-of-words: reindex"):
        ChromaIndex(place, embedder).count()
    assert rebuild(memdir, place, embedder, pytest.fail) == 1
    with closing(ChromaIndex(place, embedder)) as index:
        assert index.ids() == {entry(day=1).id}


def test_when_there_is_no_server_then_the_recent_entries_come_and_the_reason_is_said(
    memdir: Memdir, embedder: Embedder, entry: Make
) -> None:
    nowhere = ChromaServer.at(f"http://127.0.0.1:{free_port()}")
    memory = Memory(memdir, ChromaIndex(nowhere, embedder), bounds=Bounds(seconds=20))
    with pytest.raises(MemoryUnavailable, match="is the Chroma server of CHROMA_URL up"):
        memory.remember([entry()])
    found = memory.recall("strong sales", "AAPL", entry().as_of, 3, 3)
    assert [hit.entry for hit in found.hits] == [entry()]
    assert "is the Chroma server of CHROMA_URL up" in found.degraded
    memory.close()
