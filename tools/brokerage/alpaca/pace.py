"""The pace of a live market: it goes on by itself, and orders are watched until they are done or patience ends."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from perun.tools.domain.clock import Clock, stopwatch
from perun.tools.domain.errors import BrokerUnavailable
from perun.tools.domain.ports import BookReader

BETWEEN_LOOKS: Final = timedelta(seconds=1)
FRESH_FOR: Final = timedelta(minutes=15)

Wait = Callable[[timedelta], object]
"""Returns after so long, or earlier when something may have changed: a sleep, or `TradeUpdates.wait`."""


class AlpacaPace:
    """Watches orders by REST. Whoever builds it says how to wait, since only the process edge sleeps."""

    def __init__(
        self,
        book: BookReader,
        clock: Clock,
        wait: Wait,
        patience: timedelta,
        fresh_for: timedelta = FRESH_FOR,
    ) -> None:
        self._book = book
        self._clock = clock
        self._wait = wait
        self._patience = patience
        self._fresh_for = fresh_for

    def is_current(self, as_of: datetime) -> bool:
        """True while the decision is young; the gate looks at prices anew all the same."""
        return self._clock.now() - as_of <= self._fresh_for

    def follow(self, client_order_ids: Sequence[str], as_of: datetime) -> None:
        """Look at the orders again and again until each is terminal, or there is none, or patience ends.

        A look that fails is only a look: what became of an order is read again by whoever needs it.

        Raises:
            KeyRefused: the broker does not accept the key; nobody asks again.
        """
        began, open_ids = stopwatch(), list(client_order_ids)
        while open_ids := self._still_open(open_ids):
            left = self._patience - timedelta(seconds=stopwatch() - began)
            if left <= timedelta(0):
                return
            self._wait(min(left, BETWEEN_LOOKS))

    def end_cycle(self, as_of: datetime) -> None:
        """Nothing: the market goes on by itself."""

    def _still_open(self, client_order_ids: Iterable[str]) -> list[str]:
        return [id_ for id_ in client_order_ids if not self._is_done(id_)]

    def _is_done(self, client_order_id: str) -> bool:
        with suppress(BrokerUnavailable):
            order = self._book.order(client_order_id)
            return order is None or order.status.is_terminal
        return False
