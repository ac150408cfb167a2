"""A daemon on duty: it has looked at the desk, goes on with what was interrupted, and takes slots and jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from perun.graph.app.daemon import jobs
from perun.graph.app.daemon.executors import durable_url, executor, is_shared, orphans
from perun.graph.app.daemon.lifeline import Lifeline, beating
from perun.graph.app.daemon.shift import NOT_DONE, Care, Shift
from perun.graph.app.daemon.stopping import Stopping, heeding
from perun.graph.app.daemon.tally import Tally
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.durable import Durable, open_durable
from perun.graph.app.reading import notify_socket
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder
from perun.tools.domain.clock import Clock, SystemClock

HEARTBEAT: Final = "heartbeat.json"
_LOOK_SECONDS: Final = 0.1
_SYSTEM: Final = SystemClock()


@dataclass
class Duty:
    """What a daemon works with."""

    settings: Settings
    shift: Shift
    durable: Durable
    executor: str
    lifeline: Lifeline
    stopping: Stopping
    tell: Tell
    tally: Tally

    @property
    def between_cares(self) -> timedelta:
        """How often orders, stops and marks are seen to."""
        return timedelta(minutes=self.settings.housekeeping_minutes)

    def go_on(self, waiting: tuple[str, ...]) -> None:
        """Go on with what was interrupted: durable work that nobody does any more, and these slots of the ledger."""
        self._take_over()
        for slot in waiting:
            if self.stopping.is_asked:
                return
            self.tell("resuming", f"{slot} was interrupted: going on with it", slot=slot)
            self.take(slot)

    def take(self, slot: str) -> dict[str, Any]:
        """Carry the slot out in this thread; what is done already is reported as a duplicate."""
        id = self._open_again(slot)
        was_done = self.durable.has_ended(id)
        self.lifeline.turn_to("carrying", slot=slot)
        return self._counted(slot, self.durable.carry(id, "slot", slot, ""), was_done)

    def hand_on(self, slot: str, due: datetime) -> dict[str, Any]:
        """Have this process or a worker carry the slot out, and wait for what comes of it."""
        id = self._open_again(slot)
        was_done = self.durable.has_ended(id)
        self.lifeline.turn_to("carrying", slot=slot)
        self.durable.enqueue(id, "slot", slot, due.isoformat())
        while (document := self.durable.outcome(id)) is None:
            self.stopping.pause(_LOOK_SECONDS)
        return self._counted(slot, document, was_done)

    def see_to_jobs(self, now: datetime) -> None:
        """Do what is due beside trading; each time of a job once."""
        for job, at in jobs.due(now):
            id = f"job:{self.tally.account}:{job.name}:{at.isoformat()}"
            if not self.durable.is_known(id) and not self.stopping.is_asked:
                self.lifeline.turn_to("job", job=job.name)
                said = self.durable.carry(id, "job", job.name, "")
                self.tell("job", f"{job.name}: {said['said']}", job=job.name)

    def note_missed(self, slot: str, reason: str) -> None:
        """Note and say, once, that a slot was not traded."""
        if self.shift.note_missed(slot, reason):
            self.tally.missed.append(slot)
            self.tell("missed", f"{slot} is left out: {reason}", slot=slot, reason=reason)

    def _take_over(self) -> None:
        """Wait until everything is done that a process of this name, or a dead one of this machine, had begun."""
        if not is_shared(self.settings):  # a file is this machine's: whoever is not alive here is dead
            for name in orphans(self.settings, self.durable.begun()):
                self.durable.adopt(name)
        while self.durable.begun(self.executor) and not self.stopping.wait(_LOOK_SECONDS):
            self.lifeline.doing = "resuming"

    def _open_again(self, slot: str) -> str:
        """The id of the slot's work; work that ended without its cycle having come to its end may begin anew."""
        id = f"cycle:{self.tally.account}:{slot}"
        if self.durable.has_ended(id) and not self.shift.is_finished(slot):
            self.durable.forget(id)
        return id

    def _counted(self, slot: str, document: dict[str, Any], was_done: bool) -> dict[str, Any]:
        if was_done:
            document = {**document, "outcome": "duplicate"}
        if document["outcome"] in NOT_DONE:
            self.durable.forget(f"cycle:{self.tally.account}:{slot}")
        self.tally.count(slot, document)
        orders = len(document.get("orders", ()))
        self.tell("cycle", _line(slot, document), slot=slot, outcome=document["outcome"], orders=orders)
        return document


@contextmanager
def on_duty(settings: Settings, role: str, tell: Tell, clock: Clock = _SYSTEM) -> Iterator[tuple[Duty, Care]]:
    """Reconcile, or stay HALTED; then join those who share the work.

    Raises:
        Unavailable: broker or ledger do not answer.
        ConfigurationError: something in settings or on disk cannot be used.
    """
    shift = Shift(settings, clock)
    beat = data_folder(settings) / "var" / (HEARTBEAT if role == "schedule" else f"heartbeat-{role}.json")
    patience = 2 * settings.cycle_deadline_seconds + 300
    line = Lifeline(beat, clock, patience, notify_socket())
    with executor(settings, role) as name, heeding(settings.stop_grace_seconds, tell) as stopping:
        reading = shift.read()
        tally = Tally(reading.account, reading.mode)
        line.facts |= {"executor": name, "role": role, "account": reading.account, "since": clock.now().isoformat()}
        with beating(line, settings.health_port):
            care = shift.care()
            if care.trading_state != "ACTIVE":
                tell("state", f"{care.trading_state}: {care.reason}", state=care.trading_state)
            with open_durable(durable_url(settings), name, _Carrier(shift)) as durable:
                yield Duty(settings, shift, durable, name, line, stopping, tell, tally), care


@dataclass(frozen=True)
class _Carrier:
    """Does what durable work asks for."""

    shift: Shift

    def __call__(self, kind: str, name: str, due: str) -> dict[str, Any]:
        if kind == "slot":
            return self.shift.carry(name, due)
        return {"said": jobs.find(name).run(self.shift.settings)}


def _line(slot: str, document: dict[str, Any]) -> str:
    orders = ", ".join(
        f"{row['side']} {row['qty']} {row['symbol']} {row['status']}"
        for row in document.get("orders", ())
        if row["type"] != "stop"
    )
    errors = f" ({document['errors'][0]})" if document["errors"] else ""
    return f"{slot} {document['outcome']}{f': {orders}' if orders else ''}{errors}"
