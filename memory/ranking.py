"""Which of many memories come first: near in meaning, alike in situation, recent, and useful before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from perun.memory.entries import MemoryEntry
from perun.memory.index import folder_day
from perun.memory.tags import SITUATIONAL
from perun.memory.usefulness import earned
from perun.tools.domain.frozen import Frozen

FULLY_USEFUL: Final = 0.05
"""The excess return at which usefulness counts in full; a ratio."""


@dataclass(frozen=True)
class Weights:
    """What each part of a score counts; each part lies between -1 and 1.

    Chosen on the tuning half of the labelled set: see tests/support/retrieval/README.md.
    """

    meaning: float = 1.0
    likeness: float = 0.5
    recency: float = 0.1
    usefulness: float = 0.2
    abroad: float = 0.1
    """Taken off an entry that is not about the symbol asked for."""
    half_life_days: float = 180.0
    """Age at which recency counts half."""


class Parts(Frozen):
    """What a score is made of, before weighing."""

    meaning: float
    """Cosine similarity of the texts."""
    likeness: float
    """Share of the situation's tags in common, of all that either has."""
    recency: float
    """1 when known just now, half after each half-life."""
    usefulness: float
    """-1 to 1."""


@dataclass(frozen=True)
class Ranked:
    """An entry with its score."""

    entry: MemoryEntry
    score: float
    parts: Parts


@dataclass(frozen=True)
class Question:
    """From where one looks back, about whom, and how things stand there."""

    as_of: datetime
    symbol: str | None
    like: frozenset[str] = frozenset()
    """Tags of the situation."""


def ranked(found: Iterable[tuple[MemoryEntry, float]], asked: Question, weights: Weights) -> list[Ranked]:
    """The entries with their cosines, best first; of equals the later, then by id.

    Args:
        found: Entries, each with its cosine.
        asked: The question.
        weights: What counts how much.
    """
    scored = [_scored(entry, cosine, asked, weights) for entry, cosine in found]
    return sorted(scored, key=lambda one: (-one.score, -one.entry.as_of.timestamp(), one.entry.id))


def diverse(candidates: Sequence[Ranked], k: int) -> list[Ranked]:
    """The best `k`, no two of one kind about the same symbols on the same day."""
    best: dict[tuple[object, ...], Ranked] = {}
    for one in candidates:
        best.setdefault((one.entry.kind, one.entry.symbols, folder_day(one.entry.as_of)), one)
    return list(best.values())[: max(k, 0)]


def _scored(
    entry: MemoryEntry,
    cosine: float,
    asked: Question,
    weights: Weights,
) -> Ranked:
    parts = Parts(
        meaning=cosine,
        likeness=_overlap(asked.like & SITUATIONAL, SITUATIONAL.intersection(entry.tags)),
        recency=_recency(entry.as_of, asked.as_of, weights.half_life_days),
        usefulness=max(-1.0, min(1.0, earned(entry, asked.as_of) / FULLY_USEFUL)),
    )
    score = (
        weights.meaning * parts.meaning
        + weights.likeness * parts.likeness
        + weights.recency * parts.recency
        + weights.usefulness * parts.usefulness
    )
    at_home = asked.symbol is None or asked.symbol in entry.symbols
    return Ranked(entry, score if at_home else score - weights.abroad, parts)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard's share: 1 when the same, 0 when nothing is in common or nothing is known."""
    return len(one & other) / len(one | other) if one | other else 0.0


def _recency(then: datetime, now: datetime, half_life_days: float) -> float:
    days: float = max((now - then).total_seconds(), 0.0) / 86_400
    return float(0.5 ** (days / half_life_days))
