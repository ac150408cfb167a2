"""One desk for each account: a lock that frees itself when its process dies, and that tells who holds it.

Where the ledger is a file, the lock is one beside it: the system takes it from a dead process at once. Where the ledger
is on a server, the lock is the server's own, tied to a connection that stays open as long as the desk: it needs no
heartbeat, and no two machines' clocks are compared. A desk whose connection broke has lost its tenure and learns so
before its next order, because `confirm` is asked there.
"""

import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from perun.graph.ledger.notation import stamp
from perun.graph.ledger.postgres import Server
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import LedgerUnavailable

_KEY: Final = "hashtextextended('perun desk ' || %s, 0)"
_WHO: Final = f"""
    SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = {_KEY}"""
_MARK: Final = "perun"
_PATIENCE: Final = 5.0
"""Seconds in which a server must answer at all."""
_KEEPALIVE: Final = {"idle": 15, "interval": 5, "count": 3}
"""A machine that is gone without a word loses its desk after half a minute."""
_PAUSE: Final = 0.2
"""Seconds between two questions for a lock."""


class DeskTaken(LedgerUnavailable):
    """Another process has the desk of the account still."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the desk."""

    pid: int
    host: str
    command: str
    since: str
    """An instant in UTC."""

    def __str__(self) -> str:
        return f"perun {self.command} (pid {self.pid} on {self.host}, since {self.since[:19]}Z)"


@dataclass(frozen=True, slots=True)
class Tenure:
    """The right to trade for an account, held until the block ends that `take` began."""

    account: str
    confirm: Callable[[], None]
    """Raises LedgerUnavailable when the right was lost; asked before every order."""


@contextmanager
def take(
    account: str, place: Path | Server, seconds: float, clock: Clock, command: str, wait: Callable[[float], None]
) -> Iterator[Tenure]:
    """Be the one desk of an account.

    Args:
        account: whose.
        place: the folder of lock files, or the server.
        seconds: how long to wait for whoever has it.
        clock: names the instant since when.
        command: what this process was told to do, for whoever waits for it.
        wait: lets so many seconds pass.

    Raises:
        DeskTaken: another process has it still, and the message names that process.
        LedgerUnavailable: the server does not answer, or the folder takes no lock.
    """
    holder = Holder(os.getpid(), platform.node(), command, stamp(clock.now()))
    if isinstance(place, Path):
        taken = _by_file(account, place, seconds, holder)
    else:
        taken = _by_server(account, place, seconds, holder, wait)
    with taken as tenure:
        yield tenure


@contextmanager
def _by_file(account: str, folder: Path, seconds: float, holder: Holder) -> Iterator[Tenure]:
    from filelock import FileLock, Timeout

    lock = FileLock(folder / f"desk-{account}.lock", timeout=seconds)
    # Beside the lock: whoever tries for it empties it.
    said = folder / f"desk-{account}.holder.json"
    try:
        lock.acquire()
    except Timeout as error:
        with suppress(OSError, ValueError, TypeError):
            raise _taken(account, seconds, str(Holder(**json.loads(said.read_text())))) from error
        raise _taken(account, seconds, "another perun") from error
    except OSError as error:
        raise LedgerUnavailable(f"{folder} takes no lock ({error.strerror}): make room, then try again") from error
    try:
        with suppress(OSError):  # the lock is what counts
            said.write_text(json.dumps(asdict(holder)))
        yield Tenure(account, lambda: None)
    finally:
        with suppress(OSError):
            said.unlink()
        lock.release()


@contextmanager
def _by_server(
    account: str, server: Server, seconds: float, holder: Holder, wait: Callable[[float], None]
) -> Iterator[Tenure]:
    with server.session(_PATIENCE) as session:
        session.execute("SELECT set_config('application_name', %s, false)", [_label(holder)])
        for name, value in _KEEPALIVE.items():
            session.execute(f"SET tcp_keepalives_{name} = {value}")
        # Asked again and again, not waited for in the server: what waits there holds up the making of an index.
        for _ in range(round(seconds / _PAUSE) + 1):
            if session.execute(f"SELECT 1 WHERE pg_try_advisory_lock({_KEY})", [account]).fetchone():
                break
            wait(_PAUSE)
        else:
            row = session.execute(_WHO, [account]).fetchone()
            raise _taken(account, seconds, _told(row["application_name"] if row else ""))
        yield Tenure(account, lambda: _confirm(session, account, server))


def _confirm(session: Any, account: str, server: Server) -> None:
    import psycopg

    try:
        session.execute("SELECT 1")
    except psycopg.Error as error:
        raise LedgerUnavailable(
            f"the desk of account {account} was lost with its connection to {server}: run it again"
        ) from error


def _label(holder: Holder) -> str:
    """At most 63 bytes, of which a server keeps no more; the instant matters more than a long name of a machine."""
    return f"{_MARK} {holder.pid} {holder.since[:19]} {holder.command[:10] or '-'} {holder.host}"[:63]


def _told(label: str) -> str:
    words = label.split(" ", 4)
    if len(words) != len(("mark", "pid", "since", "command", "host")) or not words[1].isdigit():
        return "another perun"
    return str(Holder(int(words[1]), words[4], words[3], words[2]))


def _taken(account: str, seconds: float, who: str) -> DeskTaken:
    return DeskTaken(
        f"another perun has held the desk of account {account} for {seconds:g} seconds and more: {who}; wait, or end it"
    )
