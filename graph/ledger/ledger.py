"""The ledger: what happened, in eight books of one database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from perun.graph.ledger.adjustments import Adjustments
from perun.graph.ledger.books import Books
from perun.graph.ledger.cycles import Cycles
from perun.graph.ledger.database import Database
from perun.graph.ledger.events import Events
from perun.graph.ledger.intent_file import IntentFile
from perun.graph.ledger.intents import Intents
from perun.graph.ledger.latches import Latches
from perun.graph.ledger.marks import Marks
from perun.graph.ledger.opening import open_database
from perun.graph.ledger.positions import Positions
from perun.graph.ledger.postgres import Server
from perun.graph.ledger.spending import Spending
from perun.graph.redaction import KEYS, Redaction
from perun.tools.domain.clock import Clock


class Ledger:
    """Every book of an account, from cycles to adjustments. Closes itself at the end of a `with` block."""

    def __init__(self, database: Database, redaction: Redaction = KEYS, file: IntentFile | None = None) -> None:
        self._database = database
        self.redaction = redaction
        """What is blotted out of every event that is recorded."""
        self.cycles = Cycles(database)
        self.events = Events(database)
        self.intents = Intents(database, file)
        self.books = Books(database)
        self.positions = Positions(database)
        self.latches = Latches(database)
        self.marks = Marks(database)
        self.adjustments = Adjustments(database)
        self.spending = Spending(database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Remote:
    """A ledger on a PostgreSQL server, and where the ids of its intents stand on this machine."""

    server: Server
    intents: Path

    def __str__(self) -> str:
        return str(self.server)


Place = Path | Remote
"""Where a ledger lies: in a SQLite file, or on a server."""


def open_ledger(
    place: Place, clock: Clock, *, busy_seconds: float = 5.0, redaction: Redaction = KEYS, durable: bool = True
) -> Ledger:
    """Open the ledger, made when there is none and no damaged one in its place.

    `clock` names the instant at which a damaged file was found; `busy_seconds` is how long to wait for a lock. A file
    that can be made again, such as a replay's, need not be `durable`: it outlives its process, not a loss of power.

    Raises:
        ConfigurationError: it is damaged (a file was quarantined), of another program, of a newer Perun, or cannot be
            made.
        LedgerUnavailable: another program keeps it locked, or the server does not answer.
    """
    if isinstance(place, Path):
        return Ledger(open_database(place, clock, busy_seconds, durable=durable), redaction)
    from perun.graph.ledger.joining import join_server

    return Ledger(join_server(place.server, busy_seconds), redaction, IntentFile(place.intents))
