"""In which cycles a memory came to mind, and whether an agent cited it there; read from the record."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from perun.graph.desk import stamp
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.wanted import Wanted
from perun.memory.usefulness import cited
from perun.tools.domain.events import Event, MemoriesRecalled, ReportWritten, SignalFormed

LOOKED_THROUGH: Final = 200
"""Cycles, the latest first."""


def citations(events: Sequence[Event], symbol: str) -> frozenset[str]:
    """The memories that an agent gave as evidence on that symbol."""
    return frozenset(cited(text for event in events for text in _evidence(event, symbol)))


def recalls(archive: Archive, entry_id: str, since: datetime) -> Iterator[dict[str, Any]]:
    """Each time the entry came to mind, the latest first, with its score then and whether it was cited.

    Args:
        archive: The ledger.
        entry_id: The entry.
        since: When it became known: no earlier cycle can have seen it.
    """
    for cycle in archive.cycles(Wanted(since=since, limit=LOOKED_THROUGH)):
        yield from _in(archive, cycle, entry_id)


def _in(archive: Archive, cycle: Cycle, entry_id: str) -> Iterator[dict[str, Any]]:
    said = [event for kind in ("report", "signal") for event in archive.events.of_kind(cycle.cycle_id, kind)]
    for event in archive.events.of_kind(cycle.cycle_id, "memory.recalled"):
        if not isinstance(event, MemoriesRecalled):
            continue
        for hit in event.hits:
            if hit.id == entry_id:
                yield {
                    "cycle_id": cycle.cycle_id,
                    "as_of": stamp(cycle.as_of),
                    "symbol": event.symbol,
                    "score": hit.score,
                    "age_days": hit.age_days,
                    "cited": entry_id in citations(said, event.symbol),
                }


def _evidence(event: Event, symbol: str) -> Sequence[str]:
    match event:
        case ReportWritten() if event.symbol == symbol:
            return tuple(event.report.get("evidence", ()))
        case SignalFormed() if event.signal.symbol == symbol:
            return event.signal.evidence
        case _:
            return ()
