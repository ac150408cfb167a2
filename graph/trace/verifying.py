"""Whether the record is as it was written: every chain, and what the cycles' own rows say of their end."""

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from perun.graph.ledger.archive import Archive
from perun.graph.ledger.chain import Break
from perun.graph.ledger.cycles import Cycle, CycleState
from perun.graph.trace.reading import event_id
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import CycleEnded
from perun.tools.domain.frozen import Frozen

SCHEMA: Final = "perun.verify/1"


class Fault(Frozen):
    """Where a chain is first broken."""

    stream: str
    seq: int
    event: str
    """The id of the event at which it shows; empty when the whole chain is gone."""
    why: str


class Verification(Frozen):
    """What was looked through, and every chain that is broken."""

    schema_: str = Field(default=SCHEMA, alias="schema")
    whole: bool
    streams: int
    events: int
    broken: tuple[Fault, ...]


def verify(archive: Archive) -> Verification:
    """Look through every chain of the ledger."""
    streams = archive.streams()
    broken = tuple(_faults(archive, streams))
    events = sum(archive.length(stream) for stream in streams)
    return Verification(whole=not broken, streams=len(streams), events=events, broken=broken)


def _faults(archive: Archive, streams: list[str]) -> Iterator[Fault]:
    for stream in streams:
        found = archive.events.first_break(stream) or _cut_short(archive, stream)
        if found is not None:
            id_ = event_id(stream, found.seq) if found.seq else ""
            yield Fault(stream=stream, seq=found.seq, event=id_, why=found.why)


def _cut_short(archive: Archive, stream: str) -> Break | None:
    """A chain that was shortened together with its head is whole again; but its cycle's own row knows how it ended."""
    cycle = archive.cycle(stream)
    if cycle is None or cycle.cycle_id != stream or cycle.state is not CycleState.FINISHED:
        return None
    return _unlike(cycle, archive)


def _unlike(cycle: Cycle, archive: Archive) -> Break | None:
    last = archive.length(cycle.cycle_id)
    try:
        ended = [event for event in archive.events.of_kind(cycle.cycle_id, "cycle.ended")]
    except ConfigurationError as error:
        return Break(cycle.cycle_id, last, str(error))
    if not ended:
        return Break(cycle.cycle_id, last + 1, f"event {last + 1} of {cycle.cycle_id} is missing: its cycle had ended")
    said = ended[-1].outcome if isinstance(ended[-1], CycleEnded) else None
    if said != cycle.outcome:
        why = f"the cycle {cycle.cycle_id} ended {said} by its record, and {cycle.outcome} by its own row"
        return Break(cycle.cycle_id, last, why)
    return None
