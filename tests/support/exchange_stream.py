"""The served exchange's stream: a bare client of it, one message at a time, and a bad line to it."""

import json
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from threading import Thread
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from support.exchange_server import ServedExchange

PATIENCE = 20
"""Seconds to wait for a message that must come."""


def say(socket: ClientConnection, action: str, **data: Any) -> dict[str, Any]:
    """Say something; the answer to it."""
    socket.send(json.dumps({"action": action, "data": data}))
    return heard(socket)


def heard(socket: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message = socket.recv(timeout=PATIENCE)
    assert isinstance(message, bytes), "the paper stream of Alpaca sends binary frames"
    said: dict[str, Any] = json.loads(message)
    return said


def listen(socket: ClientConnection, served: ServedExchange) -> None:
    """Show the keys, and be told of trade updates from now on."""
    answer = say(socket, "authenticate", key_id=served.key, secret_key=served.secret)
    assert answer == {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
    answer = say(socket, "listen", streams=["trade_updates"])
    assert answer == {"stream": "listening", "data": {"streams": ["trade_updates"]}}


class Manner(StrEnum):
    """How a line passes trade updates on."""

    HONEST = "honest"
    SILENT = "not at all"
    CONFUSED = "each again with all that came before, the newest first"


class StreamLine:
    """Stands between a client and the exchange's stream. Use as a context manager."""

    def __init__(self, served: ServedExchange, manner: Manner = Manner.HONEST) -> None:
        self._upstream, self._manner = served.stream_url, manner
        self._clients: list[ServerConnection] = []
        self.told = 0
        """How many trade updates a client was told."""
        self._server = serve(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/stream"
        """Where a client finds it."""
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def drop(self) -> None:
        """Hang up on everybody, and take no calls any more."""
        self._server.shutdown()
        for client in self._clients:
            client.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()
        self._thread.join()

    def _serve(self, client: ServerConnection) -> None:
        self._clients.append(client)
        with connect(self._upstream) as exchange:
            back = Thread(target=self._pass_on, args=(exchange, client), daemon=True)
            back.start()
            with suppress(ConnectionClosed):
                for message in client:
                    exchange.send(message)
        back.join()

    def _pass_on(self, exchange: ClientConnection, client: ServerConnection) -> None:
        heard: list[bytes | str] = []
        with suppress(ConnectionClosed):
            for message in exchange:
                if json.loads(message).get("stream") != "trade_updates":
                    client.send(message)
                    continue
                heard.append(message)
                for each in self._as_told(heard):
                    self.told += 1
                    client.send(each)

    def _as_told(self, heard: list[bytes | str]) -> Iterable[bytes | str]:
        ways = {Manner.HONEST: heard[-1:], Manner.SILENT: [], Manner.CONFUSED: [*heard[::-1], *heard]}
        return ways[self._manner]
