"""Opening Chroma's directory: by one process at a time, with intact files, made by the same embedding model."""

import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, cast

from perun.memory.embedding import Embedder
from perun.memory.seal import break_seal, check_seal, put_seal
from perun.tools.domain.errors import MemoryUnavailable

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection
    from filelock import BaseFileLock

_COLLECTION: Final = "entries"

_FAILURES: Final = (OSError, ImportError, ValueError, AttributeError, RuntimeError, sqlite3.Error)
"""What Chroma lets through besides its own errors; a store that opened half way answers with AttributeError."""


class Guard:
    """Whatever goes wrong inside Chroma leaves as MemoryUnavailable.

    That takes in the panics of its Rust core: `pyo3_runtime.PanicException` is a BaseException that cannot be imported.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Translate the error, if there is one and it is Chroma's."""
        if isinstance(error, _FAILURES) or type(error).__module__.partition(".")[0] in {"chromadb", "pyo3_runtime"}:
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise MemoryUnavailable(
                f"the memory index in {self._path} cannot be used ({reason}): check the disk, or delete the directory, "
                "it is rebuilt from the memory files"
            ) from error


@dataclass(frozen=True)
class OpenIndex:
    """A collection that only this process may touch until it is closed."""

    path: Path
    client: "Client"
    collection: "Collection"
    lock: "BaseFileLock"

    def close(self, *, intact: bool) -> None:
        """Let go; `intact` seals the files as they are now, so that a later change from outside is noticed."""
        with Guard(self.path), ExitStack() as undo:
            undo.callback(self.lock.release)
            if intact:
                undo.callback(put_seal, self.path)
            self.client.close()


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
        client = _client(path, undo)
        collection = client.get_or_create_collection(
            _COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
            metadata={"embedder": embedder.name, "dimensions": embedder.dimensions},
        )
        _demand_same_model(path, collection, embedder)
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
        raise MemoryUnavailable(
            f"another process uses the memory index in {path}: wait until it ends, or stop it"
        ) from error
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


def _demand_same_model(path: Path, collection: "Collection", embedder: Embedder) -> None:
    made_with = collection.metadata or {}
    if (made_with.get("embedder"), made_with.get("dimensions")) != (embedder.name, embedder.dimensions):
        raise MemoryUnavailable(
            f"the memory index in {path} was made with {made_with.get('embedder', 'an unknown model')}, not with "
            f"{embedder.name}: reindex (delete the directory, it is rebuilt from the memory files)"
        )
