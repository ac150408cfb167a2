"""What was done outside any cycle: a person's command or the desk's own care for its books, and the orders it came to.

Everything of the kind stands in the stream `desk:ACCOUNT`. A command begins with its event; an errand ends where books
were put in order, or the account was marked anew.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from perun.graph.desk import stamp
from perun.graph.ledger.archive import Archive
from perun.graph.ledger.events import StoredEvent
from perun.graph.story import SCHEMA, subjects
from perun.graph.trace.reading import Stretch
from perun.tools.domain.events import (
    AccountMarked,
    CommandGiven,
    Event,
    FillBooked,
    IntentWritten,
    OrderUpdated,
    Reconciled,
    StateChanged,
    VerdictGiven,
)

DESK: Final = "desk:"
"""How the name of such a stream begins."""
Kinds = tuple[type, ...]


def errand(archive: Archive, client_order_id: str) -> Stretch | None:
    """The errand that the order belongs to, with all that became of it later; None when it belongs to none."""
    name, symbol = archive.order(client_order_id) or ("", "")
    if not name.startswith(DESK):
        return None
    stream, flattened, _ = name.partition(":flatten-")
    # A flatten sells after it has put the books in order; whatever else sends an order does so while it does that.
    ends: Kinds = (AccountMarked,) if flattened else (AccountMarked, Reconciled)
    events = archive.read(stream)
    first = next((place for place, each in enumerate(events) if _order(each.event) == client_order_id), None)
    if first is None:
        return None
    start, end = _start(events, first, ends), _end(events, first, ends)
    later = (each for each in events[end:] if _order(each.event) == client_order_id)
    told = [each for each in (*events[start:end], *later) if _order(each.event) in {None, client_order_id}]
    return Stretch(stream=stream, events=told, symbols=(symbol,), symbol=symbol)


def story(found: Stretch, client_order_id: str) -> dict[str, Any]:
    """The document `perun.why/1` of an order that no cycle sent: there is a command instead, or nobody's."""
    command = next((event for _, event in found.all(CommandGiven)), None)
    return {
        "schema": SCHEMA,
        "cycle_id": None,
        "slot": None,
        "mode": None,
        "as_of": stamp(found.events[0].at),
        "state": None,
        "outcome": None,
        "symbol": found.symbol,
        "stream": found.stream,
        "order": client_order_id,
        "command": command.model_dump(exclude={"kind"}) if command else None,
        **subjects(found.events, found.symbol),
    }


def _start(events: Sequence[StoredEvent], first: int, ends: Kinds) -> int:
    """The command that led to it, or else what follows the end of another errand: then the desk did it by itself."""
    for place in reversed(range(first)):
        event = events[place].event
        if isinstance(event, CommandGiven):
            latched = event.command == "halt" and place > 0 and isinstance(events[place - 1].event, StateChanged)
            return place - latched  # a halt takes hold before it is written down
        if isinstance(event, ends):
            return place + 1
    return 0


def _end(events: Sequence[StoredEvent], first: int, ends: Kinds) -> int:
    for place in range(first, len(events)):
        if isinstance(events[place].event, CommandGiven):
            return place
        if isinstance(events[place].event, ends):
            return place + 1
    return len(events)


def _order(event: Event) -> str | None:
    """The order that the event is about; None when it is about none."""
    return next(_named(event), None)


def _named(event: Event) -> Iterator[str]:
    match event:
        case VerdictGiven(verdict=verdict) if verdict.terms is not None:
            yield verdict.terms.client_order_id
        case IntentWritten(terms=terms):
            yield terms.client_order_id
        case OrderUpdated(order=order):
            yield order.client_order_id
        case FillBooked(fill=fill):
            yield fill.client_order_id
