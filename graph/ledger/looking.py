"""How a ledger is opened by those who only look: nothing is made, upgraded, checked through or locked."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, create_engine

from perun.graph.ledger.archive import Archive
from perun.graph.ledger.database import Database
from perun.graph.ledger.ledger import Place
from perun.graph.ledger.migrating import known_revisions
from perun.graph.ledger.postgres import ADVICE, begin, postgres_engine, tables
from perun.graph.ledger.schema import CYCLES
from perun.graph.ledger.sqlite import faithful_text
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable

_BUSY_SECONDS = 5.0


def is_there(place: Place) -> bool:
    """Whether anybody ever made a ledger in that place.

    Raises:
        LedgerUnavailable: the server does not answer, or not to us.
    """
    if isinstance(place, Path):
        return place.exists()
    with closing(_database(place, _BUSY_SECONDS)) as database, database.reading() as connection:
        return CYCLES.name in tables(connection)


def open_archive(place: Place, busy_seconds: float = _BUSY_SECONDS) -> Archive:
    """Open the ledger for looking only.

    Raises:
        ConfigurationError: there is none, it is no ledger, or one of a newer Perun.
        LedgerUnavailable: it cannot be read.
    """
    if not is_there(place):
        raise ConfigurationError(f"there is no ledger {place} yet: perun run makes one")
    database = _database(place, busy_seconds)
    try:
        with database.reading() as connection:
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
        if revision not in known_revisions():
            raise ConfigurationError(f"the ledger {place} stands at migration {revision}, which this Perun cannot read")
    except BaseException as error:
        database.close()
        if isinstance(place, Path) and isinstance(error, LedgerUnavailable):
            raise ConfigurationError(
                f"{place} is no ledger that can be read: perun doctor says more ({error})"
            ) from error
        raise
    return Archive(database)


def _database(place: Place, busy_seconds: float) -> Database:
    if isinstance(place, Path):
        return Database(_engine(place, busy_seconds))
    return Database(postgres_engine(place.server, busy_seconds), begin, ADVICE)


def _engine(path: Path, busy_seconds: float) -> Engine:
    address = f"{path.absolute().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, timeout=busy_seconds, check_same_thread=False)
        connection.text_factory = faithful_text
        return connection

    return create_engine("sqlite://", creator=connect)
