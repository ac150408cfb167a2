"""The semantic index over the memory files, kept by Chroma; it can be rebuilt at any time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Near, Scope
from perun.memory.opening import Guard, OpenIndex, open_index
from perun.tools.domain.errors import MemoryUnavailable

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_T = TypeVar("_T")

_BATCH: Final = 256
"""Entries embedded and stored at once: what an interruption can lose of an indexing run."""

_OVERFETCH: Final = 16
"""Neighbours looked at for each one wanted, before Chroma itself is asked to filter."""


class ChromaIndex:
    """An index in one directory, opened at the first call and held until `close`; any thread may ask.

    After a failure it lets go of the directory and the next call tries again, so a mended disk or a deleted directory
    is taken up without a restart.
    """

    def __init__(self, path: Path, embedder: Embedder, lock_wait: float = 2.0) -> None:
        self._path = path
        self._embedder = embedder
        self._lock_wait = lock_wait
        self._turn = RLock()
        self._open: OpenIndex | None = None

    def add(self, entries: Iterable[MemoryEntry]) -> int:
        """Take in the entries, replacing those with the same id; returns how many.

        Raises:
            MemoryUnavailable: the index or the model cannot be used; batches before the failure are in.
        """
        added = 0
        for batch in _batches(entries):
            vectors = self._embedder.embed([entry.text for entry in batch])
            self._ask(partial(_upsert, batch=batch, vectors=vectors))
            added += len(batch)
        return added

    def forget(self, ids: Iterable[str]) -> None:
        """Drop these ids; those it never held are passed over."""
        doomed = sorted(ids)
        for start in range(0, len(doomed), _BATCH):
            batch = doomed[start : start + _BATCH]
            self._ask(partial(_delete, ids=batch))

    def nearest(self, text: str, k: int, scope: Scope) -> list[Near]:
        """The `k` entries in scope that are nearest to the text in meaning, best first; fewer when there are fewer.

        Chroma's filters cost 50 to 100 ms at 100,000 entries and an unfiltered search 5 ms, so the first look is
        unfiltered, wide, and filtered here. Only when entries out of scope crowd that look is Chroma made to filter:
        a hit is never missed because others stood before it.
        """
        held = self.count()
        if k < 1 or not scope.kinds or not held:
            return []
        [vector] = self._embedder.embed([text])
        seen = self._ask(lambda collection: _query(collection, vector, k * _OVERFETCH, None))
        hits = _inside(scope, seen)
        if len(hits) < k and len(seen) < held:
            hits = _inside(scope, self._ask(lambda collection: _query(collection, vector, k, _where(scope))))
        return hits[:k]

    def count(self) -> int:
        """How many entries it holds."""
        return self._ask(lambda collection: collection.count())

    def ids(self) -> frozenset[str]:
        """The id of every entry it holds."""
        return self._ask(lambda collection: frozenset(collection.get(include=[])["ids"]))

    def close(self) -> None:
        """Let go of the directory, so that another process may have it."""
        self._let_go(intact=True)

    def _ask(self, question: "Callable[[Collection], _T]") -> _T:
        with self._turn:
            try:
                if self._open is None:
                    self._open = open_index(self._path, self._embedder, self._lock_wait)
                with Guard(self._path):
                    return question(self._open.collection)
            except MemoryUnavailable:
                self._let_go(intact=False)
                raise

    def _let_go(self, *, intact: bool) -> None:
        with self._turn:
            held, self._open = self._open, None
            if held is not None:
                held.close(intact=intact)


def _batches(entries: Iterable[MemoryEntry]) -> Iterator[list[MemoryEntry]]:
    """Batches without a repeated id, which Chroma would refuse; the last of equals stands."""
    rest = iter(entries)
    while batch := list(islice(rest, _BATCH)):
        yield list({entry.id: entry for entry in batch}.values())


def _upsert(collection: "Collection", batch: list[MemoryEntry], vectors: list[list[float]]) -> None:
    collection.upsert(
        ids=[entry.id for entry in batch],
        embeddings=vectors,  # type: ignore[arg-type]  # list is invariant: a list of floats is a fine vector
        metadatas=[_metadata(entry) for entry in batch],
    )


def _delete(collection: "Collection", ids: list[str]) -> None:
    collection.delete(ids=ids)


def _metadata(entry: MemoryEntry) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": entry.kind.value, "as_of": entry.as_of.timestamp()}
    return facts | ({"symbols": list(entry.symbols)} if entry.symbols else {})  # Chroma refuses an empty list


def _query(
    collection: "Collection", vector: list[float], count: int, where: dict[str, Any] | None
) -> list[tuple[Near, Mapping[str, Any]]]:
    """The nearest, best first, each with its metadata."""
    answer = collection.query(
        query_embeddings=[vector],  # type: ignore[arg-type]  # as in `_upsert`
        n_results=count,
        where=where,
        include=["metadatas", "distances"],
    )
    metadatas, distances = answer["metadatas"] or [[]], answer["distances"] or [[]]
    return [
        (Near(entry_id, 1 - distance, datetime.fromtimestamp(facts["as_of"], UTC)), facts)  # type: ignore[arg-type]  # we put a float there
        for entry_id, facts, distance in zip(answer["ids"][0], metadatas[0], distances[0], strict=True)
    ]


def _inside(scope: Scope, seen: list[tuple[Near, Mapping[str, Any]]]) -> list[Near]:
    """Those in scope; the better score first, then the later, then by id."""
    hits = [near for near, facts in seen if scope.admits(Kind(facts["kind"]), facts.get("symbols", ()), near.as_of)]
    return sorted(hits, key=lambda near: (-near.score, -near.as_of.timestamp(), near.id))


def _where(scope: Scope) -> dict[str, Any]:
    clauses: list[dict[str, Any]] = [
        {"as_of": {"$lte": scope.until.timestamp()}},
        {"kind": {"$in": sorted(scope.kinds)}},
    ]
    if scope.symbol is not None:
        clauses.append({"symbols": {"$contains": scope.symbol}})
    return {"$and": clauses}
