"""`perun exchange serve`: the embedded exchange as an Alpaca-compatible server for other programs."""

from collections.abc import Callable
from typing import Literal

from pydantic import SecretStr

from perun.graph.app.exchange_server.app import create_app
from perun.graph.app.exchange_server.serving import serve
from perun.graph.app.exchange_server.turnstile import Keys
from perun.graph.app.reading import read_settings
from perun.graph.app.venues import open_exchange
from perun.graph.app.wiring import data_folder
from perun.tools.domain.errors import ConfigurationError
from perun.tools.market.recorded import RecordedMarket

KEY, SECRET = "embedded", "embedded"
"""What a client shows when no keys are set: they guard nothing but paper on this machine."""


def serve_exchange(host: str, port: int, pace: Literal["manual", "auto"], say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        ConfigurationError: the port is taken, or settings are no good.
    """
    settings = read_settings().settings
    folder, market = data_folder(settings), RecordedMarket.shipped()
    keys = Keys(_said(settings.alpaca_api_key, KEY), _said(settings.alpaca_secret_key, SECRET))
    shown = "the keys that are set" if settings.alpaca_api_key else f"key {KEY!r} and secret {SECRET!r}"
    with open_exchange(settings, market, folder) as exchange:
        say(f"perun: the exchange stands at {exchange.now():%Y-%m-%d}, pace {pace}, and takes {shown}")
        say(f"perun: trading and data http://{host}:{port}  stream ws://{host}:{port}/stream  (Ctrl-C ends it)")
        try:
            serve(create_app(exchange, market, keys, pace=pace), host, port)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host} cannot be used ({error.strerror}): name another"
            ) from error


def _said(secret: SecretStr | None, otherwise: str) -> str:
    return secret.get_secret_value() if secret else otherwise
