"""A, validity: at the limit passes, a moment or a cent beyond is denied; what the broker does not trade is not sent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from perun.tools.risk.breaches import Code
from perun.tools.risk.gate import Cleared, Protection, clear
from support.gate import (
    NOW,
    asset,
    breaches_of,
    entry,
    exit_,
    limits,
    position,
    quote,
    said,
    situation,
    terms_of,
)

MICROSECOND = timedelta(microseconds=1)
HELD = [position()]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "inactive"}, "inactive us_equity, tradable"),
        ({"tradable": False}, "active us_equity, not tradable"),
        ({"asset_class": "crypto"}, "active crypto, tradable"),
    ],
)
@pytest.mark.parametrize("asked", [entry(), exit_()], ids=["entry", "exit"])
def test_when_the_broker_does_not_trade_the_symbol_as_a_stock_then_nothing_is_cleared(
    asked: Any, changes: dict[str, Any], told: str
) -> None:
    denied = clear(asked, situation(positions=HELD, facts={"assets": {"AAPL": asset(**changes)}}), limits())
    assert breaches_of(denied) == {Code.TRADABLE_ASSET}
    assert said(denied.verdict, Code.TRADABLE_ASSET) == (told, "active us_equity, tradable", False)


def test_when_the_broker_lists_nothing_then_an_entry_is_denied_and_an_exit_is_cleared() -> None:
    desk = situation(positions=HELD, facts={"assets": {"IBM": asset("IBM")}})
    assert breaches_of(clear(entry(), desk, limits())) == {Code.MISSING_ASSET}
    terms_of(clear(exit_(), desk, limits()))


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=600)])
def test_when_a_decision_is_as_old_as_allowed_then_it_passes(age: timedelta) -> None:
    terms_of(clear(entry(decided_at=NOW - age), situation(), limits(decision_ttl_seconds=600)))


@pytest.mark.parametrize(
    ("age", "measured", "allowed"),
    [(timedelta(seconds=600) + MICROSECOND, "600.000001", "600"), (-MICROSECOND, "-0.000001", "0 to 600")],
    ids=["older", "from the future"],
)
def test_when_a_decision_is_a_moment_older_or_from_the_future_then_the_entry_is_denied_and_an_exit_is_not(
    age: timedelta, measured: str, allowed: str
) -> None:
    desk, lines = situation(positions=HELD), limits(decision_ttl_seconds=600)
    denied = clear(entry(decided_at=NOW - age), desk, lines)
    assert breaches_of(denied) == {Code.DECISION_EXPIRED}
    assert said(denied.verdict, Code.DECISION_EXPIRED) == (measured, allowed, False)
    terms_of(clear(exit_(decided_at=NOW - age), desk, lines))
    terms_of(clear(exit_(decided_at=None), desk, lines))


@pytest.mark.parametrize(("shares", "cleared"), [(4, True), (3, False)])
def test_when_an_order_comes_to_a_dollar_then_it_passes_and_less_is_denied(shares: int, cleared: bool) -> None:
    desk = situation(quotes=[quote(ask=Decimal("0.25"))], atr={"AAPL": Decimal("0.05")})
    decision = clear(entry(ceiling=shares), desk, limits())
    assert isinstance(decision, Cleared) == cleared
    told = f"{Decimal(shares) / 4:f}".rstrip("0").rstrip(".")
    assert said(decision.verdict, Code.MINIMUM_NOTIONAL) == (told, ">= 1", cleared)


@pytest.mark.parametrize("side", ["bid", "last"])
def test_when_the_stop_is_a_cent_below_the_nearest_price_then_it_passes_and_nearer_is_denied(side: str) -> None:
    lines = limits(price_collar=Decimal(10))
    terms_of(clear(entry(), situation(quotes=[quote(**{side: Decimal("95.01")})]), lines))
    denied = clear(entry(), situation(quotes=[quote(**{side: Decimal("95.009")})]), lines)
    assert breaches_of(denied) == {Code.PROTECTIVE_STOP}
    assert said(denied.verdict, Code.PROTECTIVE_STOP) == ("95.00", "above 0, at most 94.999", False)


@pytest.mark.parametrize(("held", "guarded"), [("10", "10"), ("10.9", "10"), ("1", "1")])
def test_when_shares_are_protected_then_the_stop_is_for_whole_ones_at_a_price_on_the_grid(
    held: str, guarded: str
) -> None:
    protection = Protection(symbol="AAPL", stop=Decimal("95.001"), client_order_id="stop")
    terms = terms_of(clear(protection, situation(positions=[position(qty=held)]), limits()))
    assert (terms.qty, terms.stop_price) == (Decimal(guarded), Decimal("95.01"))


@pytest.mark.parametrize(
    ("asked", "stop"), [("1", "1"), ("1.001", "1.01"), ("1.9", "1.9"), ("0.99991", "1"), ("0.12341", "0.1235")]
)
def test_when_a_stop_is_asked_for_then_it_stands_on_the_next_price_of_the_grid(asked: str, stop: str) -> None:
    protection = Protection(symbol="AAPL", stop=Decimal(asked), client_order_id="stop")
    terms = terms_of(clear(protection, situation(positions=HELD), limits()))
    assert terms.stop_price == Decimal(stop)


def test_when_less_than_a_share_has_no_stop_then_it_gets_none() -> None:
    protection = Protection(symbol="AAPL", stop=Decimal(95), client_order_id="stop")
    denied = clear(protection, situation(positions=[position(qty="0.9")]), limits())
    assert said(denied.verdict, Code.NO_SHORT_SELLING) == ("0.9", "a share that nothing else sells", False)
