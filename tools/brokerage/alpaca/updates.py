"""Alpaca's stream of trade updates, taken as a hint that something changed: the truth is read by REST."""

import logging
from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final, Self

from alpaca.trading.stream import TradingStream

from perun.tools.brokerage.alpaca.client import AlpacaAccess

_SDK_LOG: Final = logging.getLogger("alpaca.trading.stream")
_SILENCE: Final = logging.NullHandler()


class TradeUpdates:
    """Listens in a thread of its own. Use as a context manager.

    Whatever goes wrong with the stream (no server, a refused key, a lost connection, messages twice, out of order or
    not at all) only means that `wait` returns after its whole time. The SDK connects anew by itself.
    """

    def __init__(self, access: AlpacaAccess) -> None:
        self._changed = Event()
        key, secret = access.key.get_secret_value(), access.secret.get_secret_value()
        # Raw: a message with a status that the SDK does not know is a hint all the same.
        url = access.stream_url or ""  # empty is the SDK's word for its own address
        self._stream = TradingStream(key, secret, paper=access.paper, raw_data=True, url_override=url)
        self._stream.subscribe_trade_updates(self._hint)
        self._thread = Thread(target=self._stream.run, name="trade updates", daemon=True)

    def wait(self, longest: timedelta) -> bool:
        """Return when something may have changed since the last time, or after the longest time; True when it did."""
        hinted = self._changed.wait(longest.total_seconds())
        self._changed.clear()
        return hinted

    def __enter__(self) -> Self:
        _SDK_LOG.addHandler(_SILENCE)  # else it writes tracebacks to the person's terminal
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not waited for: it is a daemon that holds nothing, and a connection may take its time to end.
        has_begun = getattr(self._stream, "_loop", None) is not None
        if has_begun:
            self._stream.stop()

    async def _hint(self, _: Any) -> None:
        self._changed.set()
