"""What any broker says of the account: its money, its positions, its clock, and that they agree with each other."""

from datetime import UTC, datetime
from decimal import Decimal

from conformance.broker import CASH, BrokerUnderTest
from perun.tools.domain.market import MarketClock
from support.exchange import buy, sell


def test_when_the_account_is_new_then_it_is_active_with_its_opening_cash(broker: BrokerUnderTest) -> None:
    account = broker.reader.account()
    assert (account.status, account.trading_blocked) == ("ACTIVE", False)
    assert {account.cash, account.equity, account.last_equity, account.buying_power} == {CASH}
    assert broker.reader.account().account_id == account.account_id != ""
    assert broker.reader.positions() == ()


def test_when_a_buy_waits_then_only_buying_power_is_less(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10))
    broker.submit(buy(10, id="b", limit="90"))
    account = broker.reader.account()
    assert (account.cash, account.equity) == (CASH, CASH)
    assert account.buying_power == CASH - 10 * 100 * Decimal("1.04") - 10 * 90


def test_when_shares_are_bought_then_the_position_is_valued_at_the_last_close(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10))
    broker.advance()

    (position,) = broker.reader.positions()
    assert (position.symbol, position.qty, position.qty_available) == ("AAPL", 10, 10)
    assert (position.avg_entry_price, position.current_price) == (102, 104)
    assert (position.market_value, position.unrealized_pl) == (1040, 20)
    account = broker.reader.account()
    assert (account.cash, account.equity, account.last_equity) == (CASH - 1020, CASH + 20, CASH)


def test_when_sessions_pass_then_last_equity_is_that_of_the_close_before(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10))
    broker.advance()
    broker.advance()
    account = broker.reader.account()
    assert (account.equity, account.last_equity) == (CASH - 40, CASH + 20)


def test_when_a_second_buy_fills_then_the_average_price_weighs_both(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()
    broker.submit(buy(30, id="b"))
    broker.advance()
    (position,) = broker.reader.positions()
    assert (position.qty, position.avg_entry_price) == (40, Decimal("102.75"))


def test_when_part_is_sold_then_the_average_price_stays(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a"))
    broker.advance()
    broker.submit(sell(4, id="b"))
    broker.advance()
    (position,) = broker.reader.positions()
    assert (position.qty, position.avg_entry_price) == (6, 102)


def test_when_several_positions_are_held_then_they_are_sorted_by_symbol(broker: BrokerUnderTest) -> None:
    broker.advance()
    broker.submit(buy(1, "GOOG", id="a"))
    broker.submit(buy(1, "AAPL", id="b"))
    broker.advance()
    assert [position.symbol for position in broker.reader.positions()] == ["AAPL", "GOOG"]


def test_when_the_portfolio_is_read_then_it_is_the_same_as_its_parts(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, stop_loss="95"))
    broker.advance()
    reader, portfolio = broker.reader, broker.reader.portfolio()
    assert portfolio.account == reader.account()
    assert portfolio.positions == tuple(reader.positions())
    assert portfolio.working_orders == tuple(reader.working_orders())
    assert portfolio.held("AAPL") == 10


def test_when_the_books_are_recomputed_from_the_fills_then_cash_agrees(broker: BrokerUnderTest) -> None:
    broker.submit(buy(10, id="a", stop_loss="95"))
    for _ in range(3):
        broker.advance()
    flows = [fill.cash_flow for fill in broker.reader.fills()]
    assert flows == [-1020, 920]
    assert broker.reader.account().cash == CASH + sum(flows)


def test_when_the_clock_is_read_then_it_stands_at_a_close_and_looks_to_the_next_session(
    broker: BrokerUnderTest,
) -> None:
    assert broker.reader.clock() == MarketClock(
        now=datetime(2024, 1, 1, 21, tzinfo=UTC),
        is_open=True,
        next_open=datetime(2024, 1, 2, 14, 30, tzinfo=UTC),
        next_close=datetime(2024, 1, 2, 21, tzinfo=UTC),
    )


def test_when_no_session_is_left_then_the_market_is_closed(broker: BrokerUnderTest) -> None:
    for _ in range(4):
        broker.advance()
    assert broker.reader.clock() == MarketClock(
        now=datetime(2024, 1, 5, 21, tzinfo=UTC),
        is_open=False,
        next_open=datetime(2024, 1, 5, 14, 30, tzinfo=UTC),
        next_close=datetime(2024, 1, 5, 21, tzinfo=UTC),
    )


def test_when_a_symbol_is_listed_then_it_may_be_traded_and_what_is_not_listed_is_nothing(
    broker: BrokerUnderTest,
) -> None:
    asset = broker.reader.asset("AAPL")
    assert asset is not None
    assert (asset.symbol, asset.status, asset.tradable, asset.asset_class) == ("AAPL", "active", True, "us_equity")
    assert not asset.halted
    assert broker.reader.asset("NOSUCH") is None


def test_when_the_market_lives_in_recorded_days_then_no_clock_is_held_against_it(broker: BrokerUnderTest) -> None:
    assert broker.reader.skew_seconds(broker.reader.clock()) is None
