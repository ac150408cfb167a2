"""A desk whose ledger and queue stand on a server that several processes share, and its books there."""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from dbos import DBOSClient

from perun.graph.app.durable import crew, queue_of
from support.daemons import DaemonDesk
from support.two_books import TwoBooks


class Work(NamedTuple):
    """A piece of durable work as its table has it."""

    id: str
    status: str
    executor: str


@dataclass(frozen=True)
class ServedBooks(TwoBooks):
    """The ledger on a server against the exchange's file."""

    address: str = ""

    def _read(self, path: Path, query: str) -> list[tuple[Any, ...]]:
        if path != self.ledger:
            return super()._read(path, query)
        with psycopg.connect(self.address) as session:
            return session.execute(query.encode()).fetchall()


@dataclass
class SharedDesk(DaemonDesk):
    """One account, served by processes of several names."""

    address: str = ""

    def __post_init__(self) -> None:
        self.settings = {**self.settings, "DATABASE_URL": self.address}

    @property
    def books(self) -> ServedBooks:
        return ServedBooks(self.var / "perun.db", self.var / "exchange.db", self.address)

    def named(self, executor: str, **settings: str) -> "SharedDesk":
        """The same desk for a process of that name."""
        return SharedDesk(self.folder, {**self.settings, "EXECUTOR_ID": executor, **settings}, self.address)

    def beat(self, name: str) -> dict[str, Any]:
        """What the worker of that name says of itself."""
        return dict(json.loads((self.var / f"heartbeat-{name}.json").read_text()))

    def queue_up(self, account: str, slots: Iterable[str]) -> None:
        """Have these slots wait for any worker, all at once."""
        client = DBOSClient(system_database_url=self.address, application_name=crew(account))
        with closing(_Closing(client)):
            for slot in slots:
                id = f"cycle:{account}:{slot}"
                client.enqueue(
                    {"queue_name": queue_of(account), "workflow_name": "carry", "workflow_id": id}, "slot", slot, ""
                )

    def works(self) -> list[Work]:
        """All durable work."""
        with psycopg.connect(self.address) as session:
            rows = session.execute("SELECT workflow_uuid, status, executor_id FROM dbos.workflow_status").fetchall()
        return [Work(*row) for row in rows]

    def by_status(self) -> Counter[str]:
        """Pieces of work by how they stand."""
        return Counter(work.status for work in self.works())


@dataclass(frozen=True)
class _Closing:
    client: DBOSClient

    def close(self) -> None:
        self.client.destroy()
