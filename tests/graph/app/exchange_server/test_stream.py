"""The stream of trade updates, through alpaca-py's TradingStream and through a bare websocket."""

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alpaca.trading.models import TradeUpdate
from alpaca.trading.stream import TradingStream
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from support.exchange import buy, cleared
from support.exchange_server import ServedExchange
from support.exchange_stream import PATIENCE, heard, listen, say


@contextmanager
def trading_stream(served: ServedExchange) -> Iterator["queue.Queue[TradeUpdate]"]:
    told: queue.Queue[TradeUpdate] = queue.Queue()
    stream = TradingStream(served.key, served.secret, url_override=served.stream_url)

    async def keep(update: TradeUpdate) -> None:
        told.put(update)

    stream.subscribe_trade_updates(keep)
    thread = threading.Thread(target=lambda: asyncio.run(stream._run_forever()), daemon=True)
    thread.start()
    try:
        # The client says that it listens, and does not wait for the answer: only an update proves that it hears.
        for number in range(1000):
            served.exchange.submit(cleared(buy(1, "IBM", id=f"knock-{number}")))
            try:
                told.get(timeout=0.02)
                break
            except queue.Empty:
                continue
        yield told
    finally:
        stream.stop()
        served.exchange.submit(cleared(buy(1, "IBM", id="wake-up-and-see-that-you-are-stopped")))
        thread.join(PATIENCE)


def test_when_an_order_lives_then_alpacas_own_stream_client_hears_of_it(served: ServedExchange) -> None:
    with trading_stream(served) as told:
        served.exchange.submit(cleared(buy(10, id="a", stop_loss="95")))
        served.advance()
        updates = []
        while not updates or updates[-1].order.client_order_id != "a-stop":
            updates.append(told.get(timeout=PATIENCE))
    of_a = [update for update in updates if update.order.client_order_id == "a"]
    assert [update.event for update in of_a] == ["accepted", "fill"]
    fill = of_a[1]
    assert (fill.price, fill.qty, fill.position_qty) == (102, 10, 10)
    assert fill.execution_id is not None
    assert fill.timestamp == fill.order.filled_at


def test_when_a_client_has_the_wrong_keys_then_it_is_told_so_and_shown_out(served: ServedExchange) -> None:
    with connect(served.stream_url) as socket:
        answer = say(socket, "authenticate", key_id=served.key, secret_key="other")
        assert answer["data"]["status"] == "unauthorized"
        with pytest.raises(ConnectionClosed, match="1008"):
            socket.recv(timeout=PATIENCE)


def test_when_several_listen_then_each_hears_and_one_that_left_hurts_nobody(served: ServedExchange) -> None:
    with connect(served.stream_url) as one, connect(served.stream_url) as other:
        listen(one, served)
        listen(other, served)
        served.exchange.submit(cleared(buy(1, id="a")))
        assert heard(one) == heard(other)
    with connect(served.stream_url) as third:
        listen(third, served)
        served.exchange.cancel("a")
        assert heard(third)["data"]["event"] == "canceled"


def test_when_a_client_does_not_listen_then_it_hears_nothing(served: ServedExchange) -> None:
    with connect(served.stream_url) as socket:
        listen(socket, served)
        assert say(socket, "listen", streams=[])["data"] == {"streams": []}
        served.exchange.submit(cleared(buy(1, id="a")))
        assert say(socket, "listen", streams=["trade_updates"])["stream"] == "listening", "and nothing before it"


@pytest.mark.parametrize("noise", ["{", "[]", b"\xff\xfe", '{"action": "listen"}', '{"action": "listen", "data": 5}'])
def test_when_a_client_talks_nonsense_then_it_may_go_on(served: ServedExchange, noise: str | bytes) -> None:
    with connect(served.stream_url) as socket:
        listen(socket, served)
        socket.send(noise)
        socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        while heard(socket) != {"stream": "listening", "data": {"streams": ["trade_updates"]}}:
            pass
        served.exchange.submit(cleared(buy(1, id="a")))
        assert heard(socket)["data"]["event"] == "accepted"


@pytest.mark.parametrize("noise", ["{", "[]", b"\xff", '{"data": {"key_id": 5, "secret_key": {}}}'])
def test_when_a_stranger_talks_nonsense_then_it_is_shown_out(served: ServedExchange, noise: str | bytes) -> None:
    with connect(served.stream_url) as socket:
        socket.send(noise)
        assert heard(socket)["data"]["status"] == "unauthorized"
