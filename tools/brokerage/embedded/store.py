"""The books on disk: one SQLite file, one transaction for each thing that happens."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Final, Self, TypeVar

from pydantic import ValidationError

from perun.tools.brokerage.embedded import schema
from perun.tools.brokerage.embedded.books import Books, Standing
from perun.tools.brokerage.embedded.holdings import Holding
from perun.tools.domain.errors import BrokerUnavailable, ConfigurationError
from perun.tools.domain.frozen import Frozen
from perun.tools.domain.orders import Fill, Order

WAIT_SECONDS: Final = 10.0
"""How long to wait for another process that writes."""

_TRANSIENT: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_INTERRUPT,
}
_SAVE_STANDING: Final = "UPDATE standing SET body = ? WHERE id = 1"
_DROP_HOLDING: Final = "DELETE FROM holdings WHERE symbol = ?"
_SAVE_HOLDING: Final = (
    "INSERT INTO holdings (symbol, body) VALUES (?, ?) ON CONFLICT (symbol) DO UPDATE SET body = excluded.body"
)
_SAVE_ORDER: Final = (
    "INSERT INTO orders (client_order_id, working, body) VALUES (?, ?, ?)"
    " ON CONFLICT (client_order_id) DO UPDATE SET working = excluded.working, body = excluded.body"
)
_SAVE_FILL: Final = "INSERT INTO fills (fill_id, client_order_id, body) VALUES (?, ?, ?)"

Row = TypeVar("Row", bound=Frozen)


class Store:
    """One account's file. Threads take turns; other processes may hold the same file open."""

    def __init__(self, path: Path, wait_seconds: float = WAIT_SECONDS, *, durable: bool = True) -> None:
        """Open the file of an account that exists. One that is not `durable` outlives its process, not a loss of power.

        Raises:
            ConfigurationError: the file is foreign, damaged or newer; it is left untouched.
            BrokerUnavailable: another process holds the file for longer than `wait_seconds`.
        """
        schema.recognise(path)
        self._path = path
        self._turn = threading.RLock()
        self._known: tuple[int, Books] | None = None
        """The books as they were read last, and SQLite's number of the file's contents then."""
        with self._explained():
            uri = f"{path.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=wait_seconds, check_same_thread=False
            )
        try:
            with self._explained():
                self._prepare(durable)
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def create(cls, path: Path, standing: Standing, *, durable: bool = True) -> Self:
        """The file of a new account; of the one that is there already when another process was faster."""
        schema.create(path, standing.model_dump_json())
        return cls(path, durable=durable)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def _prepare(self, durable: bool) -> None:
        if self._connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise self._damaged("its pages contradict each other")
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        self._connection.execute("PRAGMA foreign_keys = ON")
        schema.migrate(self._connection)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that writes: all of it happens, or nothing.

        Raises:
            BrokerUnavailable: another process holds the file, or the disk fails.
            ConfigurationError: the file is damaged.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One moment of the file: everything read inside belongs together. Raises as `writing` does."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._turn, self._explained():
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._known = None  # books read after a `save` that is undone here
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def books(self) -> Books:
        """The standing, every holding, and every order that is not terminal, oldest first; within a transaction.

        Parsed once for each state of the file: a cycle asks a hundred times what time it is. What is kept cannot be
        stale, for SQLite's number changes with every commit of anybody else, and what is saved here lets it go.
        """
        number = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        if self._known is None or self._known[0] != number:
            self._known = number, self._books()
        return self._known[1]

    def _books(self) -> Books:
        row = self._connection.execute("SELECT body FROM standing WHERE id = 1").fetchone()
        if row is None:
            raise self._damaged("it has no account")
        holdings = self._connection.execute("SELECT symbol, body FROM holdings")
        working = self._orders("SELECT body FROM orders WHERE working ORDER BY seq")
        return Books(
            standing=self._read(Standing, row[0]),
            holdings={symbol: self._read(Holding, body) for symbol, body in holdings},
            orders={order.client_order_id: order for order in working},
        )

    def order(self, client_order_id: str) -> Order | None:
        """The order with that client id, terminal or not."""
        found = self._orders("SELECT body FROM orders WHERE client_order_id = ?", client_order_id)
        return found[0] if found else None

    def order_by_broker_id(self, broker_order_id: str) -> Order | None:
        """The order with that id of the exchange's own, terminal or not."""
        found = self._orders(f"SELECT body FROM orders WHERE {schema.BROKER_ORDER_ID} = ?", broker_order_id)
        return found[0] if found else None

    def orders(self, since: datetime | None = None) -> tuple[Order, ...]:
        """Every order submitted at `since` or later, oldest first; None for all."""
        newest_first = self._connection.execute("SELECT body FROM orders ORDER BY seq DESC")
        orders = (self._read(Order, body) for (body,) in newest_first)
        return _oldest_first(takewhile(lambda order: since is None or order.submitted_at >= since, orders))

    def fills(self, since: datetime | None = None) -> tuple[Fill, ...]:
        """Every fill at `since` or later, oldest first; None for all."""
        newest_first = self._connection.execute("SELECT body FROM fills ORDER BY seq DESC")
        fills = (self._read(Fill, body) for (body,) in newest_first)
        return _oldest_first(takewhile(lambda fill: since is None or fill.at >= since, fills))

    def save(self, before: Books, after: Books, fills: Iterable[Fill] = ()) -> None:
        """Write what changed between the two, and add these fills."""
        self._known, write = None, self._connection
        write.execute(_SAVE_STANDING, (after.standing.model_dump_json(),))
        gone = [(symbol,) for symbol in before.holdings if symbol not in after.holdings]
        write.executemany(_DROP_HOLDING, gone)
        held = _changed(before.holdings, after.holdings)
        write.executemany(_SAVE_HOLDING, [(symbol, holding.model_dump_json()) for symbol, holding in held])
        orders = [
            (name, not o.status.is_terminal, o.model_dump_json()) for name, o in _changed(before.orders, after.orders)
        ]
        write.executemany(_SAVE_ORDER, orders)
        write.executemany(_SAVE_FILL, [(fill.fill_id, fill.client_order_id, fill.model_dump_json()) for fill in fills])

    def _orders(self, query: str, *values: str) -> tuple[Order, ...]:
        return tuple(self._read(Order, body) for (body,) in self._connection.execute(query, values))

    def _read(self, row: type[Row], body: str) -> Row:
        try:
            return row.model_validate_json(body)
        except ValidationError as error:
            raise self._damaged(f"a row is not {row.__name__.lower()} data") from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # our own mistake, such as using a closed store; the file is innocent
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in _TRANSIENT:
                raise BrokerUnavailable(f"the exchange's file {self._path} cannot be used now: {error}") from error
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"the exchange's file {self._path} is damaged ({why}); restore it, or set another DATA_DIR to start afresh"
        )


def _oldest_first(newest_first: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(newest_first)[::-1]


def _changed(before: Mapping[str, Row], after: Mapping[str, Row]) -> list[tuple[str, Row]]:
    return [(name, row) for name, row in after.items() if row != before.get(name)]
