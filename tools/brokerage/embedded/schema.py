"""The exchange's file: how it is recognised, made whole before it appears, and brought to the newest schema."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from perun.tools.domain.errors import ConfigurationError

APPLICATION_ID: Final = 0x50455258
"""`PERX`, in SQLite's header: the file is an exchange's and not somebody else's."""

BROKER_ORDER_ID: Final = "json_extract(body, '$.broker_order_id')"
"""Where the exchange's own id of an order stands in its row; it is indexed."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE standing (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL)",
        "CREATE TABLE holdings (symbol TEXT PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE TABLE orders (seq INTEGER PRIMARY KEY AUTOINCREMENT, client_order_id TEXT NOT NULL UNIQUE,"
        " working INTEGER NOT NULL, body TEXT NOT NULL)",
        "CREATE INDEX working_orders ON orders (seq) WHERE working",
        "CREATE TABLE fills (seq INTEGER PRIMARY KEY AUTOINCREMENT, fill_id TEXT NOT NULL UNIQUE,"
        " client_order_id TEXT NOT NULL REFERENCES orders (client_order_id), body TEXT NOT NULL)",
    ),
    (f"CREATE UNIQUE INDEX orders_by_broker_id ON orders ({BROKER_ORDER_ID})",),
)
"""Statement by statement; `PRAGMA user_version` counts how many of them a file has. Add to the end, change none."""

_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100


def create(path: Path, standing_json: str) -> None:
    """Make the file with one account in it. Another process that is faster wins, and its file stands.

    Raises:
        ConfigurationError: the file cannot be written there, or the journal of a lost one lies there.
    """
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists():
        # SQLite would replay it into the new file.
        raise ConfigurationError(f"{journal} has lost its database {path.name}; restore it, or set another DATA_DIR")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as workshop:
            draft = Path(workshop) / path.name
            _draw_up(draft, standing_json)
            _publish(draft, path)
    except (OSError, sqlite3.OperationalError) as error:
        raise ConfigurationError(
            f"cannot keep the exchange's books in {path}: {error}; set another DATA_DIR"
        ) from error


def _draw_up(draft: Path, standing_json: str) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate(connection)
        connection.execute("INSERT INTO standing (id, body) VALUES (1, ?)", (standing_json,))


def _publish(draft: Path, path: Path) -> None:
    # A link appears at once and whole, and never over a file that is already there.
    try:
        os.link(draft, path)
    except FileExistsError:
        return


def recognise(path: Path) -> None:
    """Look at the file's header without opening it as a database, so that a foreign file stays untouched.

    Raises:
        ConfigurationError: it is not an exchange's file, or it was made by a newer Perun.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise ConfigurationError(f"cannot read the exchange's books in {path}: {error.strerror}") from error
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC) or _number(header, 68) != APPLICATION_ID:
        raise ConfigurationError(f"{path} is not an embedded exchange's file; move it away or set another DATA_DIR")
    if _number(header, 60) > len(MIGRATIONS):
        raise ConfigurationError(f"{path} was written by a newer Perun; update Perun or set another DATA_DIR")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to the newest schema, all or nothing."""
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in (line for migration in MIGRATIONS[_version(connection) :] for line in migration):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _number(header: bytes, offset: int) -> int:
    return int.from_bytes(header[offset : offset + 4], "big")
