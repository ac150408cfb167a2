"""What a semantic index answers: which entries come nearest in meaning, within a scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from perun.memory.entries import Kind, MemoryEntry
from perun.memory.tags import SITUATIONAL


def folder_day(as_of: datetime) -> date:
    """The day under which an entry of that market time is kept: its date in UTC."""
    return as_of.astimezone(UTC).date()


def meaning(entry: MemoryEntry) -> str:
    """What of an entry is embedded: how its day looked, then its words; the model does not read the end of a long text.

    Measured: on the labelled set the tags in front are worth more than any weight (tests/support/retrieval/README.md).
    """
    looks = [tag.replace("-", " ") for tag in entry.tags if tag in SITUATIONAL]
    return f"({', '.join(looks)}) {entry.text}" if looks else entry.text


@dataclass(frozen=True)
class Scope:
    """Which entries may be seen: known by `until`, of these kinds, naming the symbol if one is given, with all tags."""

    until: datetime
    symbol: str | None = None
    kinds: frozenset[Kind] = frozenset(Kind)
    tags: frozenset[str] = frozenset()
    with_lessons: bool = False
    """Lessons count as naming every symbol: what was learned with one share may help with another."""

    def admits(self, kind: Kind, symbols: Iterable[str], as_of: datetime, tags: Iterable[str] = ()) -> bool:
        """True when an entry with these properties lies inside."""
        named = self.symbol is None or self.symbol in symbols or (self.with_lessons and kind is Kind.LESSON)
        return as_of <= self.until and kind in self.kinds and named and self.tags.issubset(tags)

    def holds(self, entry: MemoryEntry) -> bool:
        """True when the entry lies inside and is not in quarantine."""
        return entry.quarantine is None and self.admits(entry.kind, entry.symbols, entry.as_of, entry.tags)


@dataclass(frozen=True)
class Near:
    """An entry that came near: its id, its cosine similarity (at most 1), and the market time it was known."""

    id: str
    score: float
    as_of: datetime


class Index(Protocol):
    """Finds entries by meaning. A cache over the files: it can be lost and made again.

    Every method raises MemoryUnavailable when the index cannot be used.
    """

    def add(self, entries: Iterable[MemoryEntry]) -> int:
        """Take in the entries, replacing those with the same id; returns how many."""
        ...

    def forget(self, ids: Iterable[str]) -> None:
        """Drop these ids; those it never held are passed over."""
        ...

    def nearest(self, text: str, k: int, scope: Scope, enough: int | None = None) -> list[Near]:
        """The `k` entries in scope that are nearest to the text in meaning, best first; fewer when there are fewer.

        Where it saves work, the nearest `enough` or more will do.
        """
        ...

    def count(self) -> int:
        """How many entries it holds."""
        ...

    def ids(self) -> frozenset[str]:
        """The id of every entry it holds."""
        ...

    def close(self) -> None:
        """Let go of the index, so that another process may have it; the next call opens it again."""
        ...
