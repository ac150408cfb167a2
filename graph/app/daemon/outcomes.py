"""The job *outcomes*: after a session's close, what followed earlier decisions, lessons, and what memory lets go.

A cycle does all this at its start; the job is for the evening after the last one, and for days without any.
"""

from datetime import datetime, timedelta
from typing import Final

from perun.graph.app.daemon.jobs import Errand, Job
from perun.graph.cycle import see_to_outcomes
from perun.tools.market.schedule import Schedule
from perun.tools.market.timetable import Timetable

_CLOSES: Final = Timetable(Schedule("close-0m"))
_AFTER: Final = timedelta(hours=1)
"""From a session's close until its bars are taken to be final."""
_BACK: Final = timedelta(days=15)


def outcomes() -> Job:
    """The job; on recorded days every session has its cycle, and there is nothing left to do."""
    return Job("outcomes", last_due, _run, on_recorded_days=False)


def last_due(now: datetime) -> datetime | None:
    """An hour after the latest close."""
    closes = list(_CLOSES.between(now - _BACK, now - _AFTER))
    return closes[-1].at + _AFTER if closes else None


def _run(errand: Errand) -> str:
    with errand.shift.floor() as floor:
        last = floor.hand.ledger.cycles.last(floor.account)
        closed = last_due(floor.book.clock().now)
        if last is None or closed is None:
            return "no decision was made yet"
        if last.as_of >= closed - _AFTER:
            return f"the cycle {last.slot} saw to it"
        see_to_outcomes(floor, f"outcomes:{floor.account}:{closed.date()}", last.symbols)
        return f"memory knows the session of {closed.date()}"
