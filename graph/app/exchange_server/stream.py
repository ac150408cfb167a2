"""The stream `/stream`: what happens to orders, told to every client that listens, as Alpaca's `trade_updates`."""

import asyncio
import json
from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from perun.graph.app.exchange_server.papers import Paper, update_paper
from perun.graph.app.exchange_server.turnstile import Keys
from perun.tools.brokerage.embedded.updates import TradeUpdate

TRADE_UPDATES: Final = "trade_updates"
_REFUSED: Final = 1008

router: Final = APIRouter()


class Listeners:
    """The clients that listen now. An update that nobody hears is not kept: REST has the truth."""

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[Paper], asyncio.AbstractEventLoop] = {}

    def tell(self, update: TradeUpdate) -> None:
        """Pass an update on; called from whatever thread changed the books."""
        for queue, loop in list(self._queues.items()):
            loop.call_soon_threadsafe(queue.put_nowait, update_paper(update))

    def add(self, queue: asyncio.Queue[Paper]) -> None:
        """Tell this client from now on."""
        self._queues[queue] = asyncio.get_running_loop()

    def drop(self, queue: asyncio.Queue[Paper]) -> None:
        """Tell this client no more."""
        self._queues.pop(queue, None)


@router.websocket("/stream")
async def stream(socket: WebSocket) -> None:
    """One client: it shows its keys, says what it listens to, and is told from then on."""
    await socket.accept()
    queue: asyncio.Queue[Paper] = asyncio.Queue()
    listeners: Listeners = socket.app.state.listeners
    telling = asyncio.create_task(_tell(socket, queue))
    try:
        if await _is_known(socket, queue):
            await _converse(socket, queue, listeners)
    except WebSocketDisconnect:
        return
    finally:
        listeners.drop(queue)
        telling.cancel()


async def _is_known(socket: WebSocket, queue: asyncio.Queue[Paper]) -> bool:
    keys: Keys = socket.app.state.keys
    said = await _heard(socket)
    data = said.get("data")
    given = data if isinstance(data, dict) else said
    known = keys.fit(str(given.get("key_id") or given.get("key")), str(given.get("secret_key") or given.get("secret")))
    status = "authorized" if known else "unauthorized"
    await _say(socket, {"stream": "authorization", "data": {"status": status, "action": "authenticate"}})
    if not known:
        await socket.close(_REFUSED)
    return known


async def _converse(socket: WebSocket, queue: asyncio.Queue[Paper], listeners: Listeners) -> None:
    while True:
        said = await _heard(socket)
        if said.get("action") != "listen":
            continue
        data = said.get("data")
        wanted = data.get("streams") if isinstance(data, dict) else None
        streams = [TRADE_UPDATES] if isinstance(wanted, list) and TRADE_UPDATES in wanted else []
        if streams:
            listeners.add(queue)
        else:
            listeners.drop(queue)
        queue.put_nowait({"stream": "listening", "data": {"streams": streams}})


async def _heard(socket: WebSocket) -> Paper:
    """The next message, from a text or a binary frame; empty when it is no JSON object."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code") or 1000)
    try:
        said = json.loads(message.get("text") or message.get("bytes") or b"")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


async def _tell(socket: WebSocket, queue: asyncio.Queue[Paper]) -> None:
    while True:
        await _say(socket, await queue.get())


async def _say(socket: WebSocket, paper: Paper) -> None:
    # Alpaca's paper accounts stream JSON in binary frames; clients are built for that.
    await socket.send_bytes(json.dumps(paper).encode())
