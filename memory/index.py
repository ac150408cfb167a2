"""What a semantic index answers: which entries come nearest in meaning, within a scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from perun.memory.entries import Kind, MemoryEntry


def folder_day(as_of: datetime) -> date:
    """The day under which an entry of that market time is kept: its date in UTC."""
    return as_of.astimezone(UTC).date()


@dataclass(frozen=True)
class Scope:
    """Which entries may be seen: known by `until`, of these kinds and, when a symbol is given, naming it."""

    until: datetime
    symbol: str | None = None
    kinds: frozenset[Kind] = frozenset(Kind)

    def admits(self, kind: Kind, symbols: Iterable[str], as_of: datetime) -> bool:
        """True when an entry with these properties lies inside."""
        return as_of <= self.until and kind in self.kinds and (self.symbol is None or self.symbol in symbols)

    def holds(self, entry: MemoryEntry) -> bool:
        """True when the entry lies inside."""
        return self.admits(entry.kind, entry.symbols, entry.as_of)


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

    def nearest(self, text: str, k: int, scope: Scope) -> list[Near]:
        """The `k` entries in scope that are nearest to the text in meaning, best first; fewer when there are fewer."""
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
