"""One SQL database, in transactions that read and transactions that write."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, insert
from sqlalchemy.exc import DBAPIError, IntegrityError

from perun.tools.domain.errors import LedgerUnavailable

Begin = Callable[[Connection, bool], None]
"""How a transaction begins that reads (False) or writes (True).

Called here, since a listener of SQLAlchemy's costs more than the reading itself: with one, every connection gathers all
listeners anew.
"""

_ADVICE: Final = "end the program that holds it, or make room and rights to write, then try again"


class Database:
    """A database whose transactions are all or nothing; may be used from several threads."""

    def __init__(self, engine: Engine, begin: Begin = lambda connection, writes: None, advice: str = _ADVICE) -> None:
        self._engine = engine
        self._begin = begin
        self._advice = advice
        self._one_writer = Lock()  # Threads take turns; processes poll for SQLite's own lock, which may starve one.

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database.

        Raises:
            LedgerUnavailable: the database does not answer.
        """
        with self._explaining(), self._engine.begin() as connection:
            self._begin(connection, False)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends and undone when it raises; one at a time.

        Raises:
            LedgerUnavailable: another program keeps the database locked, the disk is full, or it may not be written.
        """
        with self._one_writer, self._explaining(), self._engine.begin() as connection:
            self._begin(connection, True)
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def _explaining(self) -> AbstractContextManager[None]:
        return explaining(lambda: f"the ledger {self._engine.url.render_as_string()}", self._advice)


@contextmanager
def explaining(name: Callable[[], str], advice: str = _ADVICE) -> Iterator[None]:
    """What a database, told by its name, refuses in this block leaves as LedgerUnavailable."""
    try:
        yield
    except IntegrityError:
        raise  # Whoever writes knows what a taken key means.
    except DBAPIError as error:
        why = " ".join(str(error.orig).split())
        raise LedgerUnavailable(f"{name()} cannot be used ({why}): {advice}") from error


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is taken; True when it went in."""
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(row))
    except IntegrityError:
        return False
    return True
