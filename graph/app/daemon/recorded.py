"""The daemon on recorded days: the same schedule, one session after another, as fast as is asked."""

from datetime import date
from typing import Any, Final

from perun.graph.app.daemon.duty import Duty
from perun.graph.app.daemon.shift import NOT_DONE
from perun.tools.domain.clock import stopwatch
from perun.tools.domain.errors import Unavailable

FOREVER: Final = 10**9
_RETRY_SECONDS: Final = 2.0


def play(duty: Duty, seconds: float, cycles: int | None, until: date | None) -> None:
    """Take sessions from where the account stands, each in so many seconds, until told to end.

    A recorded session has one cycle, for the market moves on with it: at the last moment that the schedule names. Where
    machines share a database its slot is handed on to whoever is free, and a database that is away is waited for.
    """
    left = FOREVER if cycles is None else cycles
    while left > 0:
        if duty.stopping.is_asked:
            duty.tally.ended = "stopped"
            return
        began = stopwatch()
        try:
            taken = _session(duty, until)
        except Unavailable as error:
            if not duty.is_shared:
                raise
            duty.tell("unavailable", f"{error}; trying again")
            duty.stopping.wait(_RETRY_SECONDS)
            continue
        if not taken:
            return
        left -= taken
        duty.lifeline.turn_to("waiting")
        duty.stopping.wait(max(0.0, seconds - (stopwatch() - began)))


def _session(duty: Duty, until: date | None) -> int:
    """One session; 0 when there is none any more, or the desk may not go on."""
    reading = duty.shift.read()
    now = reading.clock.now
    if not reading.clock.is_open:
        duty.tally.ended = "recording ended"
        return 0
    if until is not None and now.date() > until:
        return 0
    duty.see_to_jobs(now)
    slot = duty.shift.recorded_slot(now)
    if slot is None:
        duty.shift.pass_session(now)
        return 1
    document = _shared(duty, slot) if duty.is_shared else duty.take(slot)
    if document["outcome"] in NOT_DONE:
        duty.tally.ended = document["outcome"]
        return 0
    if document["outcome"] == "duplicate" and duty.shift.read().clock.now == now:
        duty.shift.pass_session(now)
    return 1


def _shared(duty: Duty, slot: str) -> dict[str, Any]:
    """What came of a slot that is handed on; when the database went away meanwhile it is gone on with afterwards."""
    while True:
        try:
            document = duty.hand_on(slot, None)
        except Unavailable as error:
            document = {"outcome": "unavailable", "errors": [str(error)]}
        if document["outcome"] != "unavailable" or duty.stopping.wait(_RETRY_SECONDS):
            return document
        duty.tell("unavailable", f"{slot}: trying again")
