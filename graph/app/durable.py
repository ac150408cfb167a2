"""Work that outlives its process: one DBOS workflow for each slot, job and evaluation; the only file that knows DBOS.

Slots and jobs of an account have a queue of their own, and evaluations another one under another name: an executor of
the one never sees the other, so no slot waits for an evaluation.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from dbos import DBOS, DBOSClient, SetWorkflowID, WorkflowStatus
from dbos import error as refusals

from perun.graph.app.work import Carrier, Document, Player, Work
from perun.graph.ledger.database import explaining
from perun.graph.ledger.postgres import Server, work_engine

_SHAPE: Final = "1"
"""Of the workflows, whichever Perun it is: a newer one goes on with what an older one began."""
_FAILED: Final = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_ENDED: Final = ("SUCCESS", *_FAILED)
_BEGUN: Final = "PENDING"
_WAITS: Final = "ENQUEUED"
_EVALUATIONS: Final = "perun-evaluations"
"""The crew that plays evaluations, whatever their account, and the queue in which these wait."""
_LOOK_SECONDS: Final = 0.2
_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Durable:
    """Begins, repeats and hands over pieces of work; each id is carried out once.

    Every method raises LedgerUnavailable when the database refuses: a file on a disk that is full.
    """

    _queue: str

    def carry(self, id: str, kind: str, name: str, due: str) -> Document:
        """Carry it out in this thread, or report what came of it when it was carried out before.

        Work that another thread or process has begun is waited for.
        """
        with SetWorkflowID(id), _answering():
            return _carried(kind, name, due)

    def enqueue(self, id: str, kind: str, name: str, due: str) -> None:
        """Have this or another process carry it out. A second time changes nothing."""
        with SetWorkflowID(id), _answering():
            DBOS.enqueue_workflow(self._queue, _carried, kind, name, due)

    def outcome(self, id: str) -> Document | None:
        """What came of the work; None while it waits or lasts, or when there is none of that id.

        Raises:
            Exception: what it ended with.
        """
        if not self.has_ended(id):
            return None
        with (
            _answering(),
            suppress(refusals.DBOSNonExistentWorkflowError),
        ):  # another process may open it again just now
            return cast(Document, DBOS.retrieve_workflow(id).get_result(polling_interval_sec=_LOOK_SECONDS))
        return None

    def has_ended(self, id: str, *, well: bool = False) -> bool:
        """True when the work came to an end, good or bad; or only a good one."""
        status = _status(id)
        return status is not None and status.status in (_ENDED[:1] if well else _ENDED)

    def is_known(self, id: str) -> bool:
        """True when the work waits, lasts or has ended."""
        return _status(id) is not None

    def executor_of(self, id: str) -> str | None:
        """Who has begun the work and not ended it; None while it waits, and when it has ended."""
        status = _status(id)
        return status.executor_id if status is not None and status.status == _BEGUN else None

    def is_at_work(self, id: str) -> bool:
        """True while this process carries the work out."""
        return id in _at_work

    def begin_anew(self, id: str) -> None:
        """Have work carried out that was begun and is carried out by nobody; nothing changes for what has ended."""
        with _answering():
            DBOS.resume_workflow(id, queue_name=self._queue)

    def forget(self, id: str) -> None:
        """Let the work be done anew under its id. For work that ended without having been done."""
        with _answering():
            DBOS.delete_workflow(id)

    def begun(self, executor: str | None = None) -> list[Work]:
        """What executors have begun and not ended; of all executors, or of one."""
        with _answering():
            works = _unended(DBOS.list_workflows)
        return [work for work in works if work.executor and executor in (None, work.executor)]

    def adopt(self, executor: str) -> list[str]:
        """Take over what that executor has begun: the ids. Only for one that is known to be dead."""
        with _answering():
            return [handle.get_workflow_id() for handle in DBOS._recover_pending_workflows([executor])]


def _answering() -> AbstractContextManager[None]:
    return explaining(lambda: "the record of durable work")


def _status(id: str) -> WorkflowStatus | None:
    with _answering():
        return DBOS.get_workflow_status(id)


def unended_work(url: str, account: str) -> list[Work]:
    """What waits for an executor of that account or was begun by one, without becoming one of them.

    A database that is away is waited for without end: see that it answers before.
    """
    client = DBOSClient(system_database_url=url, application_name=crew(account))
    try:
        return _unended(client.list_workflows)
    finally:
        client.destroy()


def crew(account: str) -> str:
    """The name under which DBOS keeps the work of an account: who works for another account never takes it."""
    return "perun-" + re.sub(r"[^a-z0-9_-]", "_", account.lower())


def queue_of(account: str) -> str:
    """The name of the queue in which the account's work waits for an executor."""
    return f"{crew(account)}-cycles"


