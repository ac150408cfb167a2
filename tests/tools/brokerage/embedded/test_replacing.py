"""An order replaced by one with other terms."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.brokerage.embedded.refusing import FORBIDDEN, INVALID, MALFORMED, NOT_FOUND, Refused
from perun.tools.brokerage.embedded.replacing import Change
from perun.tools.domain.orders import Order, OrderStatus, TimeInForce
from support.exchange import FREE, buy, cleared, exchange_at, pass_session, sell, ticket
from support.market import made_market

GTC = TimeInForce.GTC


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    market = made_market(tmp_path / "market", {"AAPL": [100, 100, (100, 101, 96, 99), (100, 105, 90, 95)]})
    return exchange_at(tmp_path, market, **FREE)


def resting(exchange: Exchange, terms: Any = None, **more: Any) -> Order:
    """An order that has survived a session, so that it may be replaced."""
    exchange.take_ticket(ticket(terms or buy(10, id="a", limit="95", tif=GTC), **more))
    pass_session(exchange)
    return named(exchange, "a")


def named(exchange: Exchange, name: str) -> Order:
    order = exchange.order(name)
    assert order is not None
    return order


def replace(exchange: Exchange, order: Order, **changes: Any) -> Order:
    change = Change.model_validate({"client_order_id": "new", **changes})
    return exchange.replace_order(order.broker_order_id, change)


def refused(exchange: Exchange, order: Order, **changes: Any) -> tuple[int, int]:
    before = exchange.orders()
    with pytest.raises(Refused) as refusal:
        replace(exchange, order, **changes)
    assert exchange.orders() == before
    return refusal.value.status, refusal.value.code


def test_when_an_order_is_replaced_then_both_name_each_other_and_only_the_new_one_works(exchange: Exchange) -> None:
    old = resting(exchange)
    new = replace(exchange, old, limit_price="97", qty="12")
    assert (new.client_order_id, new.qty, new.limit_price, new.replaces) == ("new", 12, 97, old.broker_order_id)
    ended = named(exchange, "a")
    assert (ended.status, ended.replaced_by) == (OrderStatus.REPLACED, new.broker_order_id)
    assert list(exchange.books().orders) == ["new"]

    pass_session(exchange)
    assert [(fill.client_order_id, fill.qty, fill.price) for fill in exchange.fills()] == [("new", 12, 97)]


def test_when_an_order_was_just_accepted_then_it_cannot_be_replaced_yet(exchange: Exchange) -> None:
    order = exchange.take_ticket(ticket(buy(10, id="a", limit="95", tif=GTC)))
    assert refused(exchange, order, qty="5") == INVALID


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, MALFORMED),
        ({"limit_price": "95"}, MALFORMED),
        ({"qty": "1.5"}, INVALID),
        ({"limit_price": "95.001"}, INVALID),
        ({"stop_price": "90"}, MALFORMED),
        ({"time_in_force": "ioc"}, INVALID),
        ({"qty": "2000"}, FORBIDDEN),
        ({"client_order_id": "a", "qty": "5"}, MALFORMED),
    ],
)
def test_when_a_change_breaks_a_rule_then_the_order_stays_as_it_is(
    exchange: Exchange, changes: dict[str, Any], kind: tuple[int, int]
) -> None:
    assert refused(exchange, resting(exchange), **changes) == kind


def test_when_an_order_is_over_or_unknown_then_it_cannot_be_replaced(exchange: Exchange) -> None:
    order = resting(exchange)
    exchange.cancel("a")
    assert refused(exchange, order, qty="5") == INVALID
    assert refused(exchange, order.model_copy(update={"broker_order_id": "nobody"}), qty="5") == NOT_FOUND


def test_when_the_cash_of_the_old_order_is_enough_then_the_new_one_may_use_it(exchange: Exchange) -> None:
    order = resting(exchange, buy(1000, id="a", limit="95", tif=GTC))
    assert refused(exchange, order, limit_price="101") == FORBIDDEN
    assert replace(exchange, order, limit_price="100").limit_price == 100


def test_when_an_order_is_filled_in_part_then_the_rest_is_replaced_and_the_exits_follow(tmp_path: Path) -> None:
    market = made_market(tmp_path / "market", {"AAPL": [100, 100, 100, 100]})
    exchange = exchange_at(tmp_path, market, **FREE, partial_fill_percent=100)
    entry = resting(exchange, buy(10, id="a", limit="100", tif=GTC), order_class="oto", stop_loss="90")
    done = entry.filled_qty
    assert 0 < done < 10
    assert refused(exchange, entry, qty=str(done)) == INVALID

    new = replace(exchange, entry, qty="12")
    assert new.qty == 12 - done
    for _ in range(2):
        pass_session(exchange)
    stop = named(exchange, "a-stop")
    assert (stop.parent, stop.status, stop.open_qty) == ("new", OrderStatus.NEW, 12)
    assert exchange.books().held("AAPL") == 12


def test_when_the_stop_of_a_position_is_moved_then_its_target_stays_beside_it(exchange: Exchange) -> None:
    exits = {"order_class": "bracket", "take_profit": "110", "stop_loss": "90"}
    resting(exchange, buy(10, id="a", tif=GTC), **exits)
    new = replace(exchange, named(exchange, "a-stop"), stop_price="97")
    assert (new.parent, new.stop_price) == ("a", 97)
    assert refused(exchange, named(exchange, "a-target"), qty="5", client_order_id="b") == INVALID

    pass_session(exchange)
    assert named(exchange, "new").filled_avg_price == 97
    assert named(exchange, "a-target").status is OrderStatus.CANCELED


def test_when_a_trail_is_changed_then_its_stop_is_the_only_thing_that_cannot_be(exchange: Exchange) -> None:
    exchange.submit(cleared(buy(5, id="in")))
    pass_session(exchange)
    order = resting(exchange, sell(5, id="a", tif=GTC), type="trailing_stop", trail_price="20")
    assert refused(exchange, order, stop_price="85") == INVALID
    new = replace(exchange, order, trail="15")
    assert (new.trail_price, new.high_water, new.stop_price) == (Decimal(15), 101, 86)
