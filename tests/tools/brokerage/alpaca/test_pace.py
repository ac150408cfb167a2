"""How orders are followed: by REST until they are done, woken early by the stream, and never held up by it."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from perun.tools.brokerage.alpaca.body import wire_body
from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.line import trading_line
from perun.tools.brokerage.alpaca.pace import BETWEEN_LOOKS, FRESH_FOR, AlpacaPace
from perun.tools.brokerage.alpaca.updates import TradeUpdates
from perun.tools.domain.clock import StoppedClock
from perun.tools.domain.errors import KeyRefused
from support.exchange import buy
from support.fault_server import FAULTS, KEY, SECRET, FaultServer, Page, access, closed_port, refusal, row

AS_OF = datetime(2024, 1, 2, 20, 45, tzinfo=UTC)
PATIENCE = timedelta(seconds=10)
LOOK = "/v2/orders:by_client_order_id"
LONG = timedelta(seconds=20)


def follow(pages: list[Page], *ids: str, patience: timedelta = PATIENCE) -> tuple[list[timedelta], int]:
    """How long it waited each time, and how often it looked, when the looks are answered so."""
    waits: list[timedelta] = []
    answers = iter(pages)
    with FaultServer(pages={LOOK: lambda _: next(answers)}) as server:
        book = AlpacaBook(trading_line(access(server.url)))
        AlpacaPace(book, StoppedClock(AS_OF), waits.append, patience).follow(ids, AS_OF)
    return waits, len(server.requests)


def at(status: str, name: str = "a") -> dict[str, Any]:
    return row(wire_body(buy(1, id=name)), status=status)


def test_when_orders_are_done_then_nobody_waits() -> None:
    assert follow([at("filled", "a"), at("rejected", "b")], "a", "b") == ([], 2)


def test_when_nothing_was_sent_then_nobody_looks() -> None:
    assert follow([]) == ([], 0)


def test_when_an_order_works_then_it_alone_is_looked_at_until_it_is_done() -> None:
    looks: list[Page] = [at("filled", "a"), at("new", "b"), at("partially_filled", "b"), at("canceled", "b")]
    assert follow(looks, "a", "b") == ([BETWEEN_LOOKS, BETWEEN_LOOKS], 4)


def test_when_the_broker_knows_no_such_order_then_nobody_waits_for_it() -> None:
    assert follow([None], "a") == ([], 1)


def test_when_a_look_fails_then_there_is_another() -> None:
    limited = refusal(429, 42910000, "too many requests")
    assert follow([limited, at("filled")], "a") == ([BETWEEN_LOOKS], 2)


def test_when_patience_ends_then_the_order_is_left_as_it_stands() -> None:
    assert follow([at("new")], "a", patience=timedelta(0)) == ([], 1)


def test_when_little_patience_is_left_then_the_wait_is_no_longer_than_that() -> None:
    (wait,), _ = follow([at("new"), at("filled")], "a", patience=timedelta(milliseconds=900))
    assert timedelta(0) < wait < timedelta(milliseconds=900)


def test_when_the_key_is_refused_then_nobody_asks_again() -> None:
    with pytest.raises(KeyRefused):
        follow([FAULTS["401"]], "a")


@pytest.mark.parametrize(("age", "is_current"), [(FRESH_FOR, True), (FRESH_FOR + timedelta(seconds=1), False)])
def test_when_a_decision_ages_then_it_is_current_no_longer(age: timedelta, is_current: bool) -> None:
    book = AlpacaBook(trading_line(access("http://nowhere.invalid")))
    pace = AlpacaPace(book, StoppedClock(AS_OF + age), lambda _: None, PATIENCE)
    assert pace.is_current(AS_OF) is is_current


@contextmanager
def streaming(*messages: str) -> Iterator[str]:
    """A stream that greets as Alpaca's does and then says the messages; its address."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    port: list[int] = []

    async def greet(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps({"stream": "authorization", "data": {"status": "authorized"}}).encode())
        await connection.recv()
        for message in messages:
            await connection.send(message.encode())
        await connection.wait_closed()

    async def run() -> None:
        async with serve(greet, "127.0.0.1", 0) as server:
            port.append(next(iter(server.sockets)).getsockname()[1])
            ready.set()
            await stopped.wait()

    stopped = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"ws://127.0.0.1:{port[0]}/stream"
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        loop.close()


UPDATE = json.dumps({"stream": "trade_updates", "data": {"event": "fill", "order": {"status": "pondering"}}})


@pytest.mark.parametrize("messages", [[UPDATE], [UPDATE, UPDATE], ["{}", UPDATE], ['{"stream": "listening"}', UPDATE]])
def test_when_the_stream_says_that_something_happened_then_the_wait_ends_early(messages: list[str]) -> None:
    with streaming(*messages) as url, TradeUpdates(access("http://x", stream_url=url)) as updates:
        assert updates.wait(LONG) is True


def test_when_the_stream_is_silent_then_the_wait_lasts_its_time() -> None:
    with streaming() as url, TradeUpdates(access("http://x", stream_url=url)) as updates:
        assert updates.wait(timedelta(milliseconds=50)) is False


def test_when_there_is_no_stream_then_the_wait_lasts_its_time() -> None:
    url = f"ws://127.0.0.1:{closed_port()}/stream"
    with TradeUpdates(access("http://x", stream_url=url)) as updates:
        assert updates.wait(timedelta(milliseconds=100)) is False


def test_when_there_is_no_stream_then_the_person_sees_nothing_of_it() -> None:
    # In a process of its own: pytest listens to every log, and Python is silent about what is listened to.
    code = f"""
from datetime import timedelta
from perun.tools.brokerage.alpaca.client import AlpacaAccess
from perun.tools.brokerage.alpaca.updates import TradeUpdates
access = AlpacaAccess(key="{KEY}", secret="{SECRET}", stream_url="ws://127.0.0.1:{closed_port()}/stream")
with TradeUpdates(access) as updates:
    updates.wait(timedelta(milliseconds=200))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
