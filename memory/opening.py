"""Opening Chroma's directory: by one process at a time, with intact files, made by the same embedding model."""

import shutil
import sqlite3
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Protocol, cast

from perun.memory.blanking import blank_unused
from perun.memory.embedding import Embedder
from perun.memory.seal import break_seal, check_seal, put_seal
from perun.tools.domain.errors import MemoryUnavailable

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection
    from filelock import BaseFileLock

_COLLECTION: Final = "entries"

_FAILURES: Final = (OSError, ImportError, ValueError, AttributeError, RuntimeError, sqlite3.Error)
"""What Chroma lets through besides its own errors; a store that opened half way answers with AttributeError."""


_STRANGERS: Final = {"chromadb", "pyo3_runtime", "httpx"}
"""Packages whose errors are Chroma's."""


class IndexBusy(MemoryUnavailable):
    """Another process holds the index; nothing is wrong with it."""


class Opened(Protocol):
    """An index that may be asked until it is closed."""

    @property
    def collection(self) -> "Collection":
        """Chroma's own."""
        ...

    @property
    def alone(self) -> bool:
        """True when nobody else can write to it before it is closed."""
        ...

    def clean(self) -> None:
        """Clear what the last writing left in its files that belongs to no entry."""
        ...

    def close(self, *, intact: bool) -> None:
        """Let go; `intact` when nothing went wrong with it."""
        ...


class Place(Protocol):
    """Where an index is kept. Every method raises MemoryUnavailable when the place cannot be used."""

    def guard(self) -> "Guard":
        """What translates Chroma's errors."""
        ...

    def open(self, embedder: Embedder) -> Opened:
        """The index there, made if there is none."""
        ...

    def beside(self) -> "Place":
        """Where a new one is built while the old one is in use."""
        ...

    def replace_by_beside(self) -> None:
        """Put the one built beside here; the old one is gone then. Neither may be open."""
        ...

    def discard(self) -> None:
        """Delete the index there, if there is one."""
        ...


class Guard:
    """Whatever goes wrong inside Chroma leaves as MemoryUnavailable.

    That takes in the panics of its Rust core: `pyo3_runtime.PanicException` is a BaseException that cannot be imported.
    """

    def __init__(
        self,
        path: Path | str,
        advice: str = "check the disk, or delete the directory, it is rebuilt from the memory files",
    ) -> None:
        self._path, self._advice = path, advice

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Translate the error, if there is one and it is Chroma's."""
        if isinstance(error, _FAILURES) or type(error).__module__.partition(".")[0] in _STRANGERS:
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise MemoryUnavailable(
                f"the memory index in {self._path} cannot be used ({reason}): {self._advice}"
            ) from error


@dataclass(frozen=True)
class OpenIndex:
    """A collection that only this process may touch until it is closed."""

    path: Path
    client: "Client"
    collection: "Collection"
    lock: "BaseFileLock"
    alone: Literal[True] = True
    """The lock sees to that."""

    def clean(self) -> None:
        """Clear what Chroma wrote of this process's memory: `blanking` has the reason."""
        blank_unused(self.path)

    def close(self, *, intact: bool) -> None:
        """Let go; `intact` seals the files as they are now, so that a later change from outside is noticed."""
        with Guard(self.path), ExitStack() as undo:
            undo.callback(self.lock.release)
            if intact:
                undo.callback(put_seal, self.path)
            undo.callback(blank_unused, self.path)  # callbacks run last first: before the seal
            self.client.close()


@dataclass(frozen=True)
class Directory:
    """A directory of this machine, used by one process at a time."""

    path: Path
    wait: float = 2.0
    """Seconds to wait for another process to let go of it."""

    def guard(self) -> Guard:
        """What translates Chroma's errors."""
        return Guard(self.path)

    def open(self, embedder: Embedder) -> OpenIndex:
        """The index there, made if there is none."""
        return open_index(self.path, embedder, self.wait)

    def beside(self) -> "Directory":
        """`chroma.new` for `chroma`."""
        return Directory(self.path.with_name(f"{self.path.name}.new"), self.wait)

    def replace_by_beside(self) -> None:
        """Two renames under the old directory's lock: whoever looks between them finds nothing, and makes it anew."""
        old = Directory(self.path.with_name(f"{self.path.name}.old"))
        with Guard(self.path), ExitStack() as undo:
            self.path.mkdir(parents=True, exist_ok=True)
            undo.callback(_take(self.path, self.wait).release)
            old.discard()
            self.path.rename(old.path)
            self.beside().path.rename(self.path)
        old.discard()

    def discard(self) -> None:
        """Delete the directory, if there is one."""
        with Guard(self.path), suppress(FileNotFoundError):
            shutil.rmtree(self.path)


def open_index(path: Path, embedder: Embedder, wait: float) -> OpenIndex:
    """The index in that directory, made if there is none.

    Args:
        path: Chroma's directory.
        embedder: The model whose vectors it holds.
        wait: Seconds to wait for another process to let go of it.

    Raises:
        MemoryUnavailable: another process has it, its files are damaged, or it was made with another model.
    """
    with Guard(path), ExitStack() as undo:
        path.mkdir(parents=True, exist_ok=True)
        lock = _take(path, wait)
        undo.callback(lock.release)
        check_seal(path)
        blank_unused(path)  # the last process may have died between writing and this
        client = _client(path, undo)
        collection = collection_of(client, _COLLECTION, embedder)
        demand_same_model(path, collection, embedder)
        break_seal(path)
        undo.pop_all()
        return OpenIndex(path, client, collection, lock)


def _take(path: Path, wait: float) -> "BaseFileLock":
    """The directory's lock. Two processes in it silently lose vectors."""
    from filelock import FileLock, Timeout

    lock = FileLock(path / ".lock", timeout=wait, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise IndexBusy(f"another process uses the memory index in {path}: wait until it ends, or stop it") from error
    return lock


def _client(path: Path, undo: ExitStack) -> "Client":
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    # Chroma keeps a store that failed to open and hands it out again: after a failure its cache must be emptied.
    undo.callback(SharedSystemClient.clear_system_cache)
    client = cast("Client", chromadb.PersistentClient(path, Settings(anonymized_telemetry=False)))
    undo.callback(client.close)
    return client


def collection_of(client: "ClientAPI", name: str, embedder: Embedder) -> "Collection":
    """The collection of that name, made if there is none; it notes the model whose vectors it holds."""
    return client.get_or_create_collection(
        name,
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine"}},
        metadata={"embedder": embedder.name, "dimensions": embedder.dimensions},
    )


def demand_same_model(place: Path | str, collection: "Collection", embedder: Embedder) -> None:
    """Vectors of two models cannot be compared.

    Raises:
        MemoryUnavailable: the collection was made with another model.
    """
    made_with = collection.metadata or {}
    if (made_with.get("embedder"), made_with.get("dimensions")) != (embedder.name, embedder.dimensions):
        raise MemoryUnavailable(
            f"the memory index in {place} was made with {made_with.get('embedder', 'an unknown model')}, not with "
            f"{embedder.name}: reindex (`perun memory reindex` makes it anew from the memory files)"
        )
