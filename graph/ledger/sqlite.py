"""SQLite's own ways: the pragmas of every connection, how a write begins, and the check of a file."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable

COMPANIONS: Final = ("", "-wal", "-shm")
"""Endings of the files that together are one database."""

_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOCKS: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Damaged(Exception):
    """The file is no sound database; the message says why. Caught by `opening`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a sound database file holds."""

    tables: frozenset[str]
    revision: str | None
    """The migration it stands at; None when no migration ever ran on it."""


def sqlite_engine(path: Path, busy_seconds: float, *, durable: bool = True) -> Engine:
    """An engine whose every commit is on the disk when it returns, and which waits `busy_seconds` for a lock.

    One that is not `durable` hands each commit to the system and goes on: it outlives its process, not a loss of power.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": busy_seconds})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # Transactions begin by `begin`, not by the driver's guess.
        connection.text_factory = faithful_text
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine


def begin(connection: Connection, writes: bool) -> None:
    """Begin a transaction. A write takes its lock at once: one that reads first and then writes may fail unwaited."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def examine(path: Path, busy_seconds: float) -> Contents:
    """Check a database file through and say what it holds; nothing is written to it.

    Raises:
        Damaged: it is no database, or its pages do not hang together.
        LedgerUnavailable: another program keeps it locked.
        ConfigurationError: it cannot be opened at all.
    """
    try:
        # Opened for writing, SQLite would delete the -wal of a file that it cannot read.
        only_reading = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(only_reading, uri=True, timeout=busy_seconds)) as connection:
            return _contents(connection)
    except sqlite3.DatabaseError as error:
        raise _explained(error, path) from error


def _contents(connection: sqlite3.Connection) -> Contents:
    answers = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if answers != ["ok"]:
        raise Damaged(" ".join(str(answers[0]).split()))
    tables = frozenset(row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
    if not tables:  # SQLite takes an empty file for a sound new database; a ledger never is one.
        raise Damaged("it holds no tables")
    if "alembic_version" not in tables:
        return Contents(tables, None)
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return Contents(tables, row[0] if row else None)


def _explained(error: sqlite3.DatabaseError, path: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGE:
        return Damaged(str(error))
    if code in _LOCKS:
        return LedgerUnavailable(f"the ledger {path} is locked by another program: end that program or try again later")
    return ConfigurationError(f"the ledger {path} cannot be opened ({error}): check that it is a file you may write")


def faithful_text(raw: bytes) -> Any:
    """A text as it stands in the file; bytes that are no UTF-8 become lone surrogates, and can be told from others."""
    return raw.decode("utf-8", "surrogateescape")
