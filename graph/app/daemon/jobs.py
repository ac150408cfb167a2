"""What is due beside trading: reviews, labels, backups. Each job says when; a missed one may be caught up with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from perun.graph.app.settings import Settings

LATE: Final = timedelta(minutes=15)
"""A job that is not back-filled is left out when it could not begin within so long."""


@dataclass(frozen=True)
class Job:
    """Something to be done at its times."""

    name: str
    last_due: Callable[[datetime], datetime | None]
    """From an instant to the latest one at or before it at which the job is due; None when there was none."""
    run: Callable[[Settings], str]
    """Does it, and says in one line what came of it. Called again after a crash."""
    is_backfilled: bool = True
    """Whether the latest time that was missed is caught up with. Never more than one: they would all do the same."""


JOBS: Final[list[Job]] = []
"""What the daemon sees to. A job is hung here where it is defined, and imported by `graph/app/commands/schedule.py`."""


def due(now: datetime) -> Iterator[tuple[Job, datetime]]:
    """Jobs that may have to begin now, and the instant for which; what was done already, durable work knows."""
    for job in JOBS:
        at = job.last_due(now)
        if at is not None and (job.is_backfilled or now - at <= LATE):
            yield job, at


def find(name: str) -> Job:
    """The job of that name.

    Raises:
        KeyError: there is none.
    """
    return {job.name: job for job in JOBS}[name]
