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


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Events of one stream, oldest first, that can be cited."""

    stream: str
    events: Sequence[StoredEvent]
    symbols: Sequence[str]
    """Every symbol that they may speak of."""
    symbol: str | None = None
    """The one that was asked for by name; None for all."""

    def cite(self, stored: StoredEvent) -> str:
        """The event's id."""
        return event_id(self.stream, stored.seq)

    def all(self, kind: type[Kind]) -> list[tuple[StoredEvent, Kind]]:
        """Every event of one kind, oldest first, with its place in the record."""
        return [(stored, stored.event) for stored in self.events if isinstance(stored.event, kind)]


@dataclass(frozen=True, kw_only=True)
class Trace(Stretch):
    """One cycle as it stands in the record."""

    cycle: Cycle


def trace_of(cycle: Cycle, events: Sequence[StoredEvent], symbol: str | None = None) -> Trace:
    """The cycle with its events; a symbol is the decision that was asked for by name."""
    return Trace(stream=cycle.cycle_id, events=events, symbols=cycle.symbols, symbol=symbol, cycle=cycle)


def event_id(stream: str, seq: int) -> str:
    """How an event is cited: `cycle:…/event:7`."""
    return f"{stream}{EVENT}{seq}"


def find(archive: Archive, name: str) -> Trace:
    """The cycle of that id or slot, of a decision (`cycle/SYMBOL`), or of an order (its client order id).

    Raises:
        ConfigurationError: the ledger knows nothing of that name, or an event of it cannot be read.
    """
    if (found := _named(archive, name) or _of_order(archive, name)) is None:
        last = archive.newest()
        known = f"the last cycle is {last.cycle_id}" if last else "there was no cycle yet"
        raise ConfigurationError(f"the ledger knows no {name}; {known}")
    return found


def _named(archive: Archive, name: str) -> Trace | None:
    run, _, symbol = name.partition("/")
    cycle = archive.cycle(run)
    if cycle is None or (symbol and symbol not in cycle.symbols):
        return None
    return trace_of(cycle, archive.read(cycle.cycle_id), symbol or None)


def _of_order(archive: Archive, name: str) -> Trace | None:
    """A stop that a cycle put back may be of a symbol that the cycle does not watch."""
    run, symbol = archive.order(name.removesuffix("-stop")) or ("", "")
    cycle = archive.cycle(run) if run else None
    return trace_of(cycle, archive.read(cycle.cycle_id), symbol) if cycle else None
