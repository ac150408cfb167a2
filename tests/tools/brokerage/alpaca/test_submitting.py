"""What each answer to the one POST of an order means; it is sent at most once and stands at most once."""

import socket
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from perun.tools.brokerage.alpaca.body import wire_body
from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.line import trading_line
from perun.tools.brokerage.alpaca.writer import AlpacaWriter
from perun.tools.domain.errors import (
    ClientIdConflict,
    KeyRefused,
    NotSent,
    OrderRejected,
    PerunError,
    RateLimited,
    SubmitUnclear,
)
from perun.tools.domain.orders import Order, OrderStatus, OrderTerms
from support.exchange import buy, cleared
from support.fault_server import FAULTS, KEY, SECRET, Fault, FaultServer, access, closed_port, refusal, row

ENTRY = buy(10, id="perun-1", stop_loss="95")


def submit(url: str, terms: OrderTerms = ENTRY) -> Order:
    line = trading_line(access(url))
    return AlpacaWriter(line, AlpacaBook(line)).submit(cleared(terms))


def test_when_an_order_is_accepted_then_it_comes_back_as_alpaca_shows_it() -> None:
    with FaultServer() as server:
        order = submit(server.url)
    assert (order.client_order_id, order.status, order.qty) == ("perun-1", OrderStatus.PENDING_NEW, 10)
    assert server.bodies == [wire_body(ENTRY)]
    assert server.requests == ["POST /v2/orders"]


def test_when_bare_terms_are_submitted_then_nothing_is_sent() -> None:
    with FaultServer() as server:
        line = trading_line(access(server.url))
        with pytest.raises(TypeError, match="ClearedOrder"):
            AlpacaWriter(line, AlpacaBook(line)).submit(ENTRY)  # type: ignore[arg-type] # that is the point
    assert server.requests == []


CLEAR = "200 with an unknown status"
"""The order is shown, whatever its status means."""


@pytest.mark.parametrize("name", [name for name in FAULTS if name.startswith(("accept", "200")) and name != CLEAR])
def test_when_an_accepted_order_has_no_clear_answer_then_it_is_unclear_and_was_sent_once(name: str) -> None:
    with FaultServer(FAULTS[name]) as server, pytest.raises(SubmitUnclear, match="may or may not hold perun-1"):
        submit(server.url)
    assert (server.requests, list(server.orders)) == (["POST /v2/orders"], ["perun-1"])


def test_when_the_answer_has_an_unknown_status_then_the_order_stands_and_may_still_trade() -> None:
    with FaultServer(FAULTS[CLEAR]) as server:
        order = submit(server.url)
    assert (order.status, order.open_qty) == (OrderStatus.UNRECOGNISED, 10)
    assert (server.posts, len(server.orders)) == (1, 1)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("400", 400, 40010000),
        ("403", 403, 40310000),
        ("403 with HTML", 403, 0),
        ("404", 404, 40410000),
        ("422", 422, 42210000),
        ("422 not valid", 422, 40010001),
    ],
)
def test_when_alpaca_refuses_for_good_then_it_is_rejected_with_status_and_code(
    name: str, status: int, code: int
) -> None:
    with FaultServer(FAULTS[name]) as server, pytest.raises(OrderRejected) as refused:
        submit(server.url)
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.message
    assert (server.posts, server.orders) == (1, {})


def test_when_there_are_too_many_requests_then_nothing_was_accepted_and_the_reset_is_told() -> None:
    with FaultServer(FAULTS["429"]) as server, pytest.raises(RateLimited) as limited:
        submit(server.url)
    assert limited.value.resets == datetime(2024, 1, 2, 15, 1, tzinfo=UTC)
    assert (server.posts, server.orders) == (1, {})


def test_when_the_limit_has_no_reset_then_that_is_told_too() -> None:
    with FaultServer(FAULTS["429 without reset"]) as server, pytest.raises(RateLimited) as limited:
        submit(server.url)
    assert limited.value.resets is None


def test_when_the_key_is_refused_then_the_message_names_the_environment() -> None:
    with FaultServer(FAULTS["401"]) as server, pytest.raises(KeyRefused, match=r"paper account at 127\.0\.0\.1"):
        submit(server.url)
    assert (server.posts, server.orders) == (1, {})


def test_when_nobody_listens_then_the_order_was_not_sent() -> None:
    with pytest.raises(NotSent, match="perun-1 was not sent"):
        submit(f"http://127.0.0.1:{closed_port()}")


