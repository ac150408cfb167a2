"""The exchange's clock: when it moves, when it does not, and where it begins and ends."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from perun.tools.brokerage.embedded.exchange import Exchange
from perun.tools.domain.errors import ConfigurationError, MarketUnavailable, UnknownSymbol
from support.exchange import buy, cleared, exchange_at, pass_session
from support.market import FIRST_DAY, made_market


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    return exchange_at(tmp_path, made_market(tmp_path / "market", {"AAPL": [100, 101, 102, 103]}))


def test_when_the_cycle_advances_twice_then_one_session_passes(exchange: Exchange) -> None:
    as_of = exchange.now()
    exchange.submit(cleared(buy(1)))
    assert exchange.advance(as_of) == exchange.advance(as_of) == exchange.clock()
    assert exchange.now().date() == date(2024, 1, 2)
    assert len(exchange.fills()) == 1


def test_when_the_caller_is_ahead_of_the_clock_then_the_books_are_not_its_own(exchange: Exchange) -> None:
    with pytest.raises(ConfigurationError, match="the exchange stands at 2024-01-01"):
        exchange.advance(exchange.now() + timedelta(days=1))
    assert exchange.now().date() == FIRST_DAY


def test_when_the_recording_has_ended_then_advance_says_what_to_do_and_moves_nothing(exchange: Exchange) -> None:
    for _ in range(3):
        pass_session(exchange)
    with pytest.raises(MarketUnavailable, match=r"ends on 2024-01-04; start a fresh account.*EMBEDDED_START"):
        pass_session(exchange)
    assert exchange.now().date() == date(2024, 1, 4)


def test_when_the_last_session_closes_then_orders_that_still_work_can_be_cancelled(exchange: Exchange) -> None:
    exchange.submit(cleared(buy(1, id="a", limit="50", tif="gtc")))
    for _ in range(3):
        pass_session(exchange)
    assert exchange.cancel("a").reason == "cancelled by request"


def test_when_the_start_is_no_session_then_nothing_is_created(tmp_path: Path) -> None:
    market = made_market(tmp_path / "market", {"AAPL": [100, 101]})
    with pytest.raises(UnknownSymbol, match="no session on 2024-01-06"):
        exchange_at(tmp_path, market, start=date(2024, 1, 6))
    assert not (tmp_path / "exchange.db").exists()


def test_when_two_accounts_are_made_then_their_ids_differ(tmp_path: Path) -> None:
    market = made_market(tmp_path / "market", {"AAPL": [100, 101]})
    ids = {exchange_at(tmp_path / name, market).books().standing.account_id for name in ("a", "b")}
    assert len(ids) == 2
    assert {len(account_id) for account_id in ids} == {8}


def test_when_the_same_orders_are_played_twice_then_the_fills_are_the_same(tmp_path: Path) -> None:
    market = made_market(tmp_path / "market", {"AAPL": [100, (101, 105, 90, 99), 97]})
    runs = []
    for name in ("a", "b"):
        exchange = exchange_at(tmp_path / name, market)
        for order in (buy(5, id="x", stop_loss="95"), buy(3, id="y", limit="92")):
            exchange.submit(cleared(order))
        pass_session(exchange)
        runs.append([fill.model_dump(exclude={"fill_id"}) for fill in exchange.fills()])
    assert runs[0] == runs[1]
    assert [fill["client_order_id"] for fill in runs[0]] == ["x", "x-stop", "y"]
