"""Who carries out durable work: a fixed name for each process, held by a lock that frees itself when it dies."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from perun.graph.app.settings import Settings
from perun.graph.app.wiring import data_folder
from perun.tools.domain.errors import LedgerUnavailable

if TYPE_CHECKING:
    from perun.graph.app.durable import Work

_MOST_OF_A_NAME: Final = 64


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
def executor(settings: Settings, role: str) -> Iterator[str]:
    """Take a name: EXECUTOR_ID, or the machine's name with the role; a second of that name is `…-2`.

    Raises:
        LedgerUnavailable: a process of this machine goes by that name.
    """
    named = settings.executor_id
    first = named or f"{socket.gethostname()}-{role}"
    names = [first, *(f"{first}-{number}" for number in range(2, _MOST_OF_A_NAME))]
    with ExitStack() as held:
        name = next((name for name in names[: 1 if named else None] if _is_taken(held, settings, name)), None)
        if name is None:
            raise LedgerUnavailable(f"a process here goes by the name {first}: give this one another EXECUTOR_ID")
        yield name


def is_alive(settings: Settings, name: str) -> bool:
    """True while a process of this machine goes by that name; of other machines nothing is known here."""
    try:
        with _lock(settings, name):
            return False
    except Timeout:
        return True


def orphans(settings: Settings, begun: "list[Work]") -> dict[str, list[str]]:
    """Executors that nobody of this machine goes by, and the work that they began."""
    left: dict[str, list[str]] = {}
    for work in begun:
        if work.executor:
            left.setdefault(work.executor, []).append(work.id)
    return {name: ids for name, ids in left.items() if not is_alive(settings, name)}


def has_durable_work(settings: Settings) -> bool:
    """False before any daemon has run: then there is nothing to look at."""
    return is_shared(settings) or (data_folder(settings) / "var" / "durable.db").exists()


def _is_taken(held: ExitStack, settings: Settings, name: str) -> bool:
    """Take the name for as long as `held` is open; False when another process has it."""
    try:
        held.enter_context(_lock(settings, name))
    except Timeout:
        return False
    return True


def _lock(settings: Settings, name: str) -> FileLock:
    safe = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in name)
    return FileLock(Path(data_folder(settings)) / "var" / f"executor-{safe}.lock", timeout=0)
