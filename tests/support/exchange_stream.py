"""A bare websocket client of the served exchange's stream, one message at a time."""

import json
from typing import Any

from websockets.sync.client import ClientConnection

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
