"""Events, written once at the end of their stream's hash chain, and read back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError
from sqlalchemy import Connection, Row, bindparam, insert, select, union, update

from perun.graph.ledger.chain import Break, Link, first_break, forge, genesis
from perun.graph.ledger.database import Database, insert_new
from perun.graph.ledger.notation import canonical, canonical_fact, parse, stamp
from perun.graph.ledger.schema import CHAINS, EVENTS
from perun.tools.domain.errors import ConfigurationError
from perun.tools.domain.events import EVENT, Event, ModelAsked, ToolCalled, VerdictGiven
from perun.tools.domain.verdicts import Verdict

# Built once: putting a statement together costs more than sending it, and a cycle writes some eighty events.
_NAMED: Final = CHAINS.c.stream == bindparam("named")
_END: Final = select(CHAINS.c.length, CHAINS.c.head).where(_NAMED).with_for_update()
_MOVE_END: Final = update(CHAINS).where(_NAMED).values(length=bindparam("longer"), head=bindparam("newest"))
_WRITE: Final = insert(EVENTS)
_OF_STREAM: Final = select(EVENTS).where(EVENTS.c.stream == bindparam("named")).order_by(EVENTS.c.seq)
_OF_KIND: Final = _OF_STREAM.where(EVENTS.c.kind == bindparam("of_kind"))
_MENTIONING: Final = _OF_KIND.where(EVENTS.c.body.like(bindparam("mention"), escape="/"))


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its place in its stream."""

    seq: int
    at: datetime
    event: Event
    hash: str


class Events:
    """The ledger's streams of events; a stream is named by its cycle's id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, stream: str, event: Event, now: datetime) -> StoredEvent:
        """Write the event at the end of the stream; durable on return. Threads and processes may append at once.

        Raises:
            ValueError: a number in the event is not finite.
            LedgerUnavailable: the database cannot be written; the event is not in it.
        """
        body = canonical_fact(event)
        with self._database.writing() as connection:
            length, head = _end_of(connection, stream)
            link = forge(length + 1, stamp(now), event.kind, body, head)
            connection.execute(_WRITE, {"stream": stream, **link._asdict()})
            connection.execute(_MOVE_END, {"named": stream, "longer": link.seq, "newest": link.hash})
        return StoredEvent(link.seq, now, event, link.hash)

    def read(self, stream: str) -> list[StoredEvent]:
        """All events of the stream, oldest first; empty when there is no such stream.

        Raises:
            ConfigurationError: an event is no longer what any Perun wrote.
        """
        return [_stored(stream, link) for link in self._links(stream)]

    def verify(self, stream: str) -> str | None:
        """Where the stream's chain is first broken, in one line; None when it is whole."""
        fault = self.first_break(stream)
        return fault.why if fault else None

    def first_break(self, stream: str) -> Break | None:
        """The place where the stream's chain is first broken; None when it is whole."""
        with self._database.reading() as connection:
            chain = connection.execute(select(CHAINS).where(CHAINS.c.stream == stream)).one_or_none()
            links = _links(connection, stream)
        if chain is None:
            return Break(stream, 0, f"there is no chain {stream}")
        return first_break(stream, links, chain.length, chain.head)

    def streams(self) -> list[str]:
        """The name of every stream, sorted."""
        names = union(select(CHAINS.c.stream), select(EVENTS.c.stream))
        with self._database.reading() as connection:
            return sorted(connection.execute(names).scalars())

    def answer(self, stream: str, key: str) -> ModelAsked | None:
        """The last recorded call of a model with that key, whatever became of it; None when it was never made."""
        asked = self._mentioning(stream, "model.asked", key)
        return next((event for event in asked if isinstance(event, ModelAsked) and event.key == key), None)

    def tool_result(self, stream: str, key: str) -> ToolCalled | None:
        """The recorded call of a tool with that key; None when it was never made."""
        called = self._mentioning(stream, "tool.called", key)
        return next((event for event in called if isinstance(event, ToolCalled) and event.key == key), None)

    def clearance(self, stream: str, client_order_id: str) -> Verdict | None:
        """The last recorded verdict that cleared the order; None when none did."""
        given = (
            event.verdict for event in reversed(self.of_kind(stream, "verdict")) if isinstance(event, VerdictGiven)
        )
        return next((each for each in given if each.terms and each.terms.client_order_id == client_order_id), None)

    def of_kind(self, stream: str, kind: str) -> list[Event]:
        """The stream's events of one kind, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_OF_KIND, {"named": stream, "of_kind": kind}).all()
        return [_stored(stream, _link(row)).event for row in rows]

    def lengths(self) -> dict[str, int]:
        """How many events each stream holds."""
        with self._database.reading() as connection:
            rows = connection.execute(select(CHAINS.c.stream, CHAINS.c.length)).all()
        return {row.stream: row.length for row in rows}

    def after(self, stream: str, seq: int, kinds: Sequence[str]) -> list[StoredEvent]:
        """The stream's events of these kinds that stand behind that place, oldest first."""
        query = select(EVENTS).where(EVENTS.c.stream == stream, EVENTS.c.seq > seq, EVENTS.c.kind.in_(kinds))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(EVENTS.c.seq)).all()
        return [_stored(stream, _link(row)) for row in rows]

    def _mentioning(self, stream: str, kind: str, key: str) -> Iterator[Event]:
        """The stream's events of that kind in which the key stands somewhere, latest first."""
        # The text search only spares parsing; what counts is the key inside the event.
        mention = re.sub("[/%_]", r"/\g<0>", canonical({"key": key})[1:-1])
        wanted = {"named": stream, "of_kind": kind, "mention": f"%{mention}%"}
        with self._database.reading() as connection:
            rows = connection.execute(_MENTIONING, wanted).all()
        return (_stored(stream, _link(row)).event for row in reversed(rows))

    def _links(self, stream: str) -> list[Link]:
        with self._database.reading() as connection:
            return _links(connection, stream)


def _end_of(connection: Connection, stream: str) -> tuple[int, str]:
    """The chain's length and head, held against other writers until the transaction ends."""
    if (row := connection.execute(_END, {"named": stream}).one_or_none()) is None:
        insert_new(connection, CHAINS, {"stream": stream, "length": 0, "head": genesis(stream)})
        row = connection.execute(_END, {"named": stream}).one()
    return row.length, row.head


def _links(connection: Connection, stream: str) -> list[Link]:
    return [_link(row) for row in connection.execute(_OF_STREAM, {"named": stream})]


def _link(row: Row[tuple[str, ...]]) -> Link:
    return Link(row.seq, row.at, row.kind, row.body, row.prev_hash, row.hash)


def _stored(stream: str, link: Link) -> StoredEvent:
    try:
        event = EVENT.validate_python(parse(link.body))
        return StoredEvent(link.seq, datetime.fromisoformat(link.at), event, link.hash)
    except (ValidationError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"event {link.seq} of {stream} cannot be read: restore the ledger from a backup"
        ) from error