def test_when_the_host_has_no_address_then_the_order_was_not_sent() -> None:
    with pytest.raises(NotSent):
        submit("http://nowhere.invalid")


def test_when_connecting_takes_too_long_then_it_is_left_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perun.tools.brokerage.alpaca.client.CONNECT_WITHIN", timedelta(milliseconds=100))
    with full_house() as port, pytest.raises(SubmitUnclear, match="ConnectTimeout"):
        submit(f"http://127.0.0.1:{port}")


@contextmanager
def full_house() -> Iterator[int]:
    """A port at which somebody listens who takes no more connections."""
    with ExitStack() as held, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_when_an_equal_order_has_the_id_then_it_is_adopted_as_it_stands() -> None:
    with FaultServer() as server:
        server.orders["perun-1"] = row(wire_body(ENTRY), status="filled", filled_qty="10", filled_avg_price="99.5")
        order = submit(server.url)
    assert (order.status, order.filled_qty) == (OrderStatus.FILLED, 10)
    assert (server.posts, len(server.orders)) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"qty": "11"},
        {"symbol": "IBM"},
        {"side": "sell"},
        {"type": "limit"},
        {"limit_price": "1"},
        {"stop_price": "1"},
        {"time_in_force": "day"},
        {"order_class": "simple", "legs": None},
        {"order_class": "", "legs": []},
    ],
    ids=str,
)
def test_when_another_order_has_the_id_then_it_is_a_conflict(other: dict[str, Any]) -> None:
    with FaultServer() as server:
        server.orders["perun-1"] = row(wire_body(ENTRY), **other)
        with pytest.raises(ClientIdConflict, match="holds another order under perun-1"):
            submit(server.url)
    assert (server.posts, len(server.orders)) == (1, 1)


def test_when_the_id_is_taken_but_the_order_cannot_be_read_then_it_is_unclear() -> None:
    pages = {"/v2/orders:by_client_order_id": refusal(503, 50010000, "later")}
    taken = refusal(422, 40010001, "client_order_id must be unique")
    with FaultServer(taken, pages) as server, pytest.raises(SubmitUnclear, match="its id may be taken"):
        submit(server.url)
    assert server.posts == 1


def test_when_only_the_words_say_that_the_id_is_taken_then_they_are_believed() -> None:
    with FaultServer(refusal(422, 0, "client order id must be unique")) as server:
        server.orders["earlier"] = row(wire_body(ENTRY), client_order_id="perun-1")
        server.pages["/v2/orders:by_client_order_id"] = server.orders["earlier"]
        assert submit(server.url).client_order_id == "perun-1"


def test_when_the_answer_is_silent_about_exits_then_the_order_is_accepted() -> None:
    with FaultServer(Fault(shows={"legs": None})) as server:
        assert submit(server.url).client_order_id == "perun-1"


@pytest.mark.parametrize("name", [*FAULTS, "closed port", "key that no header takes"])
def test_whatever_goes_wrong_then_no_key_is_seen_anywhere_in_the_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer(_echoing_keys(FAULTS.get(name, FAULTS["none"]))) as server:
        url = f"http://127.0.0.1:{closed_port()}" if name == "closed port" else server.url
        if name == "key that no header takes":
            monkeypatch.setattr("support.fault_server.KEY", f"{KEY}\n")
        try:
            submit(url)
        except (PerunError, OrderRejected) as error:
            told = "".join(traceback.format_exception(error))
            assert KEY not in told
            assert SECRET not in told
        else:
            assert FAULTS[name].body is None


def _echoing_keys(fault: Fault) -> Fault:
    """The fault of a server that repeats in its message what it was sent."""
    if fault.body is None or "message" not in fault.body:
        return fault
    said = fault.body.replace('"message": "', f'"message": "{KEY} {SECRET} ')
    return Fault(fault.accepts, fault.status, said, fault.shows, fault.headers)


def test_when_alpacas_own_client_is_left_alone_then_it_would_send_again() -> None:
    """The reason for all this, and the proof that the server would notice a second POST."""
    from alpaca.trading.client import TradingClient

    with FaultServer(FAULTS["accept then 504"]) as server:
        client = TradingClient(KEY, SECRET, url_override=server.url, raw_data=True)
        client._retry, client._retry_wait = 1, 0
        client._session.mount("http://", requests.adapters.HTTPAdapter())
        with pytest.raises(Exception, match="must be unique"):
            client.post("/orders", wire_body(ENTRY))
    assert server.posts == 2
