"""recall: the memories of a symbol nearest in meaning and latest in time, none newer than *as of*."""

from collections.abc import Sequence
from datetime import datetime

from langgraph.runtime import Runtime

from perun.agents import wording
from perun.agents.facts import Remembered
from perun.graph.desk import Desk
from perun.graph.state import StudyState
from perun.memory.bands import bands
from perun.memory.entries import LONGEST_TEXT, Kind, MemoryEntry
from perun.memory.outcomes import told
from perun.memory.recall import Recollection
from perun.tools.domain.events import ErrorNoted, MemoriesRecalled, MemoryHit
from perun.tools.domain.research import Finding
from perun.tools.market.snapshot import SymbolSnapshot
from perun.tools.research.cleaning import plain
from perun.tools.toolbox.tool import Told

SEARCHED = 5
"""Memories that an analyst's own search brings."""
TELLING = frozenset(Kind) - {Kind.MARKET, Kind.PORTFOLIO}
"""Kinds that tell something; bare snapshots would crowd out what was thought and done on such days."""


def recall(state: StudyState, runtime: Runtime[Desk]) -> StudyState:
    """Ask the memory about a situation like today's. A broken index costs the nearest, never the cycle."""
    desk, seen, symbol, as_of = runtime.context, state["seen"], state["seen"].symbol, state["as_of"]
    bounds, words = desk.memory.bounds, question(seen, state.get("findings", ()))
    found = desk.memory.recall(words, symbol, as_of, bounds.hits, bounds.recent, TELLING, like=bands(seen))
    desk.recorder.record(MemoriesRecalled(symbol=symbol, hits=tuple(_hit(hit, as_of) for hit in found.hits)))
    remembered = tuple(as_shown(hit.entry) for hit in found.hits)
    if not found.degraded:
        return {"memories": remembered}
    desk.recorder.record(ErrorNoted(where="recall", code="MEMORY_DEGRADED", message=found.degraded))
    return {"memories": remembered, "degraded": (found.degraded,)}


def search(desk: Desk, words: str, symbol: str, as_of: datetime) -> Told:
    """What an analyst's own search of the memory brings, by meaning alone and none newer than `as_of`.

    Raises:
        MemoryUnavailable: the files cannot be read.
    """
    found = desk.memory.recall(words, symbol, as_of, SEARCHED, 0, TELLING)
    remembered = tuple(as_shown(hit.entry) for hit in found.hits)
    return Told(
        text=wording.memories(remembered),
        evidence=tuple(each.evidence for each in remembered),
        tainted=tuple(each.evidence for each in remembered if each.tainted),
    )


def _hit(found: Recollection, as_of: datetime) -> MemoryHit:
    entry = found.entry
    return MemoryHit(
        id=entry.id,
        kind=entry.kind,
        score=found.score,
        score_parts=found.parts.model_dump() if found.parts else {},
        as_of=entry.as_of,
        age_days=max((as_of - entry.as_of).days, 0),
    )


def as_shown(entry: MemoryEntry) -> Remembered:
    """The memory as an agent sees it."""
    return Remembered(
        evidence=entry.evidence,
        kind=entry.kind,
        as_of=entry.as_of,
        text=plain(told(entry), LONGEST_TEXT),  # what was once said may go back to text from outside
        tainted=entry.tainted,
    )


def question(seen: SymbolSnapshot, findings: Sequence[Finding] = ()) -> str:
    """What is looked for by meaning: what was found out about the share, or how it stands when nothing was.

    How it stands counts in any case, through the tags. Measured: its words beside the findings' do more harm than good,
    and its numbers tell the embedding model nothing.
    """
    return " ".join(finding.summary for finding in findings) or f"{seen.symbol}: {_stands(seen)}."


def situation(seen: SymbolSnapshot) -> str:
    """Today in words and numbers: what is remembered of it."""
    now = seen.indicators
    close = wording.number(seen.bars[-1].close) if seen.bars else "unknown"
    return (
        f"{seen.symbol}: {_stands(seen)}. Closed at {close}; return over 20 sessions {wording.number(now.return_20)}, "
        f"12-1 momentum {wording.number(now.momentum_12_1)}, RSI {wording.number(now.rsi_14)}, "
        f"volatility {wording.number(now.volatility_20)}, 50-session average {wording.number(now.sma_50)}, "
        f"200-session average {wording.number(now.sma_200)}."
    )


def _stands(seen: SymbolSnapshot) -> str:
    return ", ".join(tag.replace("-", " ") for tag in sorted(bands(seen))) or "nothing out of the ordinary"
