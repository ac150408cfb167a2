"""What durable work asks of a process: a slot's cycle or a job, carried out; a worker tells of each by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from perun.graph.app.daemon import jobs
from perun.graph.app.daemon.lifeline import Lifeline
from perun.graph.app.daemon.shift import Shift
from perun.graph.app.daemon.tally import Tally
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.work import Carrier
from perun.tools.domain.errors import PerunError, Unavailable


@dataclass(frozen=True)
class DutyCarrier:
    """For the daemon, which hands work on and tells itself what came of it."""

    shift: Shift
    wait: Callable[[float], bool]
    """Wait so many seconds, or until the process is to end: True then."""

    def __call__(self, kind: str, name: str, due: str) -> dict[str, Any]:
        """Carry it out."""
        if kind == "slot":
            return self.shift.carry(name, due)
        return self._job(name)

    def _job(self, name: str) -> dict[str, Any]:
        """What came of the job; `again` when it only was not possible now."""
        try:
            return {"said": jobs.find(name).run(jobs.Errand(self.shift, self.wait))}
        except Unavailable as error:
            return {"said": f"not done now: {error}", "again": True}
        except PerunError as error:
            return {"said": f"not done: {error}"}


@dataclass(frozen=True)
class WorkerCarrier:
    """For a worker, to whom work comes in the background."""

    duty: Carrier
    lifeline: Lifeline
    tally: Tally
    tell: Tell

    def __call__(self, kind: str, name: str, due: str) -> dict[str, Any]:
        """Carry it out, count it and tell what came of it."""
        self.lifeline.turn_to("carrying", work=name)
        try:
            document = self.duty(kind, name, due)
        finally:
            self.lifeline.turn_to("waiting", work=None)
        if kind == "slot":
            self.tally.count(name, document)
            told_cycle(self.tell, name, document)
        else:
            self.tell("job", f"{name}: {document['said']}", job=name)
        return document


def told_cycle(tell: Tell, slot: str, document: dict[str, Any]) -> None:
    """Tell how a slot ended."""
    orders = document.get("orders", ())
    words = ", ".join(
        f"{row['side']} {row['qty']} {row['symbol']} {row['status']}" for row in orders if row["type"] != "stop"
    )
    errors = f" ({document['errors'][0]})" if document["errors"] else ""
    line = f"{slot} {document['outcome']}{f': {words}' if words else ''}{errors}"
    id = document.get("cycle_id")  # none for a slot that no cycle was begun for
    tell("cycle", line, slot=slot, cycle_id=id, outcome=document["outcome"], orders=len(orders))
