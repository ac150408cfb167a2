"""What models cost, summed from the record: in one cycle, and on one day."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, select

from perun.graph.ledger.database import Database
from perun.graph.ledger.notation import parse, stamp
from perun.graph.ledger.schema import EVENTS
from perun.tools.domain.events import Usage


class Spending:
    """The ledger's sums over every question that was put to a model, answered or not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, stream: str) -> Usage:
        """What one cycle's questions cost so far."""
        return self._sum(EVENTS.c.stream == stream)

    def on_day_of(self, instant: datetime) -> Usage:
        """What all questions cost that were recorded on that UTC day, whichever cycle asked them."""
        midnight = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        next_midnight = midnight + timedelta(days=1)
        return self._sum((EVENTS.c.at >= stamp(midnight)) & (EVENTS.c.at < stamp(next_midnight)))

    def _sum(self, condition: ColumnElement[bool]) -> Usage:
        query = select(EVENTS.c.body).where(EVENTS.c.kind == "model.asked", condition)
        with self._database.reading() as connection:
            return _total(connection.execute(query).scalars())


def _total(bodies: Iterable[str]) -> Usage:
    return sum((Usage.model_validate(parse(body)["usage"]) for body in bodies), Usage())
