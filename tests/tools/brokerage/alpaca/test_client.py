"""The contract with alpaca-py 0.44.0: the private names that are leaned on, and what they bring about."""

from contextlib import suppress
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import pytest
from alpaca.common.rest import RESTClient
from alpaca.data.historical.stock import StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from pydantic import ValidationError
from requests import Session

from perun.tools.brokerage.alpaca.client import AlpacaAccess, data_client, trading_client
from perun.tools.brokerage.alpaca.line import Answer, NoAnswer, data_line, trading_line
from perun.tools.domain.errors import BrokerUnavailable, KeyRefused, MarketUnavailable
from support.fault_server import FAULTS, KEY, SECRET, Fault, FaultServer, Page, access, closed_port

CLIENTS = pytest.mark.parametrize("client", [trading_client(access("http://x")), data_client(access("http://x"))])


def read(page: Page) -> Any:
    """What the line reads when the server answers so."""
    with FaultServer(pages={"/v2/account": page}) as server:
        return trading_line(access(server.url)).read("/account")


def test_when_the_sdk_is_installed_then_it_is_the_version_that_was_measured() -> None:
    assert version("alpaca-py") == "0.44.0"


@CLIENTS
def test_when_a_client_is_made_then_the_sdk_keeps_its_private_names_and_they_are_set(client: RESTClient) -> None:
    plain: RESTClient
    plain = TradingClient(KEY, SECRET) if isinstance(client, TradingClient) else StockHistoricalDataClient(KEY, SECRET)
    assert (plain._retry, type(plain._session)) == (3, Session)
    assert client._retry == 0
    assert client._use_raw_data is True
    for url in ("https://anywhere", "http://anywhere"):
        adapter, default = client._session.get_adapter(url), plain._session.get_adapter(url)
        assert type(adapter) is not type(default)


def test_when_no_address_is_given_then_alpacas_own_is_used() -> None:
    bare = AlpacaAccess(key=KEY, secret=SECRET)
    assert trading_client(bare)._base_url == "https://paper-api.alpaca.markets"
    assert trading_client(bare.model_copy(update={"paper": False}))._base_url == "https://api.alpaca.markets"
    assert data_client(bare)._base_url == "https://data.alpaca.markets"


def test_when_access_is_shown_then_its_keys_and_the_passwords_of_its_address_are_not() -> None:
    shown = access("https://user:hidden@proxy.example/alpaca", paper=False)
    assert KEY not in f"{shown!r} {shown}"
    assert SECRET not in f"{shown!r} {shown}"
    assert shown.environment == "live account at proxy.example"


def test_when_a_key_is_empty_then_there_is_no_access() -> None:
    with pytest.raises(ValidationError):
        AlpacaAccess(key="", secret=SECRET)


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("0.1", "0.1"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("123456789012345678.123456789", "123456789012345678.123456789"),
        ("1e-9", "1E-9"),
    ],
)
def test_when_a_number_is_read_then_no_digit_is_lost(said: str, read_as: str) -> None:
    number = read(f'{{"number": {said}}}')["number"]
    assert isinstance(number, Decimal)
    assert str(number) == read_as


@pytest.mark.parametrize(
    "body", ['{"n": NaN}', '{"n": -Infinity}', "", "<html>", "[" * 100_000, b"\xff".decode("latin1")]
)
def test_when_an_answer_is_no_json_then_there_is_no_answer(body: str) -> None:
    with pytest.raises(BrokerUnavailable, match="nothing that can be read"):
        read(body)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", [*(name for name in FAULTS if name.startswith("accept")), "429"])
def test_when_a_change_fails_then_it_was_asked_for_once(method: Any, name: str) -> None:
    page = FAULTS[name]
    with FaultServer(page, {"PATCH /v2/orders": page, "DELETE /v2/orders": page}) as server:
        line = trading_line(access(server.url))
        with suppress(NoAnswer):
            answer = line.ask(method, "/orders", None if method == "DELETE" else {"client_order_id": "a"})
            assert not answer.is_success
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_when_a_read_meets_a_passing_failure_then_it_is_asked_once_more(status: int) -> None:
    answers = iter([Fault(status=status, body=""), {"id": "a"}])
    assert read(lambda _: next(answers)) == {"id": "a"}


def test_when_a_read_fails_twice_then_the_broker_is_unavailable() -> None:
    pages = {"/v2/account": Fault(status=503, body="")}
    with FaultServer(pages=pages) as server, pytest.raises(BrokerUnavailable, match="answered 503"):
        trading_line(access(server.url)).read("/account")
    assert len(server.requests) == 2


@pytest.mark.parametrize("how", ["accept then close", "accept then reset"])
def test_when_a_reads_connection_breaks_then_it_is_asked_once_more(how: str) -> None:
    answers = iter([FAULTS[how], {"id": "a"}])
    with FaultServer(pages={"/v2/account": lambda _: next(answers)}) as server:
        assert trading_line(access(server.url)).read("/account") == {"id": "a"}


def test_when_too_many_reads_were_made_then_the_reset_is_told_and_nothing_asked_again() -> None:
    pages = {"/v2/account": FAULTS["429"]}
    with FaultServer(pages=pages) as server, pytest.raises(BrokerUnavailable, match="until 2024-01-02 15:01"):
        trading_line(access(server.url)).read("/account")
    assert len(server.requests) == 1


def test_when_a_read_is_sent_elsewhere_then_it_does_not_go_there() -> None:
    moved = Fault(status=302, body="", headers={"Location": "/v2/elsewhere"})
    pages = {"/v2/account": moved, "/v2/elsewhere": {"id": "stranger"}}
    with FaultServer(pages=pages) as server, pytest.raises(BrokerUnavailable, match="answered 302"):
        trading_line(access(server.url)).read("/account")
    assert server.requests == ["GET /v2/account"]


def test_when_the_key_is_refused_then_it_is_asked_once() -> None:
    pages = {"/v2/account": FAULTS["401"]}
    with FaultServer(pages=pages) as server, pytest.raises(KeyRefused, match="paper account"):
        trading_line(access(server.url)).read("/account")
    assert len(server.requests) == 1


def test_when_data_cannot_be_had_then_it_is_the_market_that_is_unavailable() -> None:
    with pytest.raises(MarketUnavailable, match="did not answer"):
        data_line(access(f"http://127.0.0.1:{closed_port()}")).read("/stocks/bars")


def test_when_there_is_no_such_thing_then_it_is_not_found() -> None:
    with FaultServer() as server:
        line = trading_line(access(server.url))
        assert line.find("/assets/NOPE") is None
        assert line.ask("GET", "/assets/NOPE") == Answer(404, code=40410000, message="not found")
        with pytest.raises(BrokerUnavailable, match="knows no /assets/NOPE"):
            line.read("/assets/NOPE")
