"""The ledger for those who only look: found by any name, listed by what is asked for, and never written to."""

from typing import Any, Self

from sqlalchemy import ColumnElement, Select, func, select, true

from perun.graph.ledger.cycles import Cycle, Cycles, of_day
from perun.graph.ledger.database import Database
from perun.graph.ledger.events import Events, StoredEvent
from perun.graph.ledger.schema import CHAINS, CYCLES, EVENTS, INTENTS
from perun.graph.ledger.wanted import LATEST, Wanted


class Archive:
    """Reads one database. Closes itself at the end of a `with` block."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = Cycles(database)
        self.events = Events(database)

    def cycle(self, name: str) -> Cycle | None:
        """The cycle with that id, or the newest with that slot; a day alone means its newest."""
        own = CYCLES.c.account.in_(self.accounts())
        asked = (CYCLES.c.cycle_id == name, own & (CYCLES.c.slot == name), own & of_day(name))
        return next((cycle for each in asked if (cycle := self._newest(each)) is not None), None)

    def newest(self) -> Cycle | None:
        """The cycle that decided last."""
        return self._newest(true())

    def order(self, client_order_id: str) -> tuple[str, str] | None:
        """Cycle id and symbol of the order with that client order id."""
        named = INTENTS.c.account.in_(self.accounts()) & (INTENTS.c.client_order_id == client_order_id)
        with self._database.reading() as connection:
            row = connection.execute(select(INTENTS.c.cycle_id, INTENTS.c.symbol).where(named)).first()
        return (row.cycle_id, row.symbol) if row else None

    def accounts(self) -> list[str]:
        """Every account that ever ran a cycle."""
        with self._database.reading() as connection:
            return list(connection.execute(select(CYCLES.c.account).distinct()).scalars())

    def cycles(self, wanted: Wanted) -> list[Cycle]:
        """The cycles that are asked for, the latest first."""
        return self._read(wanted.question())

    def streams(self) -> list[str]:
        """Every stream that there is, or ought to be because a cycle of that name ended."""
        ended = select(CYCLES.c.cycle_id).where(CYCLES.c.state == "FINISHED")
        names = select(CHAINS.c.stream).union(select(EVENTS.c.stream), ended)
        with self._database.reading() as connection:
            return sorted(connection.execute(names).scalars())

    def read(self, stream: str) -> list[StoredEvent]:
        """All events of the stream, oldest first."""
        return self.events.read(stream)

    def length(self, stream: str) -> int:
        """How many events the stream's chain says that it has."""
        with self._database.reading() as connection:
            return (
                connection.execute(select(CHAINS.c.length).where(CHAINS.c.stream == stream)).scalar_one_or_none() or 0
            )

    def size(self, stream: str) -> int:
        """Bytes of the stream's events, as they are written."""
        total = select(func.sum(func.length(EVENTS.c.body))).where(EVENTS.c.stream == stream)
        with self._database.reading() as connection:
            return connection.execute(total).scalar_one_or_none() or 0

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _newest(self, condition: ColumnElement[bool]) -> Cycle | None:
        return next(iter(self._read(select(CYCLES.c.cycle_id).where(condition).order_by(*LATEST).limit(1))), None)

    def _read(self, ids: Select[Any]) -> list[Cycle]:
        # Ids first: a row with its result is long, and to sort so many of them takes longer than to look some up.
        with self._database.reading() as connection:
            found = connection.execute(ids).scalars().all()
        return [cycle for id_ in found if (cycle := self._rows.by_id(id_))]
