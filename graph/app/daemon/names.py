"""Names held on a server, each by a connection of its own: so every machine sees which executors live."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Final

from perun.graph.app.daemon.telling import Tell
from perun.graph.ledger.postgres import Server
from perun.tools.domain.errors import LedgerUnavailable

_KEY: Final = "hashtextextended('perun executor ' || %s, 0)"
_TAKE: Final = f"SELECT 1 WHERE pg_try_advisory_lock({_KEY})"
_WHO: Final = f"""
    SELECT name FROM unnest(%s::text[]) AS name WHERE EXISTS (
        SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = {_KEY.replace("%s", "name")})"""
_KEEPALIVE: Final = {"idle": 15, "interval": 5, "count": 3}
"""A machine that is gone without a word loses its name after half a minute."""
_PATIENCE: Final = 5.0
"""Seconds in which a server must answer at all."""
_LOOK_SECONDS: Final = 2.0
_AWAY_SECONDS: Final = 0.5
"""Between two looks for a server that went away: people are told soon that it is back."""


@contextmanager
def holding(server: Server, name: str, tell: Tell) -> Iterator[bool]:
    """Hold the name in this block; False when another process holds it. The server's absence is told, and its return.

    When the server comes back the name is taken again.

    Raises:
        LedgerUnavailable: the server does not answer.
    """
    hold = _Hold(server, name, tell)
    thread = Thread(target=hold.keep, name="executor's name", daemon=True)
    thread.start()
    try:
        yield hold.first.result()
    finally:
        hold.ended.set()
        thread.join(_PATIENCE)


@contextmanager
def in_turn(server: Server, name: str) -> Iterator[bool]:
    """Hold the name for a moment's work; False when another process is at it.

    Raises:
        LedgerUnavailable: the server does not answer.
    """
    with server.session(_PATIENCE) as session:
        yield session.execute(_TAKE, [name]).fetchone() is not None


def is_held(server: Server, name: str) -> bool:
    """True while a process of any machine holds the name.

    Raises:
        LedgerUnavailable: the server does not answer.
    """
    return bool(held(server, [name]))


def held(server: Server, names: Sequence[str]) -> set[str]:
    """Those of the names that processes of any machine hold.

    Raises:
        LedgerUnavailable: the server does not answer.
    """
    with server.session(_PATIENCE) as session:
        return {row["name"] for row in session.execute(_WHO, [list(names)])}


@dataclass
class _Hold:
    """One name, and the connection that holds it."""

    server: Server
    name: str
    tell: Tell
    first: "Future[bool]" = field(default_factory=Future)
    """Whether the name was free at the beginning."""
    ended: Event = field(default_factory=Event)

    def keep(self) -> None:
        """Hold the name until the end; a server that went away is asked again and again."""
        is_away = False
        while not self.ended.is_set():
            try:
                with self.server.session(_PATIENCE) as session:
                    if is_away:
                        self.tell("database", f"the database {self.server} answers again")
                        is_away = False
                    self._hold(session)
            except LedgerUnavailable as error:
                if not self.first.done():
                    self.first.set_exception(error)
                    return
                if not is_away and not self.ended.is_set():
                    self.tell("database", f"{error}; until then work waits")
                is_away = True
            self.ended.wait(_AWAY_SECONDS if is_away else _LOOK_SECONDS)

    def _hold(self, session: Any) -> None:
        for name, value in _KEEPALIVE.items():
            session.execute(f"SET tcp_keepalives_{name} = {value}")
        is_ours = session.execute(_TAKE, [self.name]).fetchone() is not None
        if not self.first.done():
            self.first.set_result(is_ours)
        while is_ours and not self.ended.wait(_LOOK_SECONDS):
            session.execute("SELECT 1")
