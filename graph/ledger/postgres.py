"""PostgreSQL's own ways: its address, the transactions of every connection, how texts sort, and who holds a name."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError

from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable

if TYPE_CHECKING:
    from psycopg import Connection as Session

ADVICE: Final = "see that the server runs and lets this user in, then try again"
logging.getLogger("psycopg").addHandler(logging.NullHandler())  # it tells a person of a lost connection once more
_SCHEMES: Final = {"postgresql", "postgres", "postgresql+psycopg"}
_ONE_WRITER: Final = "SELECT pg_advisory_xact_lock(hashtextextended('perun ledger', 0))"
_ONE_STATE: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a PostgreSQL server. Its text never shows the password."""

    url: URL

    @classmethod
    def at(cls, address: str) -> Self:
        """The database at an address such as `postgresql://user:password@host/database`.

        Raises:
            ConfigurationError: it is no such address; the message does not repeat it.
        """
        try:
            url = make_url(address)
        except (ArgumentError, ValueError):
            url = None
        if url is None or url.drivername not in _SCHEMES or not url.database:
            raise ConfigurationError(
                "DATABASE_URL should be postgresql://user:password@host/database; without it the ledger is a file"
            )
        return cls(url.set(drivername="postgresql"))

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    @property
    def address(self) -> str:
        """The address with its password, for those who connect."""
        return self.url.render_as_string(hide_password=False)

    @contextmanager
    def session(self, seconds: float) -> "Iterator[Session[Any]]":
        """A connection of its own, each statement its own transaction; waits `seconds` for the server.

        Raises:
            LedgerUnavailable: the server does not answer, or not to us; also for whatever fails inside the block.
        """
        import psycopg
        from psycopg.rows import dict_row

        try:
            # The row's shape and the unprepared statements are what LangGraph's store asks of a connection.
            with psycopg.connect(
                self.address,
                autocommit=True,
                prepare_threshold=0,
                row_factory=dict_row,
                connect_timeout=_whole(seconds),
                **_KEEPALIVE,
            ) as session:
                yield session
        except psycopg.Error as error:
            raise LedgerUnavailable(f"the database {self} cannot be used ({in_one_line(error)}): {ADVICE}") from error


_KEEPALIVE: Final[dict[str, Any]] = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
"""A server that is gone without a word is noticed in half a minute, not in two hours."""

_WORK_SECONDS: Final = 5.0
"""Within which a server must let durable work in."""


def postgres_engine(server: Server, busy_seconds: float) -> Engine:
    """An engine whose every commit is on the server's disk when it returns; it waits `busy_seconds` for a lock."""
    engine = create_engine(
        server.url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": _whole(busy_seconds), **_KEEPALIVE},
        pool_pre_ping=True,  # a desk that lives for months outlives its server's restarts
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: "Session[Any]", _record: object) -> None:
        connection.execute(f"SET lock_timeout = {int(busy_seconds * 1000)}")
        connection.execute("SET synchronous_commit = on")
        connection.commit()

    return engine


def begin(connection: Connection, writes: bool) -> None:
    """Begin a transaction. One writer at a time, as in SQLite: what he reads before he writes is what was written."""
    connection.exec_driver_sql(_ONE_WRITER if writes else _ONE_STATE)


def work_engine(server: Server) -> Engine:
    """An engine for durable work: whoever uses it learns by the error's code that nobody answers, and may wait."""
    engine = create_engine(
        server.url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": _whole(_WORK_SECONDS), **_KEEPALIVE},
        pool_pre_ping=True,
        pool_size=10,
    )

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Any, _record: object, arguments: Any, options: Any) -> "Session[Any]":
        import psycopg

        try:
            session: Session[Any] = dialect.connect(*arguments, **options)
        except psycopg.OperationalError as error:
            # DBOS waits for what is in this class; the bare error of a refused connection it takes for its own fault.
            raise error if error.sqlstate else psycopg.errors.ConnectionException(in_one_line(error)) from error
        return session

    return engine


def tables(connection: Connection) -> frozenset[str]:
    """The tables that stand in the database."""
    return frozenset(inspect(connection).get_table_names())


def sort_by_bytes(connection: Connection, metadata: MetaData) -> None:
    """Have every text of these tables sort and compare by its bytes, as in SQLite, whatever the server's language."""
    wanted = text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    for table, column in connection.execute(wanted).all():
        if table in metadata.tables:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE text COLLATE "C"')


def in_one_line(error: BaseException | None) -> str:
    """What a driver says over several lines."""
    return " ".join(str(error).split())


def _whole(seconds: float) -> int:
    return max(2, round(seconds))  # libpq takes whole seconds, and two of them at least
