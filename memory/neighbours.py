"""What is asked of an open index: who is near to a vector, and of which kind, time and symbols each of them is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import mul
from typing import TYPE_CHECKING, Any, Final

from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Near, Scope

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_ALIKE: Final = 5
"""Decimals of a score that make it better: a server and a directory round the rest each in their own way."""

_COMPARED: Final = 2000
"""Most entries that are compared one by one: about 0.1 s."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the index notes of an entry, and what scopes are held against."""

    kind: Kind
    as_of: datetime
    symbols: tuple[str, ...]
    tags: tuple[str, ...]

    @classmethod
    def of(cls, noted: Mapping[str, Any]) -> "Fact":
        """As Chroma gives it back."""
        as_of = datetime.fromtimestamp(noted["as_of"], UTC)
        return cls(Kind(noted["kind"]), as_of, tuple(noted.get("symbols", ())), tuple(noted.get("tags", ())))

    def lies_in(self, scope: Scope) -> bool:
        """True when an entry of which this is noted may be seen."""
        return scope.admits(self.kind, self.symbols, self.as_of, self.tags)


class Neighbours:
    """One open collection. Whoever asks takes turns: it is not for two threads at once.

    Chroma takes twenty times as long to tell what is noted of its hits as to find them. Where nobody else may write
    while it is open, what is noted is therefore kept here from then on: it cannot be stale, for whatever changes it
    passes here. An entry takes about half a kilobyte.
    """

    def __init__(self, collection: "Collection", *, alone: bool) -> None:
        self._collection = collection
        self._alone = alone
        self._known: dict[str, Fact] = {}
        self._naming: dict[str, dict[str, Fact]] = {}
        """The same by symbol; under their kind, all lessons."""

    def add(self, entries: Sequence[MemoryEntry], vectors: list[list[float]]) -> None:
        """Take in the entries, replacing those with the same id."""
        noted: list[Mapping[str, Any]] = [_noted(entry) for entry in entries]
        self._collection.upsert(
            ids=[entry.id for entry in entries],
            embeddings=vectors,  # type: ignore[arg-type]  # list is invariant: a list of floats is a fine vector
            metadatas=noted,
        )
        for entry, told in zip(entries, noted, strict=True):
            self._learn(entry.id, Fact.of(told))

    def forget(self, ids: list[str]) -> None:
        """Drop these ids."""
        self._collection.delete(ids=ids)
        for id_ in ids:
            self._unlearn(id_)

    def count(self) -> int:
        """How many entries there are."""
        return self._collection.count()

    def ids(self) -> frozenset[str]:
        """The id of every entry."""
        return frozenset(self._collection.get(include=[])["ids"])

    def nearest(self, vector: list[float], count: int, scope: Scope) -> tuple[list[Near], int]:
        """Of the `count` nearest of all, those in scope; and how many there were."""
        seen = self._query(vector, count)
        return _in_scope(scope, seen), len(seen)

    def nearest_inside(self, vector: list[float], count: int, scope: Scope) -> list[Near]:
        """The `count` nearest of those in scope."""
        if not self._alone or len(self._known) != self.count():
            return _in_scope(scope, self._query(vector, count, where=_where(scope)))
        # All is known here: to name those in scope takes a tenth of the time in which Chroma finds them.
        inside = [id_ for id_, fact in self._candidates(scope) if fact.lies_in(scope)]
        return _in_scope(scope, self._query(vector, count, ids=inside)) if inside else []

    def compared(self, vector: list[float], scope: Scope) -> list[Near]:
        """Those that Chroma's filter lets through, each with its exact cosine; vectors have unit length."""
        answer = self._collection.get(where=_where(scope), limit=_COMPARED, include=["metadatas", "embeddings"])
        noted, vectors = answer["metadatas"] or [], answer["embeddings"]
        facts = [Fact.of(told) for told in noted]
        near = [
            Near(entry_id, float(sum(map(mul, vector, each))), fact.as_of)
            for entry_id, fact, each in zip(answer["ids"], facts, [] if vectors is None else vectors, strict=True)
        ]
        return _in_scope(scope, list(zip(near, facts, strict=True)))

    def _query(self, vector: list[float], count: int, **among: Any) -> list[tuple[Near, Fact]]:
        """The nearest, best first, each with what is noted of it."""
        answer = self._collection.query(
            query_embeddings=[vector],  # type: ignore[arg-type]  # as in `add`
            n_results=count,
            include=["distances"] if self._alone else ["metadatas", "distances"],
            **among,
        )
        ids, distances = answer["ids"][0], (answer["distances"] or [[]])[0]
        if self._alone:
            facts: Mapping[str, Fact] = self._facts(ids)
        else:
            facts = dict(zip(ids, map(Fact.of, (answer["metadatas"] or [[]])[0]), strict=True))
        return [
            (Near(entry_id, 1 - distance, facts[entry_id].as_of), facts[entry_id])
            for entry_id, distance in zip(ids, distances, strict=True)
            if entry_id in facts
        ]

    def _facts(self, ids: Sequence[str]) -> Mapping[str, Fact]:
        """What is noted of these at least."""
        if lacking := [id_ for id_ in ids if id_ not in self._known]:
            answer = self._collection.get(ids=lacking, include=["metadatas"])
            for id_, noted in zip(answer["ids"], answer["metadatas"] or [], strict=True):
                self._learn(id_, Fact.of(noted))
        return self._known

    def _candidates(self, scope: Scope) -> Iterator[tuple[str, Fact]]:
        """Every entry that may lie in scope, and others."""
        if scope.symbol is None:
            yield from self._known.items()
            return
        named = self._naming.get(scope.symbol, {})
        yield from named.items()
        if scope.with_lessons:
            yield from ((id_, fact) for id_, fact in self._naming.get(Kind.LESSON, {}).items() if id_ not in named)

    def _learn(self, entry_id: str, fact: Fact) -> None:
        if self._alone:
            self._unlearn(entry_id)
            self._known[entry_id] = fact
            for name in _names(fact):
                self._naming.setdefault(name, {})[entry_id] = fact

    def _unlearn(self, entry_id: str) -> None:
        if fact := self._known.pop(entry_id, None):
            for name in _names(fact):
                del self._naming[name][entry_id]


def _names(fact: Fact) -> set[str]:
    """Under what it is kept; no symbol is spelled like a kind."""
    return {*fact.symbols, *([Kind.LESSON.value] if fact.kind is Kind.LESSON else [])}


def _noted(entry: MemoryEntry) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": entry.kind.value, "as_of": entry.as_of.timestamp()}
    lists = {"symbols": list(entry.symbols), "tags": list(entry.tags)}
    return facts | {name: held for name, held in lists.items() if held}  # Chroma refuses an empty list


def _in_scope(scope: Scope, seen: Iterable[tuple[Near, Fact]]) -> list[Near]:
    """Those in scope; the better score first, then the later, then by id."""
    hits = [near for near, fact in seen if fact.lies_in(scope)]
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
