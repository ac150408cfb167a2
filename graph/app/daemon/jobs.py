"""What is due beside trading: outcomes, reviews. Each job says when; a missed one may be caught up with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from perun.graph.app.daemon.shift import Shift

LATE: Final = timedelta(minutes=15)
"""A job that is not back-filled is left out when it could not begin within so long."""


@dataclass(frozen=True)
class Errand:
    """What a job is done with."""

    shift: Shift
    wait: Callable[[float], bool]
    """Wait so many seconds, or until the daemon is to end: True then."""


@dataclass(frozen=True)
class Job:
    """Something to be done at its times."""

    name: str
    last_due: Callable[[datetime], datetime | None]
    """From an instant to the latest one at or before it at which the job is due; None when there was none."""
    run: Callable[[Errand], str]
    """Does it, and says in one line what came of it. Called again after a crash, and after an `Unavailable`."""
    is_backfilled: bool = True
    """Whether the latest time that was missed is caught up with. Never more than one: they would all do the same."""
    is_long: bool = False
    """Whether a live market does not wait for it: it is done beside trading, in a thread of its own."""
    on_recorded_days: bool = True
    """Whether it is due on recorded days as well."""


JOBS: Final[list[Job]] = []
"""What this process's daemon sees to."""


def hang(*jobs: Job) -> None:
    """Have the daemon see to these jobs and to no others."""
    JOBS[:] = jobs


def due(now: datetime, *, is_recorded: bool) -> Iterator[tuple[Job, datetime]]:
    """Jobs that may have to begin now, and the instant for which; what was done already, durable work knows."""
    for job in JOBS:
        at = job.last_due(now) if job.on_recorded_days or not is_recorded else None
        if at is not None and (job.is_backfilled or now - at <= LATE):
            yield job, at


def find(name: str) -> Job:
    """The job of that name.

    Raises:
        KeyError: there is none.
    """
    return {job.name: job for job in JOBS}[name]
