"""Changes to what is remembered, gathered, put on the record, and only then written: after a crash, done again."""

from collections.abc import Iterable
from datetime import datetime

from perun.memory.aftermath import Outcome
from perun.memory.entries import MemoryEntry
from perun.memory.index import folder_day
from perun.memory.outcomes import with_outcomes
from perun.memory.recall import Memory
from perun.memory.usefulness import cited, credited, credits_of
from perun.tools.domain.events import LessonLearned, OutcomesKnown
from perun.tools.domain.memory_events import OutcomeRow
from perun.tools.domain.ports import Recorder


class Revision:
    """One run's changes. What was changed in it is read as changed."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._revised: dict[str, MemoryEntry] = {}
        self._new: dict[str, MemoryEntry] = {}
        self._rows: list[OutcomeRow] = []

    def read(self, entry_id: str, known: datetime | None = None) -> MemoryEntry | None:
        """The entry as it stands now; its *as of*, where that is known, spares a search."""
        day = folder_day(known) if known else None
        changed = self._revised.get(entry_id) or self._new.get(entry_id)
        return changed or self._memory.files.read(entry_id, day)

    def outcomes(self, entry: MemoryEntry, found: Iterable[Outcome]) -> MemoryEntry:
        """Give the entry those outcomes that it lacks; the entry with all of them is returned."""
        after = with_outcomes(self._revised.get(entry.id, entry), found)
        had = {each.horizon for each in entry.outcomes}
        self._rows += [_row(entry.id, each) for each in after.outcomes if each.horizon not in had]
        self._keep(entry, after)
        return after

    def credit(self, signal: MemoryEntry, side: int, evidence: Iterable[str]) -> None:
        """Credit each memory among the evidence with what came of the signal."""
        earned = tuple(credits_of(signal, side))
        for entry_id in cited(evidence) if earned else ():
            if entry := self.read(entry_id):
                self._keep(entry, credited(entry, earned))

    def add(self, entry: MemoryEntry) -> None:
        """A new entry."""
        self._new[entry.id] = entry

    def write(self, recorder: Recorder) -> None:
        """Put it all on the record, then on disk.

        Raises:
            MemoryUnavailable: a file cannot be written, or the index cannot take a new entry.
        """
        if self._rows:
            recorder.record(OutcomesKnown(outcomes=tuple(self._rows)))
        for entry in self._new.values():
            if sources := entry.data.get("sources"):
                recorder.record(_learned(entry, sources))
        self._memory.files.write_all(self._revised.values())
        if self._new:
            self._memory.remember(list(self._new.values()))

    def _keep(self, before: MemoryEntry, after: MemoryEntry) -> None:
        if after == before:
            return
        (self._new if after.id in self._new else self._revised)[after.id] = after


def _row(entry_id: str, outcome: Outcome) -> OutcomeRow:
    return OutcomeRow(id=entry_id, **outcome.model_dump(exclude={"sessions"}))


def _learned(lesson: MemoryEntry, sources: object) -> LessonLearned:
    assert isinstance(sources, list)
    return LessonLearned(
        id=lesson.id,
        symbol=lesson.symbols[0],
        text=lesson.text,
        sources=tuple(map(str, sources)),
        tainted=lesson.tainted,
    )
