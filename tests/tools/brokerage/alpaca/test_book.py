"""What the account's book makes of long lists, odd rows, foreign orders and silence."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from perun.tools.brokerage.alpaca.body import wire_body
from perun.tools.brokerage.alpaca.book import AlpacaBook
from perun.tools.brokerage.alpaca.line import trading_line
from perun.tools.brokerage.alpaca.sheets import FILLS_A_PAGE, ORDERS_A_PAGE
from perun.tools.domain.errors import BrokerUnavailable
from perun.tools.domain.orders import OrderStatus
from support.exchange import buy, sell
from support.fault_server import FaultServer, Page, access, row

CLOCK = {
    "timestamp": "2024-01-09T12:00:00-05:00",
    "is_open": True,
    "next_open": "2024-01-10T09:30:00-05:00",
    "next_close": "2024-01-09T16:00:00-05:00",
}
SINCE = datetime(2024, 1, 8, 15, tzinfo=UTC)
POSITION = {"symbol": "AAPL", "qty": "10", "avg_entry_price": "100", "current_price": "104"}
ENTRY = row(wire_body(buy(10, id="a", stop_loss="95")), status="filled", filled_qty="10", filled_avg_price="100")
STOP = {**ENTRY["legs"][0], "status": "new"}


@contextmanager
def book_of(pages: Mapping[str, Page], odd: list[str] | None = None) -> Iterator[tuple[AlpacaBook, FaultServer]]:
    with FaultServer(pages={"/v2/clock": CLOCK, **pages}) as server:
        told = odd if odd is not None else []
        yield AlpacaBook(trading_line(access(server.url)), told.append), server


def order_row(name: str, **changes: Any) -> dict[str, Any]:
    return row(wire_body(buy(1, id=name)), **changes)


def paged(rows: list[dict[str, Any]]) -> Page:
    """Answers as Alpaca does: those submitted after `after`, as many as `limit`."""

    def page(query: dict[str, str]) -> list[dict[str, Any]]:
        after, until = _comparable(query["after"]), _comparable(query.get("until", "9999"))
        return [each for each in rows if after < _comparable(each["submitted_at"]) < until][: int(query["limit"])]

    return page


def _comparable(instant: str) -> str:
    return instant.replace("Z", "").replace("+00:00", "").ljust(26, "0") if "." in instant else instant[:19] + ".000000"


def test_when_there_are_more_orders_than_a_page_holds_then_all_are_read_once_and_oldest_first() -> None:
    # Pages end between two orders of one instant: `after` alone would lose the second.
    instants = [f"2024-01-08T10:{number // 30 % 60:02}:00.{number // 3:06}Z" for number in range(2 * ORDERS_A_PAGE + 7)]
    rows = [order_row(f"o{number}", submitted_at=at) for number, at in enumerate(sorted(instants))]
    with book_of({"/v2/orders": paged(rows)}) as (book, server):
        assert [order.client_order_id for order in book.orders()] == [each["client_order_id"] for each in rows]
    assert server.requests.count("GET /v2/orders") == 3


def test_when_one_instant_holds_more_orders_than_a_page_then_the_list_is_not_cut_short() -> None:
    rows = [order_row(f"o{number}", submitted_at="2024-01-08T10:00:00Z") for number in range(ORDERS_A_PAGE + 1)]
    with book_of({"/v2/orders": paged(rows)}) as (book, _), pytest.raises(BrokerUnavailable, match="one instant"):
        book.orders()


def test_when_orders_are_asked_for_since_an_instant_then_those_of_that_very_instant_are_among_them() -> None:
    instants = {"old": "2024-01-08T14:59:59Z", "then": "2024-01-08T15:00:00Z", "new": "2024-01-08T15:00:01Z"}
    rows = [order_row(name, submitted_at=at) for name, at in instants.items()]
    with book_of({"/v2/orders": paged(rows)}) as (book, server):
        assert [order.client_order_id for order in book.orders(SINCE)] == ["then", "new"]
        assert len(book.orders()) == 3
    assert [query["after"] for query in server.queries] == [
        "2024-01-08T14:59:59.999999+00:00",
        "2000-01-01T00:00:00+00:00",
    ]


def test_when_working_orders_are_read_then_the_old_ones_are_among_them_and_ended_ones_are_not() -> None:
    rows = [order_row("old", submitted_at="2021-01-04T10:00:00Z"), order_row("done", status="canceled")]
    with book_of({"/v2/orders": paged(rows)}) as (book, _):
        assert [order.client_order_id for order in book.working_orders()] == ["old"]


def test_when_an_order_has_an_unknown_status_then_it_works_and_the_oddity_is_told() -> None:
    odd: list[str] = []
    with book_of({"/v2/orders": [order_row("a", status="pondering")]}, odd) as (book, _):
        (order,) = book.working_orders()
    assert (order.status, order.open_qty) == (OrderStatus.UNRECOGNISED, 1)
    assert odd == ["the order a has the unknown status pondering"]


@pytest.mark.parametrize("status", ["new", "held", "pondering", None])
def test_when_an_order_that_may_trade_cannot_be_understood_then_exposure_is_unknown(status: str | None) -> None:
    rows = [order_row("fine"), order_row("strange", status=status, symbol="BTC/USD")]
    with (
        book_of({"/v2/orders": rows}) as (book, _),
        pytest.raises(BrokerUnavailable, match="order strange: no usable symbol"),
    ):
        book.working_orders()


def test_when_an_order_that_is_over_cannot_be_understood_then_the_others_are_read_and_it_is_told() -> None:
    odd: list[str] = []
    rows = [order_row("fine"), order_row("strange", status="filled", symbol="BTC/USD")]
    with book_of({"/v2/orders": rows}, odd) as (book, _):
        assert [order.client_order_id for order in book.orders()] == ["fine"]
    assert odd == ["the order strange: no usable symbol"]


@pytest.mark.parametrize("answer", [{}, ["a"], [None], "null", '"text"'], ids=str)
@pytest.mark.parametrize("path", ["/v2/positions", "/v2/orders"])
def test_when_a_list_is_no_list_of_objects_then_there_is_no_book(path: str, answer: Any) -> None:
    pages = {"/v2/positions": [], "/v2/orders": [], path: answer}
    with book_of(pages) as (book, _), pytest.raises(BrokerUnavailable):
        book.portfolio()


def test_when_positions_are_read_then_foreign_ones_are_among_them_sorted_by_symbol() -> None:
    rows = [{**POSITION, "symbol": "ZION"}, {**POSITION, "symbol": "BRK.B", "qty": "0.25"}]
    with book_of({"/v2/positions": rows}) as (book, _):
        assert [position.symbol for position in book.positions()] == ["BRK.B", "ZION"]


def test_when_a_position_cannot_be_understood_then_exposure_is_unknown_and_it_is_named() -> None:
    rows = [POSITION, {**POSITION, "symbol": "AAPL240119C00100000"}]
    with book_of({"/v2/positions": rows}) as (book, _), pytest.raises(BrokerUnavailable, match=rows[1]["symbol"]):
        book.positions()


def test_when_the_entry_of_a_stop_is_filled_then_the_stop_is_still_known_to_protect_it() -> None:
    def orders(query: dict[str, str]) -> list[dict[str, Any]]:
        return [STOP] if query["status"] == "open" else [ENTRY]

    with book_of({"/v2/orders": orders, "/v2/orders:by_client_order_id": STOP}) as (book, server):
        (stop,) = book.working_orders()
        assert (stop.parent, stop.is_protective) == ("a", True)
        assert book.order(stop.client_order_id) == stop
    assert server.queries[0]["nested"] == "false", "else the stop could be hidden with its entry"
    lookups = [query for query in server.queries if query.get("status") == "all"]
    assert [(each["symbols"], each["nested"]) for each in lookups] == [("AAPL", "true")], "asked once, for it alone"
    assert (lookups[0]["after"][:19], lookups[0]["until"][:19]) == ("2024-01-02T14:59:00", "2024-01-02T15:01:00")


def test_when_a_stop_came_with_no_entry_then_it_protects_none() -> None:
    alone = row(wire_body(sell(10, id="mine", stop="90")))
    with book_of({"/v2/orders": [alone]}) as (book, _):
        (stop,) = book.working_orders()
    assert stop.parent is None


def test_when_orders_are_listed_then_the_stop_follows_its_entry() -> None:
    with book_of({"/v2/orders": [ENTRY]}) as (book, server):
        orders = book.orders()
    assert [(order.client_order_id, order.parent) for order in orders] == [("a", None), ("leg-of-a", "a")]
    assert len(server.requests) == 1


def test_when_the_portfolio_is_read_then_orders_come_before_positions() -> None:
    account = dict.fromkeys(("cash", "equity", "last_equity", "buying_power"), "1") | {"id": "x", "status": "ACTIVE"}
    with book_of({"/v2/positions": [POSITION], "/v2/orders": [], "/v2/account": account}) as (book, server):
        assert book.portfolio().held("AAPL") == 10
    assert server.requests == ["GET /v2/orders", "GET /v2/positions", "GET /v2/account"]


def fill_row(number: int, order: str = "id-a", **changes: Any) -> dict[str, Any]:
    told = {"id": f"f{number:04}", "order_id": order, "symbol": "AAPL", "side": "buy", "qty": "1", "price": "100.25"}
    return {**told, "transaction_time": "2024-01-08T15:00:00Z", **changes}


def test_when_there_are_more_fills_than_a_page_holds_then_all_are_read_with_their_orders_names() -> None:
    rows = [fill_row(number) for number in range(2 * FILLS_A_PAGE + 5)]

    def fills(query: dict[str, str]) -> list[dict[str, Any]]:
        return [each for each in rows if each["id"] > query.get("page_token", "")][: int(query["page_size"])]

    with book_of({"/v2/orders": [ENTRY], "/v2/account/activities/FILL": fills}) as (book, server):
        read = book.fills()
    assert [fill.fill_id for fill in read] == [each["id"] for each in rows]
    assert {fill.client_order_id for fill in read} == {"a"}
    assert server.requests.count("GET /v2/account/activities/FILL") == 3


def test_when_fills_are_asked_for_since_an_instant_then_no_older_one_is_read() -> None:
    pages = {"/v2/orders": [ENTRY], "/v2/account/activities/FILL": [fill_row(1)]}
    with book_of(pages) as (book, server):
        book.orders(SINCE)
        assert [fill.client_order_id for fill in book.fills(SINCE)] == ["a"]
    assert [query["after"] for query in server.queries] == ["2024-01-08T14:59:59.999999+00:00"] * 2
    assert server.requests == ["GET /v2/orders", "GET /v2/account/activities/FILL"], "known names are not asked"


def test_when_a_fill_is_of_an_older_order_then_that_is_looked_up_once() -> None:
    pages = {
        "/v2/orders": [],
        "/v2/orders/id-a": ENTRY,
        "/v2/account/activities/FILL": [fill_row(1), fill_row(2), fill_row(3, order="gone")],
    }
    with book_of(pages) as (book, server):
        assert [fill.client_order_id for fill in book.fills()] == ["a", "a", "gone"]
    assert server.requests.count("GET /v2/orders/id-a") == 1


def test_when_a_fill_cannot_be_understood_then_the_others_are_read_and_it_is_told() -> None:
    odd: list[str] = []
    fills = [fill_row(1), fill_row(2, price="0")]
    with book_of({"/v2/orders": [ENTRY], "/v2/account/activities/FILL": fills}, odd) as (book, _):
        assert [fill.fill_id for fill in book.fills()] == ["f0001"]
    assert odd == ["the fill f0002: no usable price"]


def test_when_the_same_page_comes_again_and_again_then_it_ends_with_an_error() -> None:
    fills = [fill_row(number) for number in range(FILLS_A_PAGE)]
    pages = {"/v2/orders": [ENTRY], "/v2/account/activities/FILL": fills}
    with book_of(pages) as (book, _), pytest.raises(BrokerUnavailable, match="same page"):
        book.fills()


def test_when_the_broker_has_no_such_order_then_there_is_none() -> None:
    with book_of({}) as (book, _):
        assert book.order("nobody") is None


@pytest.mark.parametrize("answer", ["[]", '"text"', '{"id": "x"}'])
def test_when_an_order_is_no_order_then_it_is_not_taken_for_none(answer: str) -> None:
    with book_of({"/v2/orders:by_client_order_id": answer}) as (book, _), pytest.raises(BrokerUnavailable):
        book.order("a")
