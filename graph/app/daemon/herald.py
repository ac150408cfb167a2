"""Tells people what is new in the ledger, between cycles and never in one; off without NOTIFY_URLS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perun.graph.app.daemon.telling import Tell
from perun.graph.app.hushing import redaction
from perun.graph.app.settings import Settings
from perun.graph.app.wiring import ledger_place
from perun.graph.ledger.ledger import open_ledger
from perun.graph.notices import Notices
from perun.tools.domain.clock import Clock
from perun.tools.domain.errors import PerunError

if TYPE_CHECKING:
    from perun.graph.app.notifying import Messenger


@dataclass
class Herald:
    """Reads the ledger's news and has them sent."""

    settings: Settings
    clock: Clock
    tell: Tell
    mode: str
    notices: Notices
    messenger: "Messenger | None"

    def cry(self) -> None:
        """Tell what is new. Nothing that goes wrong here is of any consequence for the desk."""
        if self.messenger is None:
            return
        try:
            hushed = redaction(self.settings)
            with open_ledger(ledger_place(self.settings), self.clock, redaction=hushed) as ledger:
                news = self.notices.take(ledger, self.clock.now())
        except PerunError as error:
            self.tell("notify", f"the ledger's news cannot be read: {error}")
            return
        if news:
            self.messenger.post(f"Perun {self.mode}: {_headline([notice.line for notice in news])}", news)


@contextmanager
def herald(
    settings: Settings, clock: Clock, tell: Tell, account: str, mode: str, *, is_on: bool = True
) -> Iterator[Herald]:
    """The daemon's herald; what happened before there ever was one is told by none.

    Raises:
        ConfigurationError: one of NOTIFY_URLS is of no kind that Apprise knows.
    """
    if settings.notify_urls is None or not is_on:
        yield Herald(settings, clock, tell, mode, Notices(account), None)
        return
    from perun.graph.app.notifying import open_messenger  # Apprise takes its time

    with open_messenger(settings, tell) as messenger:
        crier = Herald(settings, clock, tell, mode, Notices(account), messenger)
        crier.cry()
        yield crier


def _headline(lines: list[str]) -> str:
    """The first piece of news, and how many more there are."""
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"{lines[0].partition(':')[0]}{more}"
