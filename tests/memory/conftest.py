"""Parts for the memory's tests: a tiny embedder, entries made to measure, and the real model loaded once."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perun.memory.chroma import ChromaIndex
from perun.memory.embedding import Embedder, MiniLM
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.memory.memdir import Memdir
from perun.memory.recall import Memory
from support.embedding import BagOfWords

DAY_ONE = datetime(2013, 3, 1, 21, 0, tzinfo=UTC)


def make_entry(
    day: int = 0,
    text: str = "AAPL rose on strong sales",
    symbol: str = "AAPL",
    kind: Kind = Kind.SIGNAL,
    name: str = "",
) -> MemoryEntry:
    """An entry known `day` days after the first of March 2013."""
    cycle_id = f"cycle-{day}"
    return MemoryEntry(
        id=entry_id(kind, cycle_id, name or symbol),
        kind=kind,
        symbols=(symbol,) if symbol else (),
        as_of=DAY_ONE + timedelta(days=day),
        written_at=datetime(2026, 11, 2, tzinfo=UTC),
        cycle_id=cycle_id,
        source="trader",
        text=text,
        data={"confidence": 0.7},
    )


@pytest.fixture(scope="session")
def entry() -> Callable[..., MemoryEntry]:
    return make_entry


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return BagOfWords()


@pytest.fixture(scope="session")
def other_embedder() -> Embedder:
    return BagOfWords("bag-of-other-words")


@pytest.fixture
def memdir(tmp_path: Path) -> Memdir:
    return Memdir(tmp_path / "memdir")


@pytest.fixture
def index(tmp_path: Path, embedder: Embedder) -> Iterator[ChromaIndex]:
    index = ChromaIndex(tmp_path / "chroma", embedder, lock_wait=0.2)
    yield index
    index.close()


@pytest.fixture
def memory(memdir: Memdir, index: ChromaIndex) -> Memory:
    return Memory(memdir, index)


@pytest.fixture(scope="session")
def minilm() -> MiniLM:
    """The real model, loaded in a world without a network: asking for one is an error."""

    def no_network(*args: object, **kwargs: object) -> None:
        raise AssertionError("the embedding model asked for the network")

    model = MiniLM()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", no_network)
        patch.setattr(socket.socket, "connect", no_network)
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        model.embed(["warm"])
    return model
