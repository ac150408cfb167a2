"""Tags for entries: by rules where facts decide, by likeness to a tag's description where only words tell."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from pydantic import ValidationError

from perun.memory.bands import bands
from perun.memory.embedding import Embedder
from perun.memory.entries import Kind, MemoryEntry
from perun.memory.tags import BUILT_IN, Tag, sector_tag
from perun.tools.domain.errors import MemoryUnavailable
from perun.tools.market.snapshot import SymbolSnapshot

ALIKE: Final = 0.38
"""Cosine from which on a text is about what a tag describes; measured, see tests/support/retrieval/README.md."""
MOST: Final = 3
"""Tags that words alone may earn an entry."""
TOLD: Final = frozenset({Kind.SIGNAL, Kind.ANALYSIS, Kind.LESSON, Kind.ERROR, Kind.LOG})
"""Kinds whose words say what happened; the others are facts, and rules tell more of those."""

_Day = tuple[str, str]
"""A cycle and a symbol: what stands of the share then, stands for every entry of that cycle on it."""


class Organizer:
    """Gives each entry its tags; what an entry has already, it keeps."""

    def __init__(self, embedder: Embedder, tags: Sequence[Tag] = BUILT_IN) -> None:
        self._embedder = embedder
        self.tags = tuple(tags)
        self._described = [tag for tag in tags if tag.description]

    def organised(self, entries: Sequence[MemoryEntry]) -> list[MemoryEntry]:
        """The entries with their tags, in order. Without the embedding model the rules' tags must do."""
        days = dict(_days(entries))
        words = self._by_words([entry.text for entry in entries if entry.kind in TOLD])
        return [
            _tagged(entry, (*_by_facts(entry), *_of_its_day(entry, days), *words.get(entry.text, ())))
            for entry in entries
        ]

    def _by_words(self, texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """For each text the tags whose description it comes near to, nearest first."""
        unique = list(dict.fromkeys(texts))
        if not unique or not self._described:
            return {}
        with suppress(MemoryUnavailable):
            meant = self._embedder.embed([tag.description for tag in self._described])
            said = self._embedder.embed(unique)
            return {text: self._near(vector, meant) for text, vector in zip(unique, said, strict=True)}
        return {}

    def _near(self, vector: Sequence[float], meant: Sequence[Sequence[float]]) -> tuple[str, ...]:
        likeness = sorted(
            ((_cosine(vector, each), tag.name) for tag, each in zip(self._described, meant, strict=True)), reverse=True
        )
        return tuple(name for score, name in likeness[:MOST] if score >= ALIKE)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two vectors of unit length."""
    return sum(a * b for a, b in zip(one, other, strict=True))


def _tagged(entry: MemoryEntry, found: Iterable[str]) -> MemoryEntry:
    tags = tuple(dict.fromkeys((*entry.tags, *found)))
    return entry if tags == entry.tags else entry.model_copy(update={"tags": tags})


def _days(entries: Sequence[MemoryEntry]) -> Iterator[tuple[_Day, tuple[str, ...]]]:
    """How each symbol stood, from the market entries among these."""
    for entry in entries:
        if entry.kind is Kind.MARKET and len(entry.symbols) == 1:
            with suppress(ValidationError):
                stood = bands(SymbolSnapshot.model_validate(entry.data))
                yield (entry.cycle_id, entry.symbols[0]), tuple(sorted(stood))


def _of_its_day(entry: MemoryEntry, days: dict[_Day, tuple[str, ...]]) -> Iterator[str]:
    for symbol in entry.symbols:
        yield from days.get((entry.cycle_id, symbol), ())


def _by_facts(entry: MemoryEntry) -> Iterator[str]:
    """What kind, symbol and data say for themselves."""
    for symbol in entry.symbols:
        if sector := sector_tag(symbol):
            yield sector
    match entry.kind, entry.data:
        case Kind.SIGNAL, {"action": str(action)}:
            yield action.lower()
        case Kind.TRADE, {"side": str(side), "type": str(type_), "status": str(status)}:
            yield side
            if status in {"filled", "rejected"}:
                yield status
            if (side, status) == ("sell", "filled") and type_ in {"stop", "stop_limit"}:
                yield "stop-out"
        case Kind.ERROR, _:
            yield "trouble"
