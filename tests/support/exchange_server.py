"""The embedded exchange served on a free loopback port, as any Alpaca client sees it.

Example:
        def test_when_a_client_buys_then_…(tmp_path):
            market = made_market(tmp_path / "market", {"AAPL": [100, 101]})
            with served_exchange(tmp_path, market, **FREE) as served:
                client = TradingClient(served.key, served.secret, url_override=served.base_url)
                …
                served.advance()
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perun.graph.app.exchange_server.app import create_app
from perun.graph.app.exchange_server.serving import bound, server_of
from perun.graph.app.exchange_server.turnstile import Keys
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.market.recorded import RecordedMarket
from support.exchange import exchange_at, pass_session

KEYS = Keys("loopback-key", "loopback-secret")
MANY = 1_000_000
"""Requests a minute: tests do not wait for the next one."""


@dataclass(frozen=True)
class ServedExchange:
    """Where a client finds it, and the exchange itself, by which a test looks behind the wire."""

    base_url: str
    stream_url: str
    key: str
    secret: str
    exchange: Exchange

    def advance(self) -> None:
        """Play the next session."""
        pass_session(self.exchange)


@contextmanager
def served_exchange(
    folder: Path, market: RecordedMarket, *, app: dict[str, Any] | None = None, **settings: Any
) -> Iterator[ServedExchange]:
    """Serve the exchange whose books lie in `folder`; `app` goes to `create_app`, the rest to its settings."""
    options = {"requests_a_minute": MANY, **(app or {})}
    with exchange_at(folder, market, **settings) as exchange, bound("127.0.0.1", 0) as listener:
        server = server_of(create_app(exchange, market, KEYS, **options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        place = f"127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield ServedExchange(f"http://{place}", f"ws://{place}/stream", KEYS.key, KEYS.secret, exchange)
        finally:
            server.should_exit = True
            thread.join()
