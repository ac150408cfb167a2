"""The pace of a recorded market: it stands still while a cycle thinks, and moves one session on when it has acted."""

from collections.abc import Sequence
from datetime import datetime

from perun.tools.brokerage.embedded.exchange import Exchange


class RecordedPace:
    """Moves the exchange's clock; each cycle moves it once, whether or not it traded."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def is_current(self, as_of: datetime) -> bool:
        """True while the clock still stands where the decision was taken."""
        return self._exchange.now() == as_of

    def follow(self, client_order_ids: Sequence[str], as_of: datetime) -> None:
        """Play the next session, in which the orders trade."""
        self._exchange.advance(as_of)

    def end_cycle(self, as_of: datetime) -> None:
        """Play the next session if the cycle has not done so."""
        self._exchange.advance(as_of)
