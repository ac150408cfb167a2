"""How a ledger's file is opened: checked, made when there is none, brought to the newest migration, or refused."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from perun.graph.ledger.database import Database
from perun.graph.ledger.migrating import known_revisions, upgrade
from perun.graph.ledger.postgres import Server
from perun.graph.ledger.quarantine import has_lost_its_file, quarantine, refuse_beside_damaged
from perun.graph.ledger.schema import METADATA
from perun.graph.ledger.sqlite import COMPANIONS, Contents, Damaged, begin, examine, sqlite_engine
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import ConfigurationError, LedgerUnavailable


def open_database(path: Path, clock: Clock, busy_seconds: float, *, durable: bool = True) -> Database:
    """The database at `path`, sound and at the newest migration; `durable` as for `sqlite_engine`.

    Raises:
        ConfigurationError: it is damaged (and now quarantined), not ours, of a newer Perun, or cannot be made.
        LedgerUnavailable: another program keeps it locked.
    """
    if not _is_ready(path, busy_seconds):
        with _alone(path, busy_seconds):
            _make_ready(path, clock, busy_seconds)
    return Database(sqlite_engine(path, busy_seconds, durable=durable), begin)


def _is_ready(path: Path, busy_seconds: float) -> bool:
    try:
        return path.exists() and _is_newest(path, busy_seconds)
    except Damaged:
        return False


def _make_ready(path: Path, clock: Clock, busy_seconds: float) -> None:
    """Looks again before it acts: another process may have made the ledger ready meanwhile."""
    if has_lost_its_file(path):
        raise quarantine(path, "its file is gone and only its last writes are left", clock.now())
    if not path.exists():
        refuse_beside_damaged(path)
        _create(path, busy_seconds)
        return
    try:
        newest = _is_newest(path, busy_seconds)
    except Damaged as damage:
        raise quarantine(path, str(damage), clock.now()) from damage
    if not newest:
        _upgrade(path, busy_seconds)


def _is_newest(path: Path, busy_seconds: float) -> bool:
    return stands_at_newest(examine(path, busy_seconds), path)


def stands_at_newest(contents: Contents, where: Path | Server) -> bool:
    """True when every migration ran on a database with these contents, False when some are yet to run.

    Raises:
        ConfigurationError: it is another program's, or of a newer Perun.
        Damaged: tables are missing.
    """
    known = known_revisions()
    if contents.revision is None:
        raise ConfigurationError(
            f"{where} is a database of another program and was left as it is: give the ledger a place of its own"
        )
    if contents.revision not in known:
        raise ConfigurationError(
            f"the ledger {where} stands at migration {contents.revision}, this Perun knows none after {known[-1]}, "
            "and it was left as it is: update Perun, or give the ledger another place"
        )
    if contents.revision != known[-1]:
        return False
    if missing := METADATA.tables.keys() - contents.tables:
        raise Damaged(f"it has no table {min(missing)}")
    return True


def _create(path: Path, busy_seconds: float) -> None:
    """Build the ledger under another name: whatever stands at `path` is whole, even after a crash in here."""
    unborn = path.with_name(f"{path.name}.new")
    for ending in COMPANIONS:
        unborn.with_name(unborn.name + ending).unlink(missing_ok=True)
    _upgrade(unborn, busy_seconds)
    unborn.rename(path)
    _make_name_durable(path)


def _upgrade(path: Path, busy_seconds: float) -> None:
    with closing(Database(sqlite_engine(path, busy_seconds), begin)) as database, database.writing() as connection:
        upgrade(connection)


def _make_name_durable(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(path: Path, busy_seconds: float) -> Iterator[None]:
    """Only one process at a time makes, upgrades or quarantines a ledger."""
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=busy_seconds):
            yield
    except Timeout as error:
        raise LedgerUnavailable(f"the ledger {path} is being opened by another program: try again later") from error
    except OSError as error:
        raise ConfigurationError(
            f"the ledger {path} cannot be made or moved ({error.strerror or error}): give it a folder you may write"
        ) from error
