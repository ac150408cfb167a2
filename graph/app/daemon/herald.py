"""Tells people what is new in the ledger, beside the work and never in its way; off without NOTIFY_URLS."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from perun.graph.app.daemon.names import in_turn
from perun.graph.app.daemon.telling import Tell
from perun.graph.app.hushing import redaction
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import ledger_place
from perun.graph.ledger.ledger import Remote, open_ledger
from perun.graph.notices import Notices
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import PerunError

if TYPE_CHECKING:
    from perun.graph.app.notifying import Messenger


_LAST_SECONDS: Final = 5.0
"""How long the end of the process waits for a message on its way."""


class Herald:
    """Told to cry, it reads the ledger's news and has them sent, in a thread of its own: no slot waits for people.

    One message is on its way at a time, and what it said is noted as told when an address took it. What none takes is
    tried again, with what came to it, at the next cry, until it is no news any more. Daemons of one account on several
    machines take turns: what one of them has told is told by no other.
    """

    def __init__(self, settings: Settings, clock: Clock, tell: Tell, title: str, account: str) -> None:
        self._settings, self._clock, self._tell, self._title = settings, clock, tell, title
        self._notices = Notices(account)
        self._called, self._is_over = Event(), False

    def cry(self) -> None:
        """Tell what is new, soon. Nothing that goes wrong then is of any consequence for the desk."""
        self._called.set()

    @contextmanager
    def at_work(self, messenger: "Messenger") -> Iterator[None]:
        """Heed cries; at the end tell what is left, in a few seconds."""
        thread = Thread(target=self._serve, args=(messenger,), name="herald", daemon=True)
        thread.start()
        try:
            yield
        finally:
            messenger.hurry()
            self._is_over = True
            self._called.set()
            thread.join(_LAST_SECONDS)

    def _serve(self, messenger: "Messenger") -> None:
        while not self._is_over:
            self._called.wait()
            self._called.clear()
            try:
                with self._turn() as is_mine:
                    while is_mine and self._told_something(messenger):
                        pass
            except PerunError as error:
                self._tell("notify", f"the ledger's news cannot be read: {error}")

    def _turn(self) -> AbstractContextManager[bool]:
        """True in the block when nobody else tells this account's news just now; one machine has one daemon anyway."""
        if isinstance(place := ledger_place(self._settings), Remote):
            return in_turn(place.server, f"herald of {self._notices.account}")
        return nullcontext(True)

    def _told_something(self, messenger: "Messenger") -> bool:
        """Tell what is new: False when nothing is, or nobody takes it."""
        place, hushed = ledger_place(self._settings), redaction(self._settings)
        with open_ledger(place, self._clock, redaction=hushed) as ledger:
            news = self._notices.fresh(ledger, self._clock.now())
            if not news.notices:
                if news.upto:
                    self._notices.told(ledger, news, self._clock.now())
                return False
        lines = [notice.line for notice in news.notices]
        if not messenger.post(f"{self._title}: {_headline(lines)}", news.notices).wait():
            return False
        with open_ledger(place, self._clock, redaction=hushed) as ledger:
            self._notices.told(ledger, news, self._clock.now())
        return True


@contextmanager
def herald(
    settings: Settings, clock: Clock, tell: Tell, account: str, mode: str, *, is_on: bool = True
) -> Iterator[Herald]:
    """The daemon's herald; what happened before there ever was one is told by none.

    Raises:
        ConfigurationError: one of NOTIFY_URLS is of no kind that Apprise knows.
    """
    crier = Herald(settings, clock, tell, f"Perun {mode}", account)
    if settings.notify_urls is None or not is_on:
        yield crier
        return
    from perun.graph.app.notifying import open_messenger  # Apprise takes its time

    with open_messenger(settings, tell) as messenger:
        if messenger is None:
            yield crier
            return
        crier.cry()
        with crier.at_work(messenger):
            yield crier


def _headline(lines: list[str]) -> str:
    """The first piece of news, and how many more there are."""
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"{lines[0].partition(':')[0]}{more}"