@contextmanager
def open_durable(url: str, account: str, executor: str, carrier: Carrier, finish_seconds: int = 0) -> Iterator[Durable]:
    """Join the executors of that account. What this executor left begun is gone on with, in the background.

    Only one process at a time may go by the name of an executor, and a process may join once at a time. At the end no
    more work is taken, and `finish_seconds` are given to what was taken.
    """
    global _carrier
    _carrier = carrier
    try:
        with _launched(url, crew(account), queue_of(account), executor, finish_seconds):
            yield Durable(queue_of(account))
    finally:
        _carrier = None


@contextmanager
def _launched(url: str, crew: str, queue: str, executor: str, finish_seconds: int) -> Iterator[None]:
    _quiet()
    engine = work_engine(Server.at(url)) if "sqlite" not in url.partition(":")[0] else None
    DBOS(
        config={
            "name": crew,
            "system_database_url": url,
            "system_database_engine": engine,
            "executor_id": executor,
            "application_version": f"{crew}-{_SHAPE}",  # DBOS wants them to differ between crews
            "console_log_level": "CRITICAL",
            "enable_otlp": False,
            "scheduler_polling_interval_sec": 3600.0,
        }
    )
    try:
        DBOS.launch()
        DBOS.register_queue(queue, worker_concurrency=1, polling_interval_sec=_POLL_SECONDS)
        yield
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=finish_seconds)
        if engine is not None:
            engine.dispose()


_carrier: Carrier | None = None
"""Who does the work in this process. DBOS finds its workflows in a module, by name: nothing can be handed to them."""


_at_work: Final = set[str]()
"""What this process carries out now. Work that lasts by its record, and does not here, could not be written down."""


@DBOS.workflow(name="carry")
def _carried(kind: str, name: str, due: str) -> Document:
    id = DBOS.workflow_id or ""
    _at_work.add(id)
    try:
        return _once(kind, name, due)
    finally:
        _at_work.discard(id)


@DBOS.step(name="carry-once")
def _once(kind: str, name: str, due: str) -> Document:
    if _carrier is None:
        raise RuntimeError("nobody is there to do the work: open_durable comes first")
    return _carrier(kind, name, due)


@contextmanager
def open_player(url: str, seat: str, player: Player) -> Iterator[None]:
    """Play evaluations, one at a time, under the name of that seat. Only one process at a time may have it."""
    global _player
    _player = player
    try:
        with _launched(url, _EVALUATIONS, _EVALUATIONS, seat, 0):
            yield
    finally:
        _player = None


@dataclass(frozen=True)
class Evaluations:
    """Evaluations that others play; each id is played once."""

    _client: DBOSClient

    def hand_over(self, id: str, work: bytes) -> None:
        """Have somebody play it. A second time changes nothing, unless it was taken back or failed in between."""
        options: Any = {"queue_name": _EVALUATIONS, "workflow_name": "evaluate", "workflow_id": id}
        self._client.enqueue(options, work)
        if self._status(id).status in _FAILED:
            self.forget(id)
            self._client.enqueue(options, work)

    def seat_of(self, id: str) -> str | None:
        """Who has begun it and not ended it."""
        status = self._status(id)
        return status.executor_id if status.status == _BEGUN else None

    def answer(self, id: str) -> bytes | None:
        """What came of it; None while it waits or lasts."""
        if self._status(id).status not in _ENDED:
            return None
        return cast(bytes, self._client.retrieve_workflow(id).get_result())

    def hand_on(self, id: str) -> None:
        """Have another one play it. Only when whoever began it is known to be dead."""
        self._client.resume_workflow(id, queue_name=_EVALUATIONS)

    def take_back(self, id: str) -> None:
        """Have nobody begin it any more; whoever began it goes on."""
        if self._status(id).status == _WAITS:
            self._client.cancel_workflow(id)

    def forget(self, id: str) -> None:
        """Let go of what came of it."""
        self._client.delete_workflow(id)

    def _status(self, id: str) -> WorkflowStatus:
        return self._client.retrieve_workflow(id).get_status()


@contextmanager
def open_evaluations(url: str) -> Iterator[Evaluations]:
    """Hand evaluations to others. A database that is away is waited for without end: see that it answers before."""
    _quiet()
    engine = work_engine(Server.at(url))
    client = DBOSClient(system_database_engine=engine, application_name=_EVALUATIONS)
    try:
        yield Evaluations(client)
    finally:
        client.destroy()
        engine.dispose()


_player: Player | None = None
"""Who plays evaluations in this process."""


@DBOS.workflow(name="evaluate")
def _evaluated(work: bytes) -> bytes:
    if _player is None:
        raise RuntimeError("nobody is there to play: open_player comes first")
    return _player(work)


def _unended(list_workflows: Callable[..., list[Any]]) -> list[Work]:
    rows = list_workflows(status=[_BEGUN, _WAITS], load_input=False, load_output=False)
    return [Work(row.workflow_id, row.executor_id if row.status == _BEGUN else None) for row in rows]


def _quiet() -> None:
    """DBOS speaks of itself when it starts."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
