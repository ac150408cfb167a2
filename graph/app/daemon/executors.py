"""Who carries out durable work: a fixed name for each process, held by a lock that frees itself when it dies.

On one machine that lock is one of a file; where machines share a database, the name is held there too, and whether an
executor lives is known of all of them.
"""

import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from perun.graph.app.daemon.names import holding, is_held
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder
from perun.graph.ledger.postgres import Server
from perun.tools.domain.errors import LedgerUnavailable

if TYPE_CHECKING:
    from perun.graph.app.work import Work

_MOST_OF_A_NAME: Final = 64
_PATIENCE: Final = 5.0
"""Seconds in which a server must answer."""
_HAS_TABLES: Final = "SELECT FROM pg_tables WHERE schemaname = 'dbos' AND tablename = 'workflow_status'"


class DaemonRuns(LedgerUnavailable):
    """Another process is the daemon of this DATA_DIR."""


def durable_url(settings: Settings) -> str:
    """The database of durable work: DATABASE_URL, or a file in DATA_DIR."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{data_folder(settings) / 'var' / 'durable.db'}"


def is_shared(settings: Settings) -> bool:
    """True when executors of other machines may share the work."""
    return settings.database_url is not None


@contextmanager
def sole_daemon(settings: Settings) -> Iterator[None]:
    """Be the daemon of this DATA_DIR.

    Raises:
        DaemonRuns: another process is.
    """
    try:
        with FileLock(data_folder(settings) / "var" / "schedule.lock", timeout=0):
            yield
    except Timeout as error:
        raise DaemonRuns("a daemon serves this DATA_DIR already") from error


@contextmanager
def executor(settings: Settings, role: str, tell: Tell) -> Iterator[str]:
    """Take a name: EXECUTOR_ID, or the machine's name with the role; a second of that name is `…-2`.

    Raises:
        LedgerUnavailable: another process goes by that name, or the server where names are held does not answer.
    """
    named = settings.executor_id
    first = named or f"{socket.gethostname()}-{role}"
    names = [first, *(f"{first}-{number}" for number in range(2, _MOST_OF_A_NAME))]
    with ExitStack() as held:
        mine = (name for name in names[: 1 if named else None] if _is_taken(held, settings, name, tell))
        if (name := next(mine, None)) is None:
            raise LedgerUnavailable(f"a process goes by the name {first} already: give this one another EXECUTOR_ID")
        yield name


def is_alive(settings: Settings, name: str) -> bool:
    """True while a process goes by that name; of other machines only a shared database tells.

    Raises:
        LedgerUnavailable: that database does not answer.
    """
    try:
        with _lock(settings, name):
            pass
    except Timeout:
        return True
    return is_shared(settings) and is_held(_server(settings), name)


def orphans(settings: Settings, unended: "Iterable[Work]") -> dict[str, list[str]]:
    """Executors that no process goes by any more, and the work that they began.

    Raises:
        LedgerUnavailable: the database that tells of other machines does not answer.
    """
    left: dict[str, list[str]] = {}
    for work in unended:
        if work.executor:
            left.setdefault(work.executor, []).append(work.id)
    return {name: ids for name, ids in left.items() if not is_alive(settings, name)}


def unended(settings: Settings, account: str) -> "list[Work]":
    """The account's work that waits or lasts.

    Raises:
        LedgerUnavailable: the database does not answer.
    """
    from perun.graph.app.durable import unended_work

    if is_shared(settings):
        with _server(settings).session(_PATIENCE):
            pass  # it answers: durable work would wait for it without end
    return unended_work(durable_url(settings), account)


def in_a_file(name: str) -> str:
    """The name as part of a file's."""
    return "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in name)


def has_durable_work(settings: Settings) -> bool:
    """False before any daemon has run: then there is nothing to look at.

    Raises:
        LedgerUnavailable: the database does not answer.
    """
    if not is_shared(settings):
        return (data_folder(settings) / "var" / "durable.db").exists()
    with _server(settings).session(_PATIENCE) as session:
        return session.execute(_HAS_TABLES).fetchone() is not None


def _is_taken(held: ExitStack, settings: Settings, name: str, tell: Tell) -> bool:
    """Take the name for as long as `held` is open; False when another process has it."""
    with ExitStack() as tried:
        try:
            tried.enter_context(_lock(settings, name))
        except Timeout:
            return False
        if is_shared(settings) and not tried.enter_context(holding(_server(settings), name, tell)):
            return False
        held.enter_context(tried.pop_all())
        return True


def _lock(settings: Settings, name: str) -> FileLock:
    return FileLock(Path(data_folder(settings)) / "var" / f"executor-{in_a_file(name)}.lock", timeout=0)


def _server(settings: Settings) -> Server:
    return Server.at(durable_url(settings))
