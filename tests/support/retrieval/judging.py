"""Which entries would help on which day, judged by the days alone; and how well an order of entries meets that."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import log2

from perun.memory.entries import Kind, MemoryEntry
from perun.tools.domain.research import Finding
from support.retrieval.situations import EVENTS, SYMBOLS, Day, chance, distance, eventful
from support.retrieval.writing import entries_of, finding, market_of, noise

VERY_ALIKE, ALIKE = 0.12, 0.24
"""Mean difference of ranks; two days chosen at random differ by a third."""
DAYS_EACH, QUERIES_EACH = 6, 3
"""Of every share and event, as far as there are so many."""
FEWEST = 3
"""Answers without which a day is not asked about."""


@dataclass(frozen=True)
class Query:
    """A day on which somebody asks, and what each entry is worth to him: 2, 1, or 0 when it is not listed."""

    day: Day
    worth: dict[str, int]

    @property
    def found(self) -> Finding:
        """What the researcher brought that day."""
        published = self.day.session.opens
        return Finding(
            symbol=self.day.symbol,
            direction="neutral",
            summary=finding(self.day),
            published=published,
            source=f"[news:{self.day.name}]",
        )

    @property
    def is_for_tuning(self) -> bool:
        """One half is for choosing weights, the other for judging them."""
        return chance("half", self.day.name) < 0.5


@dataclass(frozen=True)
class Retrieval:
    """The labelled set."""

    entries: tuple[MemoryEntry, ...]
    markets: tuple[MemoryEntry, ...]
    """Snapshots of the entries' days: for the organizer alone, they are not searched."""
    queries: tuple[Query, ...]


@cache
def labelled() -> Retrieval:
    """Days drawn by lot, the same each time: early and late ones become entries, other late ones questions."""
    past, asking = [], []
    for symbol in SYMBOLS:
        for event in EVENTS:
            drawn = sorted(
                (day for day in eventful() if (day.symbol, day.event) == (symbol, event)),
                key=lambda day: chance("drawn", day.name),
            )
            past += drawn[:DAYS_EACH]
            asking += [day for day in drawn[DAYS_EACH:] if day.session.day.year >= 2007][:QUERIES_EACH]
    past.sort(key=lambda day: (day.session.day, day.symbol))
    written = {entry.id: (day, entry) for day in past for entry in entries_of(day)}
    queries = [
        Query(day, _worth(day, written)) for day in sorted(asking, key=lambda day: (day.session.day, day.symbol))
    ]
    return Retrieval(
        entries=(*(entry for _, entry in written.values()), *noise(past)),
        markets=tuple(map(market_of, past)),
        queries=tuple(query for query in queries if len(query.worth) >= FEWEST),
    )


def _worth(asked: Day, written: dict[str, tuple[Day, MemoryEntry]]) -> dict[str, int]:
    """The same event in a situation that is alike helps, more when very alike; of another share its lessons alone."""
    worth = {}
    for id_, (day, entry) in written.items():
        apart = distance(asked, day)
        if entry.as_of > asked.session.closes or day.event != asked.event or apart > ALIKE:
            continue
        if day.symbol == asked.symbol:
            worth[id_] = 2 if apart <= VERY_ALIKE else 1
        elif entry.kind is Kind.LESSON:
            worth[id_] = 1
    return worth


@dataclass(frozen=True)
class Marks:
    """How well one order of entries meets the judgement, or the mean over many."""

    recall_5: float
    mrr: float
    ndcg_10: float


def marks(query: Query, found: Sequence[MemoryEntry]) -> Marks:
    """Of one query. A second entry of one kind from the same day tells nothing new: it counts as worthless."""
    gains = [query.worth.get(entry.id, 0) for entry in found]
    told: set[object] = set()
    for place, entry in enumerate(found):
        mark = _same(entry)
        gains[place] *= mark not in told
        told.add(mark)
    best: dict[object, int] = {}
    for entry in labelled().entries:
        if entry.id in query.worth:
            best[_same(entry)] = max(best.get(_same(entry), 0), query.worth[entry.id])
    ideal = sorted(best.values(), reverse=True)
    first = next((place for place, gain in enumerate(gains, start=1) if gain), 0)
    return Marks(
        recall_5=sum(gain > 0 for gain in gains[:5]) / min(5, len(ideal)),
        mrr=1 / first if first else 0.0,
        ndcg_10=_dcg(gains[:10]) / _dcg(ideal[:10]),
    )


def mean(of: Sequence[Marks]) -> Marks:
    """The mean of each mark."""
    return Marks(*(sum(column) / len(of) for column in zip(*map(_row, of), strict=True)))


def _row(each: Marks) -> tuple[float, float, float]:
    return each.recall_5, each.mrr, each.ndcg_10


def _same(entry: MemoryEntry) -> object:
    return entry.symbols, entry.kind, entry.as_of.date()


def _dcg(gains: Sequence[int]) -> float:
    return sum((2**gain - 1) / log2(place + 1) for place, gain in enumerate(gains, start=1))
