"""Orders that came in one ticket: entry and exits, two exits; what one's fate does to the others."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.tools.brokerage.embedded.book import EmbeddedBook
from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.refusing import FORBIDDEN, Refused
from perun.tools.domain.orders import OrderStatus
from support.exchange import FREE, buy, cleared, exchange_at, pass_session, sell, ticket
from support.market import made_market

QUIET = (100, 101, 99, 100)


def exchange_on(folder: Path, *rows: Any, **more: Any) -> Exchange:
    return exchange_at(folder, made_market(folder / "market", {"AAPL": [100, *rows]}), **FREE, **more)


def with_bracket(folder: Path, *rows: Any, qty: int = 10, **more: Any) -> Exchange:
    exchange = exchange_on(folder, *rows, **more)
    exits = {"order_class": "bracket", "take_profit": "110", "stop_loss": "95"}
    exchange.take_ticket(ticket(buy(qty, id="a", tif="gtc"), **exits))
    return exchange


def with_two_exits(folder: Path, *rows: Any, **more: Any) -> Exchange:
    exchange = exchange_on(folder, QUIET, *rows, **more)
    exchange.submit(cleared(buy(10, id="in")))
    pass_session(exchange)
    exits = {"order_class": "oco", "type": "limit", "take_profit": "110", "stop_loss": "95"}
    exchange.take_ticket(ticket(sell(10, id="out", tif="gtc"), **exits))
    return exchange


def statuses(exchange: Exchange) -> dict[str, str]:
    return {order.client_order_id: str(order.status) for order in exchange.orders()}


def prices(exchange: Exchange) -> dict[str, Decimal]:
    return {fill.client_order_id: fill.price for fill in exchange.fills()}


def test_when_an_entry_fills_then_both_its_exits_work_and_hold_its_shares_once(tmp_path: Path) -> None:
    exchange = with_bracket(tmp_path, QUIET, QUIET)
    assert statuses(exchange) == {"a": "accepted", "a-stop": "held", "a-target": "held"}
    pass_session(exchange)
    assert statuses(exchange) == {"a": "filled", "a-stop": "new", "a-target": "new"}
    (position,) = EmbeddedBook(exchange).positions()
    assert (position.qty, position.qty_available) == (10, 0)
    with pytest.raises(Refused) as refused:
        exchange.take_ticket(ticket(sell(1, id="more")))
    assert (refused.value.status, refused.value.code) == FORBIDDEN


@pytest.mark.parametrize(
    ("day", "filled", "price"),
    [((100, 112, 99, 111), "target", 110), ((100, 101, 94, 95), "stop", 95), ((115, 115, 112, 113), "target", 115)],
    ids=["rises", "falls", "opens above the target"],
)
def test_when_one_exit_fills_then_the_other_is_cancelled(
    tmp_path: Path, day: tuple[int, ...], filled: str, price: int
) -> None:
    exchange = with_bracket(tmp_path, QUIET, day)
    for _ in range(2):
        pass_session(exchange)
    other = {"target": "stop", "stop": "target"}[filled]
    assert statuses(exchange) == {"a": "filled", f"a-{filled}": "filled", f"a-{other}": "canceled"}
    assert prices(exchange)[f"a-{filled}"] == price
    assert exchange.books().holdings == {}


@pytest.mark.parametrize("make", [with_bracket, with_two_exits])
def test_when_a_day_reaches_both_exits_then_the_stop_comes_first(tmp_path: Path, make: Any) -> None:
    exchange = (
        make(tmp_path, (100, 120, 90, 100)) if make is with_two_exits else make(tmp_path, QUIET, (100, 120, 90, 100))
    )
    while exchange.clock().is_open:
        pass_session(exchange)
    assert max(prices(exchange).items(), key=lambda item: item[0])[1] == 95
    assert exchange.books().holdings == {}


def test_when_an_entry_fills_then_its_target_waits_for_a_later_moment(tmp_path: Path) -> None:
    exchange = exchange_on(tmp_path, (100, 112, 96, 98))
    exits = {"order_class": "bracket", "take_profit": "111", "stop_loss": "95"}
    exchange.take_ticket(ticket(buy(10, id="a", limit="97"), **exits))
    pass_session(exchange)
    assert prices(exchange) == {"a": 97}, "nobody knows whether the high came after the entry"


@pytest.mark.parametrize("named", ["a", "a-stop", "a-target"])
@pytest.mark.parametrize("sessions", [0, 1])
def test_when_one_of_a_ticket_is_cancelled_then_all_that_still_work_are(
    tmp_path: Path, named: str, sessions: int
) -> None:
    exchange = with_bracket(tmp_path, QUIET)
    for _ in range(sessions):
        pass_session(exchange)
    if (named, sessions) == ("a", 1):
        named = "a-stop"  # the entry is filled by then
    assert exchange.cancel(named).status is OrderStatus.CANCELED
    assert exchange.books().orders == {}


def test_when_two_exits_stand_alone_then_both_work_at_once_and_hold_the_shares_once(tmp_path: Path) -> None:
    exchange = with_two_exits(tmp_path, (100, 112, 99, 111))
    target, stop = exchange.orders()[1:]
    assert (target.client_order_id, target.limit_price, target.status) == ("out", 110, OrderStatus.ACCEPTED)
    assert (stop.client_order_id, stop.stop_price, stop.status) == ("out-stop", 95, OrderStatus.ACCEPTED)
    assert exchange.books().available("AAPL") == 0
    pass_session(exchange)
    assert statuses(exchange) == {"in": "filled", "out": "filled", "out-stop": "canceled"}


@pytest.mark.parametrize("time_in_force", ["day", "gtc"])
def test_when_a_ticket_names_a_time_in_force_then_its_exits_have_the_same(tmp_path: Path, time_in_force: str) -> None:
    exchange = exchange_on(tmp_path, QUIET)
    exchange.take_ticket(ticket(buy(10, id="a", tif=time_in_force), order_class="oto", stop_loss="95"))
    pass_session(exchange)
    assert statuses(exchange)["a-stop"] == {"day": "expired", "gtc": "new"}[time_in_force]


def test_when_a_bracket_rests_then_a_buy_is_no_wash_trade_and_a_simple_stop_beside_a_buy_is(tmp_path: Path) -> None:
    exchange = with_bracket(tmp_path, QUIET, QUIET)
    pass_session(exchange)
    exchange.take_ticket(ticket(buy(1, id="b")))
    exchange.cancel("a-stop")
    with pytest.raises(Refused, match="wash trade") as refused:
        exchange.take_ticket(ticket(sell(10, id="c", stop="95")))
    entry = exchange.order("b")
    assert entry is not None
    assert refused.value.details["existing_order_id"] == entry.broker_order_id
