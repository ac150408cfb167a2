"""A run found in the ledger by any of its names, with all its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from perun.graph.ledger.archive import Archive
from perun.graph.ledger.cycles import Cycle
from perun.graph.ledger.events import StoredEvent
from perun.tools.domain.errors import ConfigurationError

Kind = TypeVar("Kind")
EVENT: Final = "/event:"
"""Stands between a stream's name and the number of an event in it."""


@dataclass(frozen=True)
class Trace:
    """One cycle as it stands in the record."""

    cycle: Cycle
    events: Sequence[StoredEvent]
    symbol: str | None = None
    """The decision that was asked for by name; None for the whole cycle."""

    def cite(self, stored: StoredEvent) -> str:
        """The event's id."""
        return event_id(self.cycle.cycle_id, stored.seq)

    def all(self, kind: type[Kind]) -> list[tuple[StoredEvent, Kind]]:
        """Every event of one kind, oldest first, with its place in the record."""
        return [(stored, stored.event) for stored in self.events if isinstance(stored.event, kind)]


def event_id(stream: str, seq: int) -> str:
    """How an event is cited: `cycle:…/event:7`."""
    return f"{stream}{EVENT}{seq}"


def find(archive: Archive, name: str) -> Trace:
    """The cycle of that id or slot, of a decision (`cycle/SYMBOL`), or of an order (its client order id).

    Raises:
        ConfigurationError: the ledger knows nothing of that name, or an event of it cannot be read.
    """
    cycle, symbol = _found(archive, name)
    if cycle is None or (symbol and symbol not in cycle.symbols):
        last = archive.newest()
        known = f"the last cycle is {last.cycle_id}" if last else "there was no cycle yet"
        raise ConfigurationError(f"the ledger knows no {name}; {known}")
    return Trace(cycle, archive.read(cycle.cycle_id), symbol or None)


def _found(archive: Archive, name: str) -> tuple[Cycle | None, str]:
    run, _, symbol = name.partition("/")
    cycle = archive.cycle(run)
    if cycle is None and (order := archive.order(name.removesuffix("-stop"))):
        run, symbol = order
        cycle = archive.cycle(run)
    return cycle, symbol
