"""What any broker refuses, with the status and code by which the desk knows why."""

from contextlib import suppress

import pytest

from conformance.broker import BrokerUnderTest
from perun.tools.domain.errors import ClientIdConflict, MarketUnavailable, OrderRejected
from perun.tools.domain.orders import OrderTerms, OrderType, TimeInForce
from support.exchange import buy, sell

FORBIDDEN, NOT_FOUND, INVALID, MALFORMED = (403, 40310000), (404, 40410000), (422, 42210000), (422, 40010001)


def refusal(broker: BrokerUnderTest, terms: OrderTerms) -> OrderRejected:
    before = (broker.reader.portfolio(), broker.reader.orders())
    with pytest.raises(OrderRejected) as refused:
        broker.submit(terms)
    assert (broker.reader.portfolio(), broker.reader.orders()) == before, "a refusal leaves the account alone"
    return refused.value


def test_when_bare_terms_are_submitted_then_no_broker_takes_them(broker: BrokerUnderTest) -> None:
    with pytest.raises(TypeError, match="ClearedOrder"):
        broker.writer.submit(buy())  # type: ignore[arg-type]  # that is the point
    assert broker.reader.orders() == ()


@pytest.mark.parametrize("ending", ["working", "filled", "canceled"])
def test_when_a_client_id_was_ever_used_then_nothing_else_is_placed_under_it(
    broker: BrokerUnderTest, ending: str
) -> None:
    broker.submit(buy(1, id="a"))
    if ending == "filled":
        broker.advance()
    if ending == "canceled":
        broker.writer.cancel("a")

    before = (broker.reader.portfolio(), broker.reader.orders())
    with pytest.raises((OrderRejected, ClientIdConflict)):
        broker.submit(buy(2, id="a"))
    assert (broker.reader.portfolio(), broker.reader.orders()) == before
    # The very same order again is refused, or the one that stands is handed back: there is one, either way.
    with suppress(OrderRejected):
        assert broker.submit(buy(1, id="a")).broker_order_id == broker.state("a").broker_order_id
    assert (broker.reader.portfolio(), broker.reader.orders()) == before


def test_when_the_id_of_a_protective_stop_is_taken_then_the_entry_is_refused(broker: BrokerUnderTest) -> None:
    broker.submit(buy(1, id="a-stop"))
    refused = refusal(broker, buy(1, id="a", stop_loss="90"))
    assert (refused.status, refused.code) == MALFORMED


@pytest.mark.parametrize(
    "terms",
    [
        buy().model_copy(update={"type": OrderType.LIMIT}),
        buy().model_copy(update={"type": OrderType.STOP}),
        buy(limit="90").model_copy(update={"type": OrderType.MARKET}),
        buy(limit="90").model_copy(update={"stop_price": 95}),
    ],
    ids=["limit order without limit", "stop order without stop", "market order with limit", "limit order with stop"],
)
def test_when_an_orders_prices_do_not_fit_its_type_then_it_is_malformed(
    broker: BrokerUnderTest, terms: OrderTerms
) -> None:
    refused = refusal(broker, terms)
    assert (refused.status, refused.code) == MALFORMED


@pytest.mark.parametrize(
    "terms",
    [
        buy(symbol="NONE"),
        buy("1.5"),
        buy(limit="90.001"),
        buy(limit="0.12345"),
        buy(stop_loss="90.001"),
        buy(stop_loss="100"),
        buy(stop_loss="120"),
        buy(limit="95", stop_loss="95"),
        sell(stop_loss="90"),
    ],
    ids=[
        "unknown symbol",
        "part of a share",
        "sub-penny limit",
        "five decimals below a dollar",
        "sub-penny stop",
        "stop at the last price",
        "stop above the last price",
        "stop at the limit",
        "a sell with a stop",
    ],
)
def test_when_a_parameter_is_impossible_then_it_is_invalid(broker: BrokerUnderTest, terms: OrderTerms) -> None:
    refused = refusal(broker, terms)
    assert (refused.status, refused.code) == INVALID


@pytest.mark.parametrize("terms", [buy(limit="99.99"), buy(limit="0.1234"), buy(stop_loss="99.99")])
def test_when_a_parameter_stands_on_the_edge_then_it_is_taken(broker: BrokerUnderTest, terms: OrderTerms) -> None:
    assert not broker.submit(terms).status.is_terminal


