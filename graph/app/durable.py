"""Work that outlives its process: one DBOS workflow for each slot and job; the only file that knows DBOS."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from dbos import DBOS, DBOSClient, SetWorkflowID

Document = dict[str, Any]
"""What came of a piece of work, as JSON."""

_QUEUE: Final = "cycles"
_VERSION: Final = "perun-1"
"""Of the workflows' shape, not of Perun: a newer Perun goes on with what an older one began."""
_ENDED: Final = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_BEGUN: Final = "PENDING"
_LOOK_SECONDS: Final = 0.2


class Carrier(Protocol):
    """Does one piece of work; called again after a crash, it goes on where the last call stood."""

    def __call__(self, kind: str, name: str, due: str) -> Document:
        """Carry out the slot or the job of that name, due at that instant; empty when any time will do."""
        ...


@dataclass(frozen=True)
class Work:
    """A piece of work that has not ended, and the executor that has begun it; None while it waits for one."""

    id: str
    executor: str | None


class Durable:
    """Begins, repeats and hands over pieces of work; each id is carried out once."""

    def carry(self, id: str, kind: str, name: str, due: str) -> Document:
        """Carry it out in this thread, or report what came of it when it was carried out before.

        Work that another thread or process has begun is waited for.
        """
        with SetWorkflowID(id):
            return _carried(kind, name, due)

    def enqueue(self, id: str, kind: str, name: str, due: str) -> None:
        """Have this or another process carry it out. A second time changes nothing."""
        with SetWorkflowID(id):
            DBOS.enqueue_workflow(_QUEUE, _carried, kind, name, due)

    def outcome(self, id: str) -> Document | None:
        """What came of the work; None while it waits or lasts, or when there is none of that id.

        Raises:
            Exception: what it ended with.
        """
        if not self.has_ended(id):
            return None
        return cast(Document, DBOS.retrieve_workflow(id).get_result(polling_interval_sec=_LOOK_SECONDS))

    def has_ended(self, id: str) -> bool:
        """True when the work came to an end, good or bad."""
        status = DBOS.get_workflow_status(id)
        return status is not None and status.status in _ENDED

    def is_known(self, id: str) -> bool:
        """True when the work waits, lasts or has ended."""
        return DBOS.get_workflow_status(id) is not None

    def forget(self, id: str) -> None:
        """Let the work be done anew under its id. For work that ended without having been done."""
        DBOS.delete_workflow(id)

    def begun(self, executor: str | None = None) -> list[Work]:
        """What executors have begun and not ended; of all executors, or of one."""
        return [work for work in _unended(DBOS.list_workflows) if work.executor and executor in (None, work.executor)]

    def adopt(self, executor: str) -> list[str]:
        """Take over what that executor has begun: the ids. Only for one that is known to be dead."""
        handles = DBOS._recover_pending_workflows([executor])
        return [handle.get_workflow_id() for handle in handles]


def begun_work(url: str) -> list[Work]:
    """What executors have begun and not ended, without becoming one of them."""
    client = DBOSClient(system_database_url=url)
    try:
        return [work for work in _unended(client.list_workflows) if work.executor]
    finally:
        client.destroy()


@contextmanager
def open_durable(url: str, executor: str, carrier: Carrier) -> Iterator[Durable]:
    """Join the executors of that database. What this executor left begun is gone on with, in the background.

    Only one process at a time may go by the name of an executor, and a process may join once at a time.
    """
    global _carrier
    _carrier = carrier
    _quiet()
    DBOS(
        config={
            "name": "perun",
            "system_database_url": url,
            "executor_id": executor,
            "application_version": _VERSION,
            "console_log_level": "CRITICAL",
            "enable_otlp": False,
            "scheduler_polling_interval_sec": 3600.0,
        }
    )
    try:
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=1, polling_interval_sec=1.0)
        yield Durable()
    finally:
        DBOS.destroy()
        _carrier = None


_carrier: Carrier | None = None
"""Who does the work in this process. DBOS finds its workflows in a module, by name: nothing can be handed to them."""


@DBOS.workflow(name="carry")
def _carried(kind: str, name: str, due: str) -> Document:
    return _once(kind, name, due)


@DBOS.step(name="carry-once")
def _once(kind: str, name: str, due: str) -> Document:
    if _carrier is None:
        raise RuntimeError("nobody is there to do the work: open_durable comes first")
    return _carrier(kind, name, due)


def _unended(list_workflows: Callable[..., list[Any]]) -> list[Work]:
    rows = list_workflows(status=[_BEGUN, "ENQUEUED"], load_input=False, load_output=False)
    return [Work(row.workflow_id, row.executor_id if row.status == _BEGUN else None) for row in rows]


def _quiet() -> None:
    """DBOS speaks of itself when it starts."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
