"""A daemon on duty: it has looked at the desk, goes on with what was interrupted, and takes slots and jobs.

What ended without having been done keeps its record until somebody opens it again: other daemons may wait for it.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from threading import Thread
from typing import Any, Final

from perun.graph.app.daemon import jobs
from perun.graph.app.daemon.absence import Absence
from perun.graph.app.daemon.carrying import DutyCarrier, WorkerCarrier, told_cycle
from perun.graph.app.daemon.executors import durable_url, executor, in_a_file, is_shared, orphans
from perun.graph.app.daemon.herald import Herald, herald
from perun.graph.app.daemon.lifeline import HEARTBEAT, Lifeline, beating
from perun.graph.app.daemon.shift import Care, Shift
from perun.graph.app.daemon.stopping import Stopping, heeding
from perun.graph.app.daemon.tally import Tally
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.durable import Durable, open_durable
from perun.graph.app.reading import notify_socket
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder
from perun.graph.app.work import Carrier
from perun.graph.tenure import DeskTaken
from perun.tools.domain.clock import Clock, SystemClock
from perun.tools.domain.errors import Unavailable

_LOOK_SECONDS: Final = 0.1
_LAST_SECONDS: Final = 15.0
"""How long a job that is done beside trading may take to stop."""
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
    herald: Herald
    beside: Thread = field(default_factory=Thread)
    """Where a long job is done."""

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
            if self.is_shared:  # whoever began it may be gone: that is seen only by those who wait for it
                self.hand_on(slot, None)
            else:
                self.take(slot)

    def take(self, slot: str) -> dict[str, Any]:
        """Carry the slot out in this thread; what is done already is reported as a duplicate."""
        id = self._open_again(slot)
        was_done = self.durable.has_ended(id)
        self.lifeline.turn_to("carrying", slot=slot)
        return self._counted(slot, self.durable.carry(id, "slot", slot, ""), was_done)

    @property
    def is_shared(self) -> bool:
        """True when processes of other machines may share the work."""
        return is_shared(self.settings)

    def hand_on(self, slot: str, due: datetime | None) -> dict[str, Any]:
        """Have this process or a worker carry the slot out, and wait for what comes of it; without `due`, at any time.

        Raises:
            Unavailable: broker or ledger do not answer, and nothing was handed on.
        """
        id = self._open_again(slot)
        was_done = self.durable.has_ended(id)
        self.lifeline.turn_to("carrying", slot=slot)
        absence, moment = self._absence(), due.isoformat() if due else ""
        self.durable.enqueue(id, "slot", slot, moment)
        while (document := self.durable.outcome(id)) is None:
            self.stopping.pause(_LOOK_SECONDS)
            absence.look(id)
            if not self.durable.is_known(id):  # another daemon opened it again
                self.durable.enqueue(id, "slot", slot, moment)
        return self._counted(slot, document, was_done)

    def see_to_jobs(self, now: datetime) -> None:
        """Do what is due beside trading; each time of a job once. A live market does not wait for a long one."""
        for job, at in jobs.due(now, is_recorded=self.shift.is_recorded):
            id = f"job:{self.tally.account}:{job.name}:{at.isoformat()}"
            if self._is_settled(id) or self.stopping.is_asked:
                continue
            if self.shift.is_recorded or not job.is_long:
                self.lifeline.turn_to("job", job=job.name)
                self._do(job.name, id)
            elif not self.beside.is_alive():
                self.beside = Thread(target=self._do, args=(job.name, id), name=job.name, daemon=True)
                self.beside.start()

    def end_jobs(self) -> None:
        """Have a long job stop where it stands; the next daemon begins it anew."""
        if self.beside.is_alive():
            self.stopping.asked.set()
            self.beside.join(_LAST_SECONDS)

    def note_missed(self, slot: str, reason: str) -> None:
        """Note and say, once, that a slot was not traded."""
        if self.shift.note_missed(self.tally.account, slot, reason):
            self.tally.missed.append(slot)
            self.tell("missed", f"{slot} is left out: {reason}", slot=slot, reason=reason)
            self.herald.cry()

    def _do(self, job: str, id: str) -> None:
        """Do the job; one that something stood in the way of is begun anew at the next look."""
        try:
            said = self.durable.carry(id, "job", job, "")
        except Unavailable as error:
            said = {"said": f"not done now: {error}"}
        self.tell("job", f"{job}: {said['said']}", job=job)

    def _is_settled(self, id: str) -> bool:
        """True when somebody did the job, or is at it; one that was not possible then, whoever tried, is open again."""
        if self.durable.has_ended(id, well=True) and (self.durable.outcome(id) or {}).get("again"):
            self.durable.forget(id)
        return self.durable.is_known(id)

    def _take_over(self) -> None:
        """Wait until everything is done that a process of this name, or a dead one of this machine, had begun."""
        if not is_shared(self.settings):  # a file is this machine's: whoever is not alive here is dead
            for name in orphans(self.settings, self.durable.begun()):
                self.durable.adopt(name)
        absences = defaultdict[str, Absence](self._absence)
        while (ids := self._slots_in_hand()) and not self.stopping.wait(_LOOK_SECONDS):
            self.lifeline.doing = "resuming"
            for id in ids:
                absences[id].look(id)

    def _slots_in_hand(self) -> list[str]:
        """Slots that were begun under this executor's name; jobs are waited for by nobody."""
        return [work.id for work in self.durable.begun(self.executor) if work.id.startswith("cycle:")]

    def _absence(self) -> Absence:
        return Absence(self.settings, self.durable, self.tell, self.executor)

    def _open_again(self, slot: str) -> str:
        """The id of the slot's work; work that ended without its cycle having come to its end may begin anew."""
        id = f"cycle:{self.tally.account}:{slot}"
        if self.durable.has_ended(id) and not self.shift.is_finished(slot):
            self.durable.forget(id)
        return id

    def _counted(self, slot: str, document: dict[str, Any], was_done: bool) -> dict[str, Any]:
        if was_done:
            document = {**document, "outcome": "duplicate"}
        self.tally.count(slot, document)
        told_cycle(self.tell, slot, document)
        self.herald.cry()
        return document


