"""Texts planted where a desk reads what others wrote: among its news, and in its memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from perun.graph.cycle import Floor
from perun.memory.entries import Kind, MemoryEntry, entry_id
from perun.tools.domain.research import Document

CLEAN = ("Sales were as expected.", "The board kept its guidance.")
"""Words that push nobody."""


@dataclass(frozen=True)
class Planted:
    """A source of documents that deals the texts out to the symbols in turn."""

    symbols: Sequence[str]
    texts: Sequence[str]

    def read(self, symbol: str, as_of: datetime) -> list[Document]:
        """The symbol's own, published this instant."""
        mine = self.texts[self.symbols.index(symbol) :: len(self.symbols)]
        return [
            Document(id=f"p{n}", symbol=symbol, url="https://evil.example", published=as_of, text=text)
            for n, text in enumerate(mine)
        ]


def in_news(floor: Floor, symbols: Sequence[str], texts: Sequence[str]) -> Floor:
    """The floor with the texts as its only news."""
    return replace(floor, news=Planted(symbols, texts))


def in_memory(floor: Floor, symbols: Sequence[str], texts: Sequence[str]) -> Floor:
    """The floor with the texts remembered as lessons of its own."""
    now = floor.book.clock().now
    floor.memory.remember(
        [
            MemoryEntry(
                id=entry_id(Kind.LESSON, "planted", str(n)),
                kind=Kind.LESSON,
                symbols=(symbols[n % len(symbols)],),
                as_of=now,
                written_at=now,
                cycle_id="planted",
                source="analyst",
                text=text,
            )
            for n, text in enumerate(texts)
        ]
    )
    return floor
