"""Where an interrupted cycle waits: opened in a file or on a server, and cleared of cycles that ended long ago."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from langgraph.checkpoint.base import BaseCheckpointSaver

from perun.graph.checkpoints import serializer
from perun.graph.ledger.ledger import Ledger
from perun.graph.ledger.postgres import Server
from perun.graph.redaction import Redaction
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable

if TYPE_CHECKING:
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg import Connection as Session

_PATIENCE: Final = 5.0
"""Seconds to wait for a lock, or for a server's answer."""
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('perun checkpoints', 0))"
_THREADS: Final = "SELECT DISTINCT thread_id FROM checkpoints"

Saver = BaseCheckpointSaver[str]


@contextmanager
def open_checkpoints(place: Path | Server, blotted: Redaction) -> Iterator[Saver]:
    """The graph's own store; only types of ours are read back from it, and no secret is written.

    Raises:
        ConfigurationError: its file is damaged.
        LedgerUnavailable: its server does not answer, or its file cannot be written; also from inside the block.
    """
    opened = _in_file(place, blotted) if isinstance(place, Path) else _on_server(place, blotted)
    with opened as saver:
        yield saver


def prune_checkpoints(saver: Saver | None, ledger: Ledger, account: str, keep_cycles: int) -> int:
    """Forget where finished cycles stood on their way, but for the last so many of the account.

    An interrupted cycle is never forgotten, nor is a thread of which the ledger knows nothing. In a file, the pages
    that become free are used again; when most of it is free, it shrinks.

    Returns:
        How many cycles were forgotten.

    Raises:
        LedgerUnavailable: ledger or store cannot be written; nothing that is still needed is lost.
    """
    if saver is None:
        return 0
    try:
        old = ledger.cycles.finished_among(account, _threads(saver))[keep_cycles:]
        for cycle_id in old:
            saver.delete_thread(cycle_id)
        if old and (connection := _file_of(saver)):
            _shrink(connection)
    except sqlite3.OperationalError as error:
        raise LedgerUnavailable(f"old checkpoints cannot be let go ({error}): make room, then try again") from error
    return len(old)


def kept(saver: Saver) -> int:
    """How many cycles have steps in the store."""
    return len(_threads(saver))


@contextmanager
def _in_file(path: Path, blotted: Redaction) -> Iterator[Saver]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    try:
        connection = sqlite3.connect(path, check_same_thread=False, timeout=_PATIENCE)
        saver = SqliteSaver(connection, serde=serializer(blotted))
        saver.setup()
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(
            f"{path} is damaged ({error}): move it away; an interrupted cycle then starts over and sends nothing twice"
        ) from error
    try:
        yield saver
    except sqlite3.OperationalError as error:
        raise LedgerUnavailable(
            f"the checkpoints {path} cannot be used ({error}): make room and rights to write, then try again"
        ) from error
    finally:
        connection.close()


@contextmanager
def _on_server(server: Server, blotted: Redaction) -> Iterator[Saver]:
    from langgraph.checkpoint.postgres import PostgresSaver

    with server.session(_PATIENCE) as session:
        saver = PostgresSaver(session, serde=serializer(blotted))
        _set_up(saver, session)
        yield saver


def _set_up(saver: "PostgresSaver", session: "Session[Any]") -> None:
    """Make its tables, one desk at a time.

    LangGraph would make the indexes concurrently: that waits without end for every transaction that is open in the
    database, a dump's or a stopped process's, and two desks at once get into each other's way. The tables are new and
    empty when it happens.
    """
    saver.MIGRATIONS = [step.replace("CREATE INDEX CONCURRENTLY", "CREATE INDEX") for step in saver.MIGRATIONS]
    with session.transaction():
        session.execute(f"SET LOCAL lock_timeout = {int(_PATIENCE * 1000)}")
        session.execute(_ONE_AT_A_TIME)
        saver.setup()


def _file_of(saver: Saver) -> sqlite3.Connection | None:
    connection = getattr(saver, "conn", None)
    return connection if isinstance(connection, sqlite3.Connection) else None


def _threads(saver: Saver) -> list[str]:
    store: Any = saver  # both stores have a connection and a lock; their common face has neither
    with store.lock:
        rows = store.conn.execute(_THREADS).fetchall()
    return [row["thread_id"] if isinstance(row, dict) else row[0] for row in rows]


def _shrink(connection: sqlite3.Connection) -> None:
    (free,), (pages,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_count"))
    if free > pages // 2:
        connection.execute("VACUUM")