@contextmanager
def on_duty(settings: Settings, role: str, tell: Tell, clock: Clock = _SYSTEM) -> Iterator[tuple[Duty, Care]]:
    """Reconcile, or stay HALTED; then join those who share the work.

    Raises:
        Unavailable: broker or ledger do not answer.
        ConfigurationError: something in settings or on disk cannot be used.
    """
    shift = Shift(settings, clock)
    patience = 2 * settings.cycle_deadline_seconds + 300
    with executor(settings, role, tell) as name, heeding(settings.stop_grace_seconds, tell) as stopping:
        reading = shift.read()
        tally = Tally(reading.account, reading.mode)
        line = Lifeline(_beat(settings, role, name), clock, patience, notify_socket())
        line.facts |= {"executor": name, "role": role, "account": reading.account, "since": clock.now().isoformat()}
        alone = role == "schedule"  # of several in one DATA_DIR only one tells people
        with (
            beating(line, settings.health_port),
            herald(settings, clock, tell, tally.account, tally.mode, is_on=alone) as crier,
        ):
            care = _cared(shift, role, stopping)
            if care.trading_state != "ACTIVE":
                tell("state", f"{care.trading_state}: {care.reason}", state=care.trading_state)
            carrier: Carrier = DutyCarrier(shift, stopping.wait)
            if role == "worker":
                carrier = WorkerCarrier(carrier, line, tally, tell)
            # Whatever the queue has given this process is done before it ends, or parked with the rest.
            finish = ceil(settings.stop_grace_seconds) + 1 if role == "worker" or is_shared(settings) else 0
            with open_durable(durable_url(settings), tally.account, name, carrier, finish) as durable:
                crier.cry()
                duty = Duty(settings, shift, durable, name, line, stopping, tell, tally, crier)
                try:
                    yield duty, care
                finally:
                    duty.end_jobs()


def _cared(shift: Shift, role: str, stopping: Stopping) -> Care:
    """Reconcile. A worker waits while others have the desk: it was called to take turns with them."""
    while True:
        try:
            return shift.care()
        except DeskTaken:
            if role == "schedule" or stopping.wait(1):
                raise


def _beat(settings: Settings, role: str, name: str) -> Path:
    """The heartbeat's file: one for the daemon of a DATA_DIR, and one for each worker by its name."""
    return data_folder(settings) / "var" / (HEARTBEAT if role == "schedule" else f"heartbeat-{in_a_file(name)}.json")
