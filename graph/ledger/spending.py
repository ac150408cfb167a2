"""What models cost, summed from the record: in one cycle, and on one day."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, bindparam, select

from perun.graph.ledger.database import Database
from perun.graph.ledger.notation import parse, stamp
from perun.graph.ledger.schema import CHAINS, EVENTS
from perun.tools.domain.events import Usage

_DAY: Final = timedelta(days=1)
_ASKED: Final = select(EVENTS.c.body).where(EVENTS.c.kind == "model.asked")
_OF_STREAM: Final = _ASKED.where(EVENTS.c.stream == bindparam("named"))
# Only streams that were written to since are read: without that, each cycle would read the events of all before it.
_LAST: Final = EVENTS.alias("last_event")
_ENDED: Final = select(_LAST.c.at).where(_LAST.c.stream == CHAINS.c.stream, _LAST.c.seq == CHAINS.c.length)
_LIVELY: Final = select(CHAINS.c.stream).where(_ENDED.scalar_subquery() >= bindparam("lively"))
_BETWEEN: Final = _ASKED.where(
    EVENTS.c.stream.in_(_LIVELY), EVENTS.c.at >= bindparam("begins"), EVENTS.c.at < bindparam("ends")
)


class Spending:
    """The ledger's sums over every question that was put to a model, answered or not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, stream: str) -> Usage:
        """What one cycle's questions cost so far."""
        return self._sum(_OF_STREAM, named=stream)

    def on_day_of(self, instant: datetime) -> Usage:
        """What all questions cost that were recorded on that UTC day, whichever cycle asked them."""
        midnight = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        # A day's margin: a clock that was set back hides no stream.
        lively = stamp(midnight - _DAY)
        return self._sum(_BETWEEN, lively=lively, begins=stamp(midnight), ends=stamp(midnight + _DAY))

    def _sum(self, query: Select[Any], **named: str) -> Usage:
        with self._database.reading() as connection:
            return _total(connection.execute(query, named).scalars())


def _total(bodies: Iterable[str]) -> Usage:
    return sum((Usage.model_validate(parse(body)["usage"]) for body in bodies), Usage())
