"""The memory as the desk uses it: remember what happened, recall what bears on a symbol and was known by then."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from perun.memory.entries import Kind, MemoryEntry, Quarantine
from perun.memory.index import Index, Scope, folder_day
from perun.memory.memdir import Damage, Memdir, Report, unreported
from perun.memory.organizer import Organizer
from perun.memory.ranking import Parts, Question, Ranked, Weights, diverse, ranked
from perun.memory.reindexing import bring_in_line
from perun.memory.timebox import Timebox
from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.domain.frozen import Frozen

_FIRST: Final = frozenset({Kind.TRADE, Kind.SIGNAL, Kind.ANALYSIS})
"""What the desk did and thought comes to mind before anything else of the same age."""
_LOOKED_AT: Final = 32
"""Neighbours by meaning that are weighed for the few that are wanted."""
_CHOICE: Final = 3
"""Neighbours for each entry wanted that are choice enough, where more would cost more."""


class Recollection(Frozen):
    """An entry that came to mind."""

    entry: MemoryEntry
    score: float | None
    """What it counts for this situation, for a hit by meaning; None for a hit by recency."""
    parts: Parts | None = None
    """What the score is made of."""


class Recall(Frozen):
    """What came to mind: the hits by meaning, best first, then the recent ones, latest first; none of them twice."""

    hits: tuple[Recollection, ...]
    degraded: str = ""
    """What the memory could not do, and why; empty when all went well."""


@dataclass(frozen=True)
class Bounds:
    """How much comes to mind, and how long that may take."""

    hits: int = 4
    """Entries by meaning."""
    recent: int = 5
    """Entries by time."""
    characters: int = 6000
    """Of all texts together."""
    seconds: float = 30.0
    """How long the index may take for one answer, the loading of the model included."""
    weights: Weights = field(default_factory=Weights)


class Memory:
    """Files that are the truth, and an index that finds them by meaning."""

    def __init__(
        self,
        memdir: Memdir,
        index: Index,
        organizer: Organizer | None = None,
        bounds: Bounds = Bounds(),
    ) -> None:
        self.bounds = bounds
        self._memdir = memdir
        self._index = index
        self._organizer = organizer
        self._box = Timebox(bounds.seconds, "the memory index")
        self._behind = True  # until proved otherwise: the last process may have died between file and index
        self._lacking = 0

    @property
    def files(self) -> Memdir:
        """The entries as they stand on disk. What is changed there of an entry's aftermath needs no new index."""
        return self._memdir

    def remember(self, entries: Sequence[MemoryEntry]) -> None:
        """Tag and keep the entries: files first, then the index. Remembering the same again changes nothing.

        Raises:
            MemoryUnavailable: a file could not be written; or all are safe but the index could not take them, in
                which case the next `remember` or `catch_up` brings it up to date.
        """
        kept = self._tagged(entries)
        self._memdir.write_all(kept)
        was_behind, self._behind = self._behind, True
        self._box.ask(partial(self._index.add, kept))
        if was_behind:
            self.catch_up()
        self._behind = self._lacking > 0

    def recall(
        self,
        query: str,
        symbol: str | None,
        as_of: datetime,
        k_near: int,
        k_recent: int,
        kinds: Collection[Kind] = tuple(Kind),
        *,
        like: Collection[str] = (),
        tags: Collection[str] = (),
    ) -> Recall:
        """What bears on the symbol and was known by `as_of`; nothing later, and nothing in quarantine, is returned.

        Args:
            query: The situation in words.
            symbol: Whom the entries are about; lessons of other symbols come too where they fit better. None for all.
            as_of: The market time from which one looks back.
            k_near: Most hits by meaning.
            k_recent: How many of the latest entries to add; those that came by meaning already are not said twice.
            kinds: The kinds that may come.
            like: The situation's tags: entries of days that share them count more.
            tags: Tags that an entry must have to come at all.

        Raises:
            MemoryUnavailable: the files cannot be read either.
        """
        scope = Scope(as_of, symbol, frozenset(kinds), frozenset(tags))
        damaged: list[Damage] = []
        wider = replace(scope, with_lessons=symbol is not None)
        near, trouble = self._near(query, k_near, wider, frozenset(like), damaged.append)
        told = {hit.entry.id for hit in near}
        recent = [
            Recollection(entry=entry.as_known(as_of), score=None)
            for entry in self.latest(scope, k_recent, damaged.append)
            if entry.id not in told
        ]
        behind = f"the memory index lacks {self._lacking} entries: run `perun memory reindex`" if self._lacking else ""
        hits = _within([*near, *recent], self.bounds.characters)
        return Recall(hits=hits, degraded="; ".join(filter(None, [trouble, behind, _said(damaged)])))

    def latest(self, scope: Scope, k: int, report: Report = unreported) -> list[MemoryEntry]:
        """The latest `k` in scope: deeds and thoughts first, the other kinds only where those run out."""
        found: list[MemoryEntry] = []
        for kinds in (scope.kinds & _FIRST, scope.kinds - _FIRST):
            narrower = replace(scope, kinds=kinds)
            found += islice(self._memdir.newest(narrower, report), k - len(found))
        return found

    def catch_up(self, report: Report = unreported) -> int:
        """Bring the index in line with the files: add what it lacks, drop what is gone; returns how many were added.

        Cheap when nothing is missing (ids are compared, no file is read), and safe to interrupt. It ends after half of
        `bounds.seconds`, the latest entries first; what is lacking then, recall says.

        Raises:
            MemoryUnavailable: the files or the index cannot be used.
        """
        fill = partial(bring_in_line, self._memdir, self._index, report, self.bounds.seconds / 2)
        added, self._lacking = self._box.ask(fill)
        self._behind = self._lacking > 0
        return added

    def quarantine(self, entry_id: str, reason: str, who: str, at: datetime) -> MemoryEntry | None:
        """Keep the entry and never recall it again; None when there is no such entry.

        Raises:
            MemoryUnavailable: the file cannot be written.
        """
        return self._marked(entry_id, Quarantine(reason=reason, who=who, at=at))

    def release(self, entry_id: str) -> MemoryEntry | None:
        """Let the entry be recalled again; None when there is no such entry.

        Raises:
            MemoryUnavailable: the file cannot be written.
        """
        return self._marked(entry_id, None)

    def indexed(self) -> int:
        """How many entries the index holds.

        Raises:
            MemoryUnavailable: the index cannot be used.
        """
        return self._box.ask(self._index.count)

    def close(self) -> None:
        """Let go of the index; one that is stuck is left to the process's end, which frees it too."""
        if not self._box.is_stuck:
            self._index.close()

    def _marked(self, entry_id: str, quarantine: Quarantine | None) -> MemoryEntry | None:
        entry = self._memdir.read(entry_id)
        if entry is None:
            return None
        marked = entry.model_copy(update={"quarantine": quarantine})
        self._memdir.write(marked)
        return marked

    def _tagged(self, entries: Sequence[MemoryEntry]) -> Sequence[MemoryEntry]:
        if self._organizer is None:
            return entries
        try:
            return self._box.ask(partial(self._organizer.organised, entries))
        except MemoryUnavailable:
            return entries  # an entry without tags is worth more than none

    def _near(
        self, query: str, k: int, scope: Scope, like: frozenset[str], report: Report
    ) -> tuple[list[Recollection], str]:
        """The hits by meaning; or none, and why the index gave none."""
        if k < 1:
            return [], ""
        try:
            found = self._box.ask(partial(self._index.nearest, query, max(k, _LOOKED_AT), scope, k * _CHOICE))
        except MemoryUnavailable as error:
            return [], str(error)
        pairs = ((self._memdir.read(near.id, folder_day(near.as_of), report), near) for near in found)
        # The file has the last word: an index may be older than what it points to.
        known = ((entry, near.score) for entry, near in pairs if entry and scope.holds(entry))
        best = ranked(known, Question(scope.until, scope.symbol, like), self.bounds.weights)
        return [_recollected(one, scope.until) for one in diverse(best, k)], ""


def _recollected(one: Ranked, as_of: datetime) -> Recollection:
    return Recollection(entry=one.entry.as_known(as_of), score=one.score, parts=one.parts)


def _within(hits: Sequence[Recollection], characters: int) -> tuple[Recollection, ...]:
    """The hits in their order, without those for which there is no room any more."""
    kept, room = [], characters
    for hit in hits:
        if len(hit.entry.text) <= room:
            kept.append(hit)
            room -= len(hit.entry.text)
    return tuple(kept)


def _said(damaged: Sequence[Damage]) -> str:
    different = sorted({str(damage) for damage in damaged})
    return f"{len(different)} damaged memory files passed over, such as {different[0]}" if different else ""
