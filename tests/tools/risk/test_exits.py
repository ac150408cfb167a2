"""The way out stays open: a sale that reduces risk passes what would stop an entry, but sells no more than is held."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from perun.tools.domain.signals import Ruling
from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import clear
from support.gate import (
    advised,
    aged,
    breaches_of,
    exit_,
    limits,
    order,
    position,
    protective_stop,
    quote,
    said,
    situation,
    terms_of,
)

NOTHING_ALLOWED = limits(
    risk_per_trade=0,
    max_position=0,
    max_open_positions=0,
    max_order_notional=0,
    max_gross_exposure=0,
    max_quote_age_seconds=0,
    restricted=("AAPL",),
)

TROUBLES: dict[str, dict[str, Any]] = {
    "no trouble": {},
    "no quote": {"quotes": [], "atr": {}},
    "stale quote": {"quotes": [aged(timedelta(days=3))]},
    "quote from the future": {"quotes": [aged(timedelta(days=-3))]},
    "bid above ask": {"quotes": [quote(bid=Decimal(200))]},
    "no volatility": {"atr": {}},
    "no equity": {"equity": Decimal(0)},
    "negative equity": {"equity": Decimal(-1)},
    "no buying power": {"buying_power": Decimal(-1)},
    "an order without a price": {"orders": [order(symbol="IBM")]},
    "a contradiction elsewhere": {"positions": [position(), position("IBM", 1, market_value=-1)]},
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_when_entries_would_be_denied_for_any_reason_then_the_whole_position_can_still_be_sold(trouble: str) -> None:
    desk = situation(**{"positions": [position()], **TROUBLES[trouble]})
    assert terms_of(clear(exit_(), desk, NOTHING_ALLOWED)) == OrderTerms(
        client_order_id="AAPL-sell",
        symbol="AAPL",
        side=Side.SELL,
        qty=Decimal(10),
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
    )


@pytest.mark.parametrize(("ruling", "keep"), [(Ruling.VETO, 0), (Ruling.SHRINK, 10), (Ruling.APPROVE, 100)])
def test_when_the_risk_manager_speaks_against_an_exit_then_all_of_it_is_sold_all_the_same(
    ruling: Ruling, keep: int
) -> None:
    desk = situation(positions=[position()])
    assert terms_of(clear(exit_(advice=advised(ruling, keep)), desk, limits())).qty == 10


@pytest.mark.parametrize("count", [5, 500])
def test_when_every_place_for_positions_is_taken_then_one_can_be_sold(count: int) -> None:
    held = [position(), *(position(f"O{number}", 1) for number in range(count - 1))]
    terms_of(clear(exit_(), situation(positions=held), limits(max_open_positions=5)))


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ({"is_open": False}, Code.MARKET_OPEN),
        ({"trading_blocked": True}, Code.ACCOUNT_ACTIVE),
        ({"status": "ACCOUNT_CLOSED"}, Code.ACCOUNT_ACTIVE),
    ],
    ids=["market closed", "account blocked", "account not active"],
)
def test_when_the_broker_could_not_trade_then_the_exit_is_denied(account: dict[str, Any], code: Code) -> None:
    assert breaches_of(clear(exit_(), situation(positions=[position()], **account), limits())) == {code}


@pytest.mark.parametrize("held", [[], [position(qty=-10)], [position("IBM", 10)]], ids=["nothing", "short", "other"])
def test_when_the_symbol_is_not_held_then_there_is_no_short_sale(held: list[Any]) -> None:
    denied = clear(exit_(), situation(positions=held), limits())
    assert breaches_of(denied) == {Code.NO_SHORT_SELLING}
    assert said(denied.verdict, Code.NO_SHORT_SELLING) == ("1", "0", False)


@pytest.mark.parametrize(("held", "ceiling", "sold"), [(10, 4, 4), (10, 10, 10), (4, 10, 4), ("0.5", None, "0.5")])
def test_when_less_is_held_or_was_cleared_before_then_the_less_is_sold(held: Any, ceiling: Any, sold: Any) -> None:
    decision = clear(exit_(ceiling=ceiling), situation(positions=[position(qty=held)]), limits())
    assert terms_of(decision).qty == Decimal(sold)
    assert said(decision.verdict, Code.NO_SHORT_SELLING) == (str(sold), str(held), True)


def test_when_a_protective_stop_holds_the_shares_then_they_can_be_sold() -> None:
    desk = situation(positions=[position()], orders=[protective_stop()])
    assert terms_of(clear(exit_(), desk, limits())).qty == 10


@pytest.mark.parametrize(("selling", "left"), [(3, 7), (9, 1)])
def test_when_an_earlier_exit_still_works_then_only_the_rest_is_sold(selling: int, left: int) -> None:
    desk = situation(positions=[position()], orders=[order(Side.SELL, qty=selling + 2, filled_qty=2)])
    assert terms_of(clear(exit_(), desk, limits())).qty == left


@pytest.mark.parametrize("selling", [10, 11])
def test_when_earlier_exits_sell_all_that_is_held_then_it_is_not_sold_twice(selling: int) -> None:
    desk = situation(positions=[position()], orders=[order(Side.SELL, qty=selling)])
    denied = clear(exit_(), desk, limits())
    assert breaches_of(denied) == {Code.NO_SHORT_SELLING}


@pytest.mark.parametrize(
    "working", [order(Side.BUY, "IBM"), order(Side.SELL, "IBM"), order(Side.SELL, status="filled")]
)
def test_when_other_orders_work_then_they_do_not_shrink_an_exit(working: Any) -> None:
    desk = situation(positions=[position(), position("IBM")], orders=[working])
    assert terms_of(clear(exit_(), desk, limits())).qty == 10