@pytest.mark.parametrize(
    ("most", "one_more"),
    [
        (buy(961), buy(962)),
        (buy(1000, limit="100"), buy(1001, limit="100")),
        (buy(874, stop="110"), buy(875, stop="110")),
    ],
    ids=["market", "limit", "stop"],
)
def test_when_a_buy_needs_more_than_the_buying_power_then_it_is_refused(
    broker: BrokerUnderTest, most: OrderTerms, one_more: OrderTerms
) -> None:
    refused = refusal(broker, one_more)
    assert (refused.status, refused.code) == FORBIDDEN
    broker.submit(most)


def test_when_an_open_buy_holds_cash_then_a_second_one_cannot_use_it(broker: BrokerUnderTest) -> None:
    broker.submit(buy(600, id="a", limit="100"))
    refused = refusal(broker, buy(401, id="b", limit="100"))
    assert (refused.status, refused.code) == FORBIDDEN

    broker.writer.cancel("a")
    broker.submit(buy(401, id="b", limit="100"))


def test_when_more_is_sold_than_is_held_then_there_is_no_short_sale(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()
    refused = refusal(broker, sell(11, id="b"))
    assert (refused.status, refused.code) == FORBIDDEN
    assert "insufficient qty available for order (requested: 11, available: 10)" in refused.message


@pytest.mark.parametrize("holder", ["stop", "limit", "protective stop"])
def test_when_a_working_sell_holds_the_shares_then_they_cannot_be_sold_twice(
    broker: BrokerUnderTest, holder: str
) -> None:
    broker.submit(buy(10, id="a", stop_loss="95" if holder == "protective stop" else None))
    broker.advance()
    if holder != "protective stop":
        broker.submit(sell(10, id="b", **{holder: "95" if holder == "stop" else "200"}, tif=TimeInForce.GTC))
    (position,) = broker.reader.positions()
    assert (position.qty, position.qty_available) == (10, 0)

    refused = refusal(broker, sell(1, id="c"))
    assert (refused.status, refused.code) == FORBIDDEN
    assert "(requested: 1, available: 0)" in refused.message


def test_when_a_stop_still_waits_for_its_entry_then_it_holds_no_shares(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()
    broker.submit(buy(5, id="b", limit="90", stop_loss="80"))
    (position,) = broker.reader.positions()
    assert position.qty_available == 10
    broker.submit(sell(10, id="c", limit="200"))


def test_when_a_simple_stop_rests_then_a_simple_market_buy_is_a_wash_trade(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()
    broker.submit(sell(10, id="b", stop="95", tif=TimeInForce.GTC))

    refused = refusal(broker, buy(1, id="c"))
    assert (refused.status, refused.code) == FORBIDDEN
    assert "wash trade" in refused.message
    broker.submit(buy(1, "GOOG", id="d"))


def test_when_two_limits_would_meet_then_it_is_a_wash_trade_and_otherwise_not(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()
    broker.submit(sell(10, id="b", limit="110"))

    refused = refusal(broker, buy(1, id="c", limit="110"))
    assert (refused.status, refused.code) == FORBIDDEN
    broker.submit(buy(1, id="d", limit="109.99"))


def test_when_only_a_protective_stop_rests_then_more_may_be_bought(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", stop_loss="95"))
    broker.advance()
    assert not broker.submit(buy(1, id="b")).status.is_terminal


def test_when_an_entry_carries_its_own_stop_then_it_may_join_a_resting_simple_sell(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()
    broker.submit(sell(10, id="b", stop="95", tif=TimeInForce.GTC))
    assert not broker.submit(buy(1, id="c", stop_loss="95")).status.is_terminal


def test_when_an_unknown_order_is_cancelled_then_it_is_not_found(broker: BrokerUnderTest) -> None:
    with pytest.raises(OrderRejected) as refused:
        broker.writer.cancel("nobody")
    assert (refused.value.status, refused.value.code) == NOT_FOUND


def test_when_a_finished_order_is_cancelled_then_it_is_refused(broker: BrokerUnderTest) -> None:
    broker.submit(buy(1, id="a"))
    broker.advance()
    with pytest.raises(OrderRejected) as refused:
        broker.writer.cancel("a")
    assert (refused.value.status, refused.value.code) == INVALID
    assert "filled" in refused.value.message


def test_when_no_session_is_left_then_nothing_can_be_placed_and_the_reason_is_told(broker: BrokerUnderTest) -> None:
    for _ in range(4):
        broker.advance()
    with pytest.raises((MarketUnavailable, OrderRejected), match="the recording ends on 2024-01-05"):
        broker.submit(buy(1))
