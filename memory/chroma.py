"""The semantic index over the memory files, kept by Chroma; it can be rebuilt at any time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from operator import mul
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Near, Scope, meaning
from perun.memory.opening import Directory, Opened, Place
from perun.tools.domain.errors import MemoryUnavailable

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_T = TypeVar("_T")

_BATCH: Final = 256
"""Entries embedded and stored at once: what an interruption can lose of an indexing run."""

_OVERFETCH: Final = 16
"""Neighbours looked at for each one wanted, before Chroma itself is asked to filter."""

_ALIKE: Final = 5
"""Decimals of a score that make it better: a server and a directory round the rest each in their own way."""

_COMPARED: Final = 2000
"""Most entries that are compared one by one: about 0.1 s."""


class ChromaIndex:
    """An index in one place, opened at the first call and held until `close`; any thread may ask.

    After a failure it lets go of the place and the next call tries again, so a mended disk or a deleted directory
    is taken up without a restart.
    """

    def __init__(self, place: Path | Place, embedder: Embedder, lock_wait: float = 2.0) -> None:
        self._place = Directory(place, lock_wait) if isinstance(place, Path) else place
        self._embedder = embedder
        self._turn = RLock()
        self._open: Opened | None = None

    def add(self, entries: Iterable[MemoryEntry]) -> int:
        """Take in the entries, replacing those with the same id; returns how many.

        Raises:
            MemoryUnavailable: the index or the model cannot be used; batches before the failure are in.
        """
        added = 0
        for batch in _batches(entries):
            vectors = self._embedder.embed([meaning(entry) for entry in batch])
            self._ask(partial(_upsert, batch=batch, vectors=vectors))
            self._clean()
            added += len(batch)
        return added

    def forget(self, ids: Iterable[str]) -> None:
        """Drop these ids; those it never held are passed over."""
        doomed = sorted(ids)
        for start in range(0, len(doomed), _BATCH):
            batch = doomed[start : start + _BATCH]
            self._ask(partial(_delete, ids=batch))

    def nearest(self, text: str, k: int, scope: Scope, enough: int | None = None) -> list[Near]:
        """The `k` entries in scope that are nearest to the text in meaning, best first; fewer when there are fewer.

        Chroma's filters cost 100 to 200 ms at 100,000 entries and a wide unfiltered search 30 ms, so the first look is
        unfiltered, and filtered here; when it finds `enough` (all `k` if that is not said), that is all. Only when
        entries out of scope crowd that look is Chroma made to filter. Its graph does not lead everywhere where many
        vectors are the same, so when even that finds too few, those in scope are fetched and compared one by one: a hit
        is never missed because others stood before it.
        """
        held = self.count()
        if k < 1 or not scope.kinds or not held:
            return []
        [vector] = self._embedder.embed([text])
        seen = self._ask(lambda collection: _query(collection, vector, k * _OVERFETCH, None))
        hits = _inside(scope, seen)
        if len(hits) < (k if enough is None else enough) and len(seen) < held:
            hits = _inside(scope, self._ask(lambda collection: _query(collection, vector, k, _where(scope))))
            if len(hits) < k:
                hits = _inside(scope, self._ask(lambda collection: _compared(collection, vector, _where(scope))))
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
                    self._open = self._place.open(self._embedder)
                with self._place.guard():
                    return question(self._open.collection)
            except MemoryUnavailable:
                self._let_go(intact=False)
                raise

    def _clean(self) -> None:
        with self._turn, self._place.guard():
            if self._open is not None:
                self._open.clean()

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
    lists = {"symbols": list(entry.symbols), "tags": list(entry.tags)}
    return facts | {name: held for name, held in lists.items() if held}  # Chroma refuses an empty list


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
        (Near(entry_id, 1 - distance, _instant(facts)), facts)
        for entry_id, facts, distance in zip(answer["ids"][0], metadatas[0], distances[0], strict=True)
    ]


def _compared(
    collection: "Collection", vector: list[float], where: dict[str, Any]
) -> list[tuple[Near, Mapping[str, Any]]]:
    """Those that Chroma's filter lets through, each with its exact cosine; vectors have unit length."""
    answer = collection.get(where=where, limit=_COMPARED, include=["metadatas", "embeddings"])
    metadatas, vectors = answer["metadatas"] or [], answer["embeddings"]
    return [
        (Near(entry_id, float(sum(map(mul, vector, each))), _instant(facts)), facts)
        for entry_id, facts, each in zip(answer["ids"], metadatas, [] if vectors is None else vectors, strict=True)
    ]


def _instant(facts: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(facts["as_of"], UTC)


def _inside(scope: Scope, seen: list[tuple[Near, Mapping[str, Any]]]) -> list[Near]:
    """Those in scope; the better score first, then the later, then by id."""
    hits = [
        near
        for near, facts in seen
        if scope.admits(Kind(facts["kind"]), facts.get("symbols", ()), near.as_of, facts.get("tags", ()))
    ]
    return sorted(hits, key=lambda near: (-round(near.score, _ALIKE), -near.as_of.timestamp(), near.id))


def _where(scope: Scope) -> dict[str, Any]:
    clauses: list[dict[str, Any]] = [
        {"as_of": {"$lte": scope.until.timestamp()}},
        {"kind": {"$in": sorted(scope.kinds)}},
    ]
    if scope.symbol is not None:
        named = {"symbols": {"$contains": scope.symbol}}
        clauses.append({"$or": [named, {"kind": Kind.LESSON.value}]} if scope.with_lessons else named)
    clauses += [{"tags": {"$contains": tag}} for tag in sorted(scope.tags)]
    return {"$and": clauses}
