"""Ways to find entries for a question: the desk's own, and simpler ones. None sees what was not known yet."""

from collections.abc import Callable, Sequence

from rank_bm25 import BM25Okapi

from perun.graph.nodes.recall import TELLING, question
from perun.memory.bands import bands
from perun.memory.chroma import ChromaIndex
from perun.memory.entries import MemoryEntry
from perun.memory.index import Scope
from perun.memory.recall import Memory
from support.retrieval.judging import Query

LONG = 10
Rival = Callable[[Query], Sequence[MemoryEntry]]


def asked(query: Query) -> str:
    """The question as the desk puts it; every rival is given the same."""
    return question(query.day.seen, [query.found])


def default(memory: Memory, *, with_findings: bool = True) -> Rival:
    """The desk's recall; without findings as on a day on which the researcher has no source."""

    def find(query: Query) -> list[MemoryEntry]:
        seen, as_of = query.day.seen, query.day.session.closes
        words = question(seen, [query.found] if with_findings else [])
        found = memory.recall(words, query.day.symbol, as_of, LONG, 0, TELLING, like=bands(seen))
        assert not found.degraded
        return [hit.entry for hit in found.hits]

    return find


def latest(entries: Sequence[MemoryEntry]) -> Rival:
    """The latest of the symbol."""
    return lambda query: sorted(_of_symbol(entries, query), key=lambda entry: entry.as_of, reverse=True)[:LONG]


def bm25(entries: Sequence[MemoryEntry]) -> Rival:
    """Shared words, among those of the symbol."""

    def find(query: Query) -> list[MemoryEntry]:
        known = _of_symbol(entries, query)
        if not known:
            return []
        scores = BM25Okapi([_words(entry.text) for entry in known]).get_scores(_words(asked(query)))
        order = sorted(range(len(known)), key=lambda place: (-scores[place], known[place].id))
        return [known[place] for place in order[:LONG]]

    return find


def dense(index: ChromaIndex, entries: Sequence[MemoryEntry], *, of_symbol: bool) -> Rival:
    """Nearest in meaning: of the symbol and the telling kinds, or of everything."""
    by_id = {entry.id: entry for entry in entries}

    def find(query: Query) -> list[MemoryEntry]:
        as_of = query.day.session.closes
        scope = Scope(as_of, query.day.symbol, TELLING) if of_symbol else Scope(as_of)
        return [by_id[near.id] for near in index.nearest(asked(query), LONG, scope)]

    return find


def _of_symbol(entries: Sequence[MemoryEntry], query: Query) -> list[MemoryEntry]:
    scope = Scope(query.day.session.closes, query.day.symbol, TELLING)
    return [entry for entry in entries if scope.holds(entry)]


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
