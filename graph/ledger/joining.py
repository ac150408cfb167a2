"""How a ledger on a server is opened: made when there is none, brought to the newest migration, or refused."""

from sqlalchemy import Connection

from perun.graph.ledger.database import Database
from perun.graph.ledger.migrating import upgrade
from perun.graph.ledger.opening import stands_at_newest
from perun.graph.ledger.postgres import ADVICE, Server, begin, postgres_engine, sort_by_bytes, tables
from perun.graph.ledger.schema import METADATA
from perun.graph.ledger.sqlite import Contents, Damaged
from perun.tools.domain.errors import ConfigurationError

_REVISION = "alembic_version"


def join_server(server: Server, busy_seconds: float) -> Database:
    """The ledger on that server, at the newest migration.

    Raises:
        ConfigurationError: tables of it are missing, or the database is another program's or a newer Perun's.
        LedgerUnavailable: the server does not answer, or not to us.
    """
    database = Database(postgres_engine(server, busy_seconds), begin, ADVICE)
    try:
        with database.reading() as connection:
            ready = _is_ready(connection, server)
        if not ready:
            with database.writing() as connection:  # looks again: another process may have made it ready meanwhile
                _make_ready(connection, server)
    except Damaged as damage:
        database.close()
        raise ConfigurationError(f"the ledger {server} is damaged ({damage}): restore it from a backup") from damage
    except BaseException:
        database.close()
        raise
    return database


def _make_ready(connection: Connection, server: Server) -> None:
    if not _is_ready(connection, server):
        upgrade(connection)
        sort_by_bytes(connection, METADATA)


def _is_ready(connection: Connection, server: Server) -> bool:
    """True when it needs nothing; False where there is no ledger yet, and where migrations are yet to run."""
    there = tables(connection)
    if _REVISION not in there and not there & METADATA.tables.keys():
        return False  # other programs may keep tables of other names beside ours
    return stands_at_newest(Contents(there, revision_of(connection, there)), server)


def revision_of(connection: Connection, there: frozenset[str]) -> str | None:
    """The migration at which the database stands; None when none ever ran on it."""
    if _REVISION not in there:
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
