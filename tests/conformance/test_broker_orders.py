"""The life of an order at any broker: placed, filled, expired, cancelled, protected."""

from decimal import Decimal

from conformance.broker import BrokerUnderTest
from perun.tools.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from support.exchange import buy, sell


def test_when_a_market_order_is_placed_then_it_works_and_nothing_has_changed_hands(broker: BrokerUnderTest) -> None:
    order = broker.submit(buy(10, id="a"))

    assert not order.status.is_terminal
    assert (order.filled_qty, order.open_qty, order.filled_avg_price) == (0, 10, None)
    assert broker.reader.working_orders() == (order,)
    assert broker.reader.fills() == ()
    assert broker.state("a") == order


def test_when_a_session_passes_then_a_market_order_fills_at_its_open(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()

    order, (fill,) = broker.state("a"), broker.reader.fills()
    assert (order.status, order.filled_qty, order.filled_avg_price) == (OrderStatus.FILLED, 10, 102)
    assert (fill.client_order_id, fill.side, fill.qty, fill.price) == ("a", Side.BUY, 10, 102)
    assert fill.at == order.submitted_at.replace(day=2, hour=14, minute=30)
    assert broker.reader.working_orders() == ()


def test_when_the_day_reaches_a_buy_limit_then_it_fills_at_the_limit(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", limit="100"))
    broker.advance()

    assert broker.state("a").filled_avg_price == 100


def test_when_the_day_opens_better_than_a_limit_then_it_fills_at_the_open(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", limit="110"))
    broker.advance()

    assert broker.state("a").filled_avg_price == 102


def test_when_the_day_does_not_reach_a_day_limit_then_it_expires(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", limit="98"))
    broker.advance()

    assert broker.state("a").status is OrderStatus.EXPIRED
    assert broker.reader.working_orders() == ()


def test_when_the_day_does_not_reach_a_gtc_limit_then_it_works_on_and_fills_later(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", limit="98", tif=TimeInForce.GTC))
    broker.advance()
    assert not broker.state("a").status.is_terminal

    broker.advance()
    assert broker.state("a").filled_avg_price == 98


def test_when_a_symbol_does_not_trade_then_a_day_order_expires_and_a_gtc_order_stays(broker: BrokerUnderTest) -> None:
    broker.submit(buy(1, "GOOG", id="day"))
    broker.submit(buy(1, "GOOG", id="gtc", tif=TimeInForce.GTC))
    broker.advance()

    assert broker.state("day").status is OrderStatus.EXPIRED
    assert [order.client_order_id for order in broker.reader.working_orders()] == ["gtc"]


def test_when_an_entry_carries_a_stop_then_the_stop_is_held_until_the_entry_fills(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", stop_loss="95"))
    child = broker.state("a-stop")
    assert (child.status, child.parent, child.side) == (OrderStatus.HELD, "a", Side.SELL)
    assert (child.type, child.stop_price, child.time_in_force) == (OrderType.STOP, 95, TimeInForce.GTC)

    broker.advance()
    child = broker.state("a-stop")
    assert (child.status, child.open_qty) == (OrderStatus.NEW, 10)


def test_when_the_market_gaps_below_a_stop_then_it_fills_at_the_open_and_not_at_the_stop(
    broker: BrokerUnderTest,
) -> None:
    broker.submit(buy(10, id="a", stop_loss="95"))
    for _ in range(3):
        broker.advance()

    assert (broker.state("a-stop").status, broker.state("a-stop").filled_avg_price) == (OrderStatus.FILLED, 92)
    assert broker.reader.positions() == ()


def test_when_an_entry_expires_then_its_held_stop_is_cancelled(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", limit="98", stop_loss="95"))
    assert broker.state("a-stop").limit_price is None
    broker.advance()

    assert broker.state("a").status is OrderStatus.EXPIRED
    assert broker.state("a-stop").status is OrderStatus.CANCELED


def test_when_an_entry_is_cancelled_then_it_and_its_held_stop_never_trade(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", stop_loss="95"))
    assert broker.writer.cancel("a").status is OrderStatus.CANCELED
    broker.advance()

    assert broker.state("a-stop").status is OrderStatus.CANCELED
    assert broker.reader.fills() == ()


def test_when_a_protective_stop_is_cancelled_then_its_shares_may_be_sold(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", stop_loss="95"))
    broker.advance()
    broker.writer.cancel("a-stop")
    broker.submit(sell(10, id="exit"))
    broker.advance()

    assert broker.state("exit").filled_avg_price == 103
    assert broker.reader.account().cash == Decimal(100_000) - 1020 + 1030


def test_when_orders_have_ended_then_the_broker_remembers_them_all_oldest_first(broker: BrokerUnderTest) -> None:
    for name in ("c", "a", "b"):
        broker.submit(buy(1, id=name))
    broker.advance()

    assert [order.client_order_id for order in broker.reader.orders()] == ["c", "a", "b"]
    assert broker.reader.order("nobody") is None
