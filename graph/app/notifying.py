"""Messages to people over Apprise: each address has a thread of its own, so that a dead one holds up nothing."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, Final

from apprise import Apprise, NotifyType

from perun.graph.app.daemon.telling import Tell
from perun.graph.app.settings import Settings
from perun.graph.notices import Notice
from perun.tools.domain.errors import ConfigurationError

_PAUSES: Final = (0.0, 5.0, 30.0)
"""Seconds before each attempt to send a message."""
_MOST_WAITING: Final = 100
_BETWEEN: Final = re.compile(r",\s*(?=[A-Za-z0-9]+://)|,\s*$")
"""Between two addresses; a comma inside of one separates its recipients."""


@dataclass
class Delivery:
    """A message on its way to so many addresses."""

    title: str
    body: str
    is_urgent: bool
    _addresses: int
    _answers: list[bool] = field(default_factory=list)
    _settled: Event = field(default_factory=Event)

    def settle(self, taken: bool) -> None:
        """One address took it, or gave up; each calls from its own thread."""
        self._answers.append(taken)
        if taken or len(self._answers) >= self._addresses:
            self._settled.set()

    def wait(self) -> bool:
        """True as soon as one address took it; False when all gave up."""
        self._settled.wait()
        return any(self._answers)


@dataclass
class Address:
    """One of NOTIFY_URLS, called by its place and kind: the rest of it is secret."""

    name: str
    line: Apprise
    waiting: "Queue[Delivery | None]" = field(default_factory=lambda: Queue(_MOST_WAITING))
    """None ends it."""

    def send(self, message: Delivery, hurry: Event) -> bool:
        """Send it, in a few attempts, or one when there is no time; True when somebody took it."""
        kind = NotifyType.WARNING if message.is_urgent else NotifyType.INFO
        for pause in _PAUSES:
            if pause and hurry.wait(pause):
                return False
            if self.line.notify(title=message.title, body=message.body, notify_type=kind):
                return True
        return False


class Messenger:
    """Hands messages to every address; what an address does not take is said once."""

    def __init__(self, addresses: Sequence[Address], tell: Tell) -> None:
        self._addresses, self._tell, self._hurry = addresses, tell, Event()
        for address in addresses:
            Thread(target=self._serve, args=(address,), name=address.name, daemon=True).start()

    def post(self, title: str, notices: Sequence[Notice]) -> Delivery:
        """One message with a line for each notice; it is on its way when this returns."""
        body = "\n".join(f"{notice.at:%Y-%m-%d %H:%M} UTC  {notice.line}" for notice in notices)
        message = Delivery(title, body, any(notice.is_urgent for notice in notices), len(self._addresses))
        for address in self._addresses:
            try:
                address.waiting.put_nowait(message)
            except Full:
                self._tell("notify", f"{address.name} is so far behind that a message is left out")
                message.settle(taken=False)
        return message

    def hurry(self) -> None:
        """From now on each message is tried once."""
        self._hurry.set()

    def close(self) -> None:
        """Take no more messages; an address that is stuck is left behind."""
        for address in self._addresses:
            with suppress(Full):
                address.waiting.put_nowait(None)

    def _serve(self, address: Address) -> None:
        is_silent = False
        while (message := address.waiting.get()) is not None:
            taken = address.send(message, self._hurry)
            message.settle(taken)
            if not taken and not is_silent:
                self._tell("notify", f"{address.name} takes no messages: perun notify tries it")
            is_silent = not taken


@contextmanager
def open_messenger(settings: Settings, tell: Tell) -> Iterator[Messenger | None]:
    """The messenger to NOTIFY_URLS; None when there are none.

    Raises:
        ConfigurationError: one of the addresses is of no kind that Apprise knows.
    """
    if not (known := addresses(settings)):
        yield None
        return
    messenger = Messenger(known, tell)
    try:
        yield messenger
    finally:
        messenger.close()


def addresses(settings: Settings) -> list[Address]:
    """Those of NOTIFY_URLS.

    Raises:
        ConfigurationError: one of them is of no kind that Apprise knows.
    """
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log addresses
    written = settings.notify_urls.get_secret_value() if settings.notify_urls else ""
    urls = [part.strip() for part in _BETWEEN.split(written) if part.strip()]
    return [_address(url, place) for place, url in enumerate(urls, 1)]


def try_out(settings: Settings) -> dict[str, Any]:
    """Send every address a message now: the document `perun.notify/1`.

    Raises:
        ConfigurationError: NOTIFY_URLS is empty, or one of its addresses is of no kind that Apprise knows.
    """
    if not (known := addresses(settings)):
        raise ConfigurationError("NOTIFY_URLS is empty: nobody is told anything")
    rows = [
        {"address": each.name, "taken": bool(each.line.notify(title="Perun", body="A trial message."))}
        for each in known
    ]
    return {"schema": "perun.notify/1", "ok": all(row["taken"] for row in rows), "addresses": rows}


def _address(url: str, place: int) -> Address:
    line, kind = Apprise(), url.partition(":")[0]
    if not line.add(url):
        raise ConfigurationError(
            f"NOTIFY_URLS: address {place} is none that Apprise knows; write json://host, mailto://…, tgram://… and so "
            "on, see https://appriseit.com"
        )
    return Address(f"address {place} of NOTIFY_URLS ({kind})", line)
