"""What each answer to a cancellation means, and the account's brake."""

from collections.abc import Callable

import pytest

from perun.tools.brokerage.alpaca.body import wire_body
from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.line import trading_line
from perun.tools.brokerage.alpaca.switch import AlpacaAccountSwitch
from perun.tools.brokerage.alpaca.writer import AlpacaWriter
from perun.tools.domain.errors import BrokerUnavailable, KeyRefused, OrderRejected
from perun.tools.domain.orders import Order, OrderStatus
from support.exchange import buy
from support.fault_server import FAULTS, Fault, FaultServer, Page, access, refusal, row

LOOK, CANCEL = "/v2/orders:by_client_order_id", "DELETE /v2/orders/id-a"
CONFIGURE = "PATCH /v2/account/configurations"
ORDER = row(wire_body(buy(10, id="a")))


def changed_after_a_look() -> Callable[[dict[str, str]], Page]:
    states = iter([ORDER, {**ORDER, "status": "canceled"}])
    return lambda _: next(states)


def cancel(server: FaultServer) -> Order:
    line = trading_line(access(server.url))
    return AlpacaWriter(line, AlpacaBook(line)).cancel("a")


def test_when_a_cancellation_is_taken_then_the_order_is_read_again() -> None:
    with FaultServer(pages={LOOK: changed_after_a_look()}) as server:
        assert cancel(server).status is OrderStatus.CANCELED
    assert server.requests == [f"GET {LOOK}", CANCEL, f"GET {LOOK}"]


def test_when_there_is_no_such_order_then_it_is_rejected_and_nothing_is_cancelled() -> None:
    with FaultServer() as server, pytest.raises(OrderRejected) as refused:
        cancel(server)
    assert (refused.value.status, refused.value.code) == (404, 40410000)
    assert server.requests == [f"GET {LOOK}"]


@pytest.mark.parametrize("status", [404, 422])
def test_when_it_can_no_longer_be_cancelled_then_it_is_rejected(status: int) -> None:
    answer = refusal(status, 42210000, "order is already in filled state")
    with FaultServer(pages={LOOK: ORDER, CANCEL: answer}) as server, pytest.raises(OrderRejected, match="filled") as no:
        cancel(server)
    assert (no.value.status, no.value.code) == (status, 42210000)


@pytest.mark.parametrize("name", ["accept then 504", "accept then close", "accept then hang", "accept then 302", "429"])
def test_when_a_cancellation_has_no_clear_answer_then_it_is_unclear_and_was_asked_for_once(name: str) -> None:
    pages = {LOOK: ORDER, CANCEL: FAULTS[name]}
    with FaultServer(pages=pages) as server, pytest.raises(BrokerUnavailable):
        cancel(server)
    assert server.requests.count(CANCEL) == 1


def test_when_the_key_is_refused_then_that_is_said() -> None:
    with FaultServer(pages={LOOK: ORDER, CANCEL: FAULTS["401"]}) as server, pytest.raises(KeyRefused):
        cancel(server)


@pytest.mark.parametrize("suspended", [True, False])
def test_when_the_brake_is_turned_then_alpaca_is_told_and_confirms(suspended: bool) -> None:
    said = Fault(body=f'{{"suspend_trade": {str(suspended).lower()}}}')
    with FaultServer(pages={CONFIGURE: said}) as server:
        AlpacaAccountSwitch(trading_line(access(server.url))).suspend(suspended=suspended)
    assert server.bodies == [{"suspend_trade": suspended}]


@pytest.mark.parametrize("name", ["200 empty", "200 with a list", "accept then 500", "accept then close", "403", "429"])
def test_when_the_brake_is_not_confirmed_then_that_is_said(name: str) -> None:
    with FaultServer(pages={CONFIGURE: FAULTS[name]}) as server, pytest.raises(BrokerUnavailable, match="did not"):
        AlpacaAccountSwitch(trading_line(access(server.url))).suspend(suspended=True)
