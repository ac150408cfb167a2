"""The daemon on a live market: it waits for the exchange's next moment, and looks after the desk meanwhile."""

from datetime import date, datetime, timedelta
from typing import Final

from perun.graph.app.daemon.duty import Duty
from perun.graph.app.daemon.shift import LATE, Reading
from perun.tools.domain.clock import Clock, stopwatch
from perun.tools.domain.errors import PerunError, Unavailable
from perun.tools.market.schedule import Moment

_LONGEST_WAIT: Final = timedelta(seconds=30)
"""The wall clock is looked at so often: it may have been set."""
_JUMP: Final = timedelta(seconds=5)
_SKEW_SECONDS: Final = 5
_RETRY_SECONDS: Final = 10
_SILENT: Final = "the broker did not answer"
_ROOM_FOR_JOBS: Final = timedelta(minutes=5)
"""So shortly before a moment no job is begun."""
_LONGEST_ABSENCE: Final = timedelta(days=30)
"""Of an older absence no slots are told."""


class Watch:
    """Follows the wall clock from moment to moment."""

    def __init__(self, duty: Duty, clock: Clock, seen: datetime | None) -> None:
        """`seen` is up to when a former daemon had dealt with moments; None when there was none."""
        now = clock.now()
        self._duty, self._clock = duty, clock
        self._seen = max(min(seen or now, now), now - _LONGEST_ABSENCE)
        self._cared: datetime | None = None
        self._expected = (now, stopwatch())

    def keep(self, cycles: int | None, until: date | None) -> None:
        """Watch until told to end, or so many slots were taken, or that day is over."""
        duty = self._duty
        while not duty.stopping.is_asked:
            now = self._now()
            try:
                self._deal_with_moments(now)
            except Unavailable as error:  # the moment is looked at again: it is taken while it is young, then missed
                duty.tell("unavailable", f"{error}; trying again")
                duty.stopping.wait(_RETRY_SECONDS)
                continue
            taken = sum(duty.tally.slots.values())
            if (cycles is not None and taken >= cycles) or (until is not None and now.date() > until):
                return
            self._look_after(now)
            due = duty.shift.timetable.after(self._seen)
            duty.lifeline.turn_to("waiting", next_slot=due.slot, next_at=due.at.isoformat())
            duty.stopping.wait(max(0.0, min(due.at - self._clock.now(), _LONGEST_WAIT).total_seconds()))
        duty.tally.ended = "stopped"

    def _now(self) -> datetime:
        """The wall clock; when it was set, moments are planned anew from there."""
        now, (then, ticks) = self._clock.now(), self._expected
        jumped = (now - then) - timedelta(seconds=stopwatch() - ticks)
        if abs(jumped) > _JUMP:
            self._duty.tell("clock", f"the clock was set by {jumped.total_seconds():+.0f} seconds: planning anew")
        if now < self._seen - _JUMP:
            self._see(now)
        self._expected = now, stopwatch()
        return now

    def _deal_with_moments(self, now: datetime) -> None:
        duty = self._duty
        for moment in list(duty.shift.timetable.between(self._seen, now)):
            if duty.stopping.is_asked:
                return  # it is dealt with by the next daemon, or told as missed
            if now - moment.at > LATE:
                if not duty.shift.is_recorded:  # recorded days wait for the desk
                    duty.note_missed(moment.slot, f"no daemon was there at {moment.at:%Y-%m-%d %H:%M} UTC")
            elif not self._take(moment):
                return
            self._see(moment.at)
        self._see(max(self._seen, now))

    def _take(self, moment: Moment) -> bool:
        """Have its slot carried out, or note why it was not; False when the daemon is to end before that."""
        duty, why = self._duty, _SILENT
        while self._clock.now() - moment.at <= LATE:
            why, is_settled = self._tried(moment)
            if is_settled:
                break
            if duty.stopping.wait(_RETRY_SECONDS):
                return False
        if why and not duty.shift.is_recorded:
            duty.note_missed(moment.slot, why)
        return True

    def _tried(self, moment: Moment) -> tuple[str, bool]:
        """Why the slot was not carried out, empty when it was; and whether to leave it at that."""
        duty = self._duty
        try:
            reading = duty.shift.read()
        except Unavailable as error:
            duty.tell("broker", str(error))
            return _SILENT, False
        self._check_clock(reading)
        market = reading.clock
        if not market.is_open:
            why = f"the broker says that the market is closed until {market.next_open:%Y-%m-%d %H:%M} UTC"
            return why, market.next_open - market.now > LATE  # else this machine's clock is a little ahead
        try:
            document = duty.hand_on(*self._slot(moment, reading))
        except Unavailable:
            raise
        except PerunError as error:  # on whichever machine: the desk is looked after all the same
            duty.tell("error", f"{moment.slot} cannot be carried out: {error}", slot=moment.slot)
            return str(error), True
        outcome = document["outcome"]
        return document["errors"][0] if outcome in ("unavailable", "missed") else "", outcome != "unavailable"

    def _slot(self, moment: Moment, reading: Reading) -> tuple[str, datetime]:
        """On recorded days the moment is the wall's, and the slot the recorded session's."""
        shift = self._duty.shift
        recorded = shift.recorded_slot(reading.clock.now) if shift.is_recorded else None
        return recorded or moment.slot, moment.at

    def _check_clock(self, reading: Reading) -> None:
        skew = reading.skew_seconds
        if skew is not None and abs(skew) > _SKEW_SECONDS:
            self._duty.tell("clock", f"this machine's clock is {skew:+.0f} seconds off the broker's", skew=skew)

    def _look_after(self, now: datetime) -> None:
        """Between cycles: orders, stops, marks and jobs, every so often."""
        duty = self._duty
        if self._cared is not None and timedelta(0) <= now - self._cared < duty.between_cares:
            return
        self._cared = now
        duty.lifeline.turn_to("housekeeping")
        try:
            self._check_clock(duty.shift.read())
            care = duty.shift.care()
            for line in care.findings:
                duty.tell("housekeeping", line)
            duty.go_on(care.unfinished)
        except PerunError as error:
            duty.tell("housekeeping", f"not done: {error}")
        if duty.shift.timetable.after(now).at - now > _ROOM_FOR_JOBS:
            try:
                duty.see_to_jobs(now)
            except Unavailable as error:
                duty.tell("job", f"none is begun now: {error}")
        duty.herald.cry()

    def _see(self, instant: datetime) -> None:
        """Moments up to there are dealt with; the heartbeat keeps it for the next daemon."""
        self._seen = instant
        self._duty.lifeline.facts["seen"] = instant.isoformat()
