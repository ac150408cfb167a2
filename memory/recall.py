"""The memory as the desk uses it: remember what happened, recall what bears on a symbol and was known by then."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from perun.memory.entries import Kind, MemoryEntry
from perun.memory.index import Index, Scope, folder_day
from perun.memory.memdir import Damage, Memdir, Report, unreported
from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.domain.frozen import Frozen

_FIRST: Final = frozenset({Kind.TRADE, Kind.SIGNAL, Kind.ANALYSIS})
"""What the desk did and thought comes to mind before anything else of the same age."""


class Recollection(Frozen):
    """An entry that came to mind."""

    entry: MemoryEntry
    score: float | None
    """Cosine similarity for a hit by meaning; None for a hit by recency."""


class Recall(Frozen):
    """What came to mind: the hits by meaning, best first, then the recent ones, latest first; none of them twice."""

    hits: tuple[Recollection, ...]
    degraded: str = ""
    """What the memory could not do, and why; empty when all went well."""


class Memory:
    """Files that are the truth, and an index that finds them by meaning."""

    def __init__(self, memdir: Memdir, index: Index) -> None:
        self._memdir = memdir
        self._index = index
        self._behind = True  # until proved otherwise: the last process may have died between file and index

    def remember(self, entries: Sequence[MemoryEntry]) -> None:
        """Keep the entries: files first, then the index. Remembering the same again changes nothing.

        Raises:
            MemoryUnavailable: a file could not be written; or all are safe but the index could not take them, in
                which case the next `remember` or `catch_up` brings it up to date.
        """
        for entry in entries:
            self._memdir.write(entry)
        was_behind, self._behind = self._behind, True
        self._index.add(entries)
        if was_behind:
            self.catch_up()
        self._behind = False

    def recall(
        self,
        query: str,
        symbol: str,
        as_of: datetime,
        k_near: int,
        k_recent: int,
        kinds: Collection[Kind] = tuple(Kind),
    ) -> Recall:
        """What bears on the symbol and was known by `as_of`; nothing later is ever returned.

        Args:
            query: The situation in words.
            symbol: Whom the entries must name.
            as_of: The market time from which one looks back.
            k_near: Most hits by meaning.
            k_recent: How many of the latest entries to add; those that came by meaning already are not said twice.
            kinds: The kinds that may come.

        Raises:
            MemoryUnavailable: the files cannot be read either.
        """
        scope = Scope(as_of, symbol, frozenset(kinds))
        damaged: list[Damage] = []
        near, trouble = self._near(query, k_near, scope, damaged.append)
        told = {hit.entry.id for hit in near}
        recent = [
            Recollection(entry=entry, score=None)
            for entry in self._recent(k_recent, scope, damaged.append)
            if entry.id not in told
        ]
        return Recall(hits=(*near, *recent), degraded="; ".join(filter(None, [trouble, _said(damaged)])))

    def catch_up(self, report: Report = unreported) -> int:
        """Bring the index in line with the files: add what it lacks, drop what is gone; returns how many were added.

        Cheap when nothing is missing (ids are compared, no file is read), and safe to interrupt.

        Raises:
            MemoryUnavailable: the files or the index cannot be used.
        """
        files, known = self._memdir.files(), self._index.ids()
        self._index.forget(known - files.keys())
        added = self._index.add(self._memdir.load((files[id] for id in files if id not in known), report))
        self._behind = False
        return added

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def _near(self, query: str, k: int, scope: Scope, report: Report) -> tuple[list[Recollection], str]:
        """The hits by meaning; or none, and why the index gave none."""
        try:
            found = self._index.nearest(query, k, scope)
        except MemoryUnavailable as error:
            return [], str(error)
        pairs = ((self._memdir.read(near.id, folder_day(near.as_of), report), near.score) for near in found)
        # The file has the last word: an index may be older than what it points to.
        return [Recollection(entry=entry, score=score) for entry, score in pairs if entry and scope.holds(entry)], ""

    def _recent(self, k: int, scope: Scope, report: Report) -> list[MemoryEntry]:
        """The latest `k`: deeds and thoughts first, the other kinds only where those run out."""
        recent: list[MemoryEntry] = []
        for kinds in (scope.kinds & _FIRST, scope.kinds - _FIRST):
            narrower = Scope(scope.until, scope.symbol, kinds)
            recent += islice(self._memdir.newest(narrower, report), k - len(recent))
        return recent


def _said(damaged: Sequence[Damage]) -> str:
    different = sorted({str(damage) for damage in damaged})
    return f"{len(different)} damaged memory files passed over, such as {different[0]}" if different else ""
