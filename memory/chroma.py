"""The semantic index over the memory files, kept by Chroma; it can be rebuilt at any time."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from threading import RLock
from typing import Final, TypeVar

from perun.memory.embedding import Embedder
from perun.memory.entries import MemoryEntry
from perun.memory.index import Near, Scope, meaning
from perun.memory.neighbours import Neighbours
from perun.memory.opening import Directory, Opened, Place
from perun.tools.domain.errors import MemoryUnavailable

_T = TypeVar("_T")

_BATCH: Final = 256
"""Entries embedded and stored at once: what an interruption can lose of an indexing run."""

_OVERFETCH: Final = 16
"""Neighbours looked at for each one wanted, before Chroma itself is asked to filter."""


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
        self._neighbours: Neighbours | None = None

    def add(self, entries: Iterable[MemoryEntry]) -> int:
        """Take in the entries, replacing those with the same id; returns how many.

        Raises:
            MemoryUnavailable: the index or the model cannot be used; batches before the failure are in.
        """
        added = 0
        for batch in _batches(entries):
            vectors = self._embedder.embed([meaning(entry) for entry in batch])
            self._ask(partial(Neighbours.add, entries=batch, vectors=vectors))
            self._clean()
            added += len(batch)
        return added

    def forget(self, ids: Iterable[str]) -> None:
        """Drop these ids; those it never held are passed over."""
        doomed = sorted(ids)
        for start in range(0, len(doomed), _BATCH):
            batch = doomed[start : start + _BATCH]
            self._ask(partial(Neighbours.forget, ids=batch))

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
        hits, seen = self._ask(lambda known: known.nearest(vector, k * _OVERFETCH, scope))
        if len(hits) < (k if enough is None else enough) and seen < held:
            hits = self._ask(lambda known: known.nearest_inside(vector, k, scope))
            if len(hits) < k:
                hits = self._ask(lambda known: known.compared(vector, scope))
        return hits[:k]

    def count(self) -> int:
        """How many entries it holds."""
        return self._ask(Neighbours.count)

    def ids(self) -> frozenset[str]:
        """The id of every entry it holds."""
        return self._ask(Neighbours.ids)

    def close(self) -> None:
        """Let go of the directory, so that another process may have it."""
        self._let_go(intact=True)

    def _ask(self, question: Callable[[Neighbours], _T]) -> _T:
        with self._turn:
            try:
                if self._neighbours is None:
                    self._open = self._place.open(self._embedder)
                    self._neighbours = Neighbours(self._open.collection, alone=self._open.alone)
                with self._place.guard():
                    return question(self._neighbours)
            except MemoryUnavailable:
                self._let_go(intact=False)
                raise

    def _clean(self) -> None:
        with self._turn, self._place.guard():
            if self._open is not None:
                self._open.clean()

    def _let_go(self, *, intact: bool) -> None:
        with self._turn:
            held, self._open, self._neighbours = self._open, None, None
            if held is not None:
                held.close(intact=intact)


def _batches(entries: Iterable[MemoryEntry]) -> Iterator[list[MemoryEntry]]:
    """Batches without a repeated id, which Chroma would refuse; the last of equals stands."""
    rest = iter(entries)
    while batch := list(islice(rest, _BATCH)):
        yield list({entry.id: entry for entry in batch}.values())
